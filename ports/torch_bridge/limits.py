"""Check the config of a network from a file before anything is built from it."""

import dataclasses
import json
import math
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from torch_bridge.errors import CheckpointError, printable

Settings = TypeVar("Settings")
Limits = Mapping[str, tuple[int, int]]
"""Name of a field → its least and greatest allowed whole number."""


def refuse_unusable(settings: Any, limits: Limits) -> None:
    """Refuse fields of a dataclass with other types than declared, or beyond their limits.

    Args:
      settings: instance of a dataclass. Its fields are whole numbers, finite numbers, booleans, literals,
        other dataclasses, or tuples and optional values of these.
      limits: limits of every field of whole numbers.

    Raises:
      ValueError: if a field is invalid; the message names all such fields.
    """
    problems = [
        f"{field.name} must be {wanted}, not {_value_text(value)}"
        for field in dataclasses.fields(settings)
        for value in [getattr(settings, field.name)]
        for wanted in _wanted(value, field.type, limits.get(field.name))
    ]
    if problems:
        raise ValueError("; ".join(problems))


def config_of_header(header: Mapping[str, str], make: Callable[[dict[str, Any]], Settings]) -> Settings:
    """Read the settings in a safetensors header, stored as JSON under "config".

    Args:
      header: texts of the header.
      make: builds the settings from an object with tuples instead of lists; may raise `ValueError` or
        `TypeError`.

    Raises:
      CheckpointError: if the header has no config, or an invalid one; the message does not name the file.
    """
    if "config" not in header:
        raise CheckpointError("its header has no config")
    try:
        content = json.loads(header["config"])
        if not isinstance(content, dict):
            raise TypeError(f"expected an object, not a {type(content).__name__}")
        return make(with_tuples(content))
    except RecursionError:
        raise CheckpointError("the config in its header is nested too deeply") from None
    except (ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(
            f"the config in its header cannot be used ({printable(reason, 300)})"
        ) from error


def with_tuples(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same mapping with tuples instead of lists, for the fields of settings."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}


def _wanted(value: Any, declared: Any, limits: tuple[int, int] | None) -> Iterator[str]:
    """Yield a description of the valid values if a value is invalid; yield nothing if it is valid."""
    origin, arguments = get_origin(declared), get_args(declared)
    if origin in (Union, types.UnionType):
        choices = [list(_wanted(value, argument, limits)) for argument in arguments]
        if all(choices):
            yield " or ".join(choice[0] for choice in choices)
    elif origin is Literal:
        if not any(type(value) is type(argument) and value == argument for argument in arguments):
            yield f"one of {', '.join(map(str, arguments))}"
    elif origin is tuple:
        any_length = arguments[-1] is Ellipsis
        if not isinstance(value, tuple) or not (any_length or len(value) == len(arguments)):
            yield "a list" if any_length else f"a list of {len(arguments)}"
            return
        for member in value:
            yield from _wanted(member, arguments[0], limits)
    elif declared in (None, types.NoneType):
        if value is not None:
            yield "null"
    elif declared is bool:
        if not isinstance(value, bool):
            yield "true or false"
    elif declared is int:
        assert limits is not None, "every field of whole numbers needs limits"
        if type(value) is not int or not limits[0] <= value <= limits[1]:
            yield f"a whole number from {limits[0]} to {limits[1]}"
    elif declared is float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            yield "a finite number"
    elif not isinstance(value, declared):
        yield f"a {declared.__name__}"


def _value_text(value: Any) -> str:
    return printable(str(value) if isinstance(value, bool | int | float | str) else value, 40)
