"""Check that parsed JSON or TOML has the form that its reader expects.

    class Request(TypedDict):
        name: str
        subjects: list[str]
        note: NotRequired[str | None]

    request = check_form(read_json(path), Request, path)

Forms are types: `str`, `int`, `float` (whole numbers too), `bool`, `None`, `Any`, `list[X]`, `dict[str, X]`,
`Literal[...]`, `X | Y`, and `TypedDict`, which allows more keys than it names.
"""

import types
from collections.abc import Iterator
from os import PathLike, fspath
from typing import Any, Literal, NotRequired, Required, TypeVar, Union, get_args, get_origin, is_typeddict
from typing import get_type_hints as hints_of

from jaxunlearn.errors import InputError, printable

Form = TypeVar("Form")

_NAMES = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    types.NoneType: "null",
    dict: "an object",
    list: "a list",
}
_TOO_LARGE = 2**63
"""Whole numbers from here on are refused: they do not fit into an array."""


def check_form(value: Any, form: type[Form], name: str | PathLike[str]) -> Form:
    """Return `value` if it has the form.

    Args:
      value: the parsed value.
      form: the expected form, see the module's text.
      name: its name in errors, usually that of its file.

    Raises:
      InputError: naming the first field with another form.
    """
    problem = next(_problems(value, form, ""), None)
    if problem is not None:
        raise InputError(f"{fspath(name)}: {problem}")
    return value


def _problems(value: Any, form: Any, where: str) -> Iterator[str]:
    origin, arguments = get_origin(form), get_args(form)
    if origin in (Required, NotRequired):
        yield from _problems(value, arguments[0], where)
    elif origin in (Union, types.UnionType):
        if all(any(True for _ in _problems(value, choice, where)) for choice in arguments):
            yield _mismatch(value, form, where)
    elif origin is Literal:
        if not any(type(value) is type(choice) and value == choice for choice in arguments):
            yield _mismatch(value, form, where)
    elif is_typeddict(form):
        yield from _problems_of_object(value, form, where)
    elif origin is list:
        if not isinstance(value, list):
            yield _mismatch(value, form, where)
        else:
            for number, member in enumerate(value):
                yield from _problems(member, arguments[0], f"{where}[{number}]")
    elif origin is dict:
        if not isinstance(value, dict):
            yield _mismatch(value, form, where)
        else:
            for key, member in value.items():
                yield from _problems(member, arguments[1], _inside(where, key))
    elif form is not Any and not _is(value, form):
        yield _mismatch(value, form, where)


def _problems_of_object(value: Any, form: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _mismatch(value, form, where)
        return
    hints = hints_of(form)  # without Required and NotRequired, also where annotations are strings
    for key in form.__required_keys__:
        if key not in value:
            yield f"{_inside(where, key)} is missing"
    for key, expected in hints.items():
        if key in value:
            yield from _problems(value[key], expected, _inside(where, key))


def _is(value: Any, form: type) -> bool:
    if form in (None, types.NoneType):
        return value is None
    if isinstance(value, bool):
        return form is bool
    if isinstance(value, int) and abs(value) >= _TOO_LARGE:
        return False
    return isinstance(value, int | float) if form is float else isinstance(value, form)


def _inside(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _mismatch(value: Any, form: Any, where: str) -> str:
    return f"{where or 'its content'} must be {_described(form)}, not {printable(value)}"


def _described(form: Any) -> str:
    origin, arguments = get_origin(form), get_args(form)
    if origin in (Union, types.UnionType):
        return " or ".join(_described(choice) for choice in arguments)
    if origin is Literal:
        return " or ".join(map(repr, arguments))
    if is_typeddict(form):
        return _NAMES[dict]
    return _NAMES[origin or form]
