"""Settings of a network that come from a file, checked before anything is built from them."""

import dataclasses
import json
import math
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from torch_bridge.errors import CheckpointError, printable

Settings = TypeVar("Settings")
Limits = Mapping[str, tuple[int, int]]
"""Name of a field → the least and the greatest whole number that it may be."""


def refuse_unusable(settings: Any, limits: Limits) -> None:
    """Refuse fields of a dataclass that are not of their declared types, or beyond their limits.

    Args:
      settings: an instance of a dataclass whose fields are whole numbers, finite numbers, truth values,
        literals, other dataclasses, or tuples and optional values of these.
      limits: for each field of whole numbers.

    Raises:
      ValueError: naming every such field.
    """
    problems = [
        f"{field.name} must be {wanted}, not {_shown(value)}"
        for field in dataclasses.fields(settings)
        for value in [getattr(settings, field.name)]
        for wanted in _wanted(value, field.type, limits.get(field.name))
    ]
    if problems:
        raise ValueError("; ".join(problems))


def config_of_header(header: Mapping[str, str], make: Callable[[dict[str, Any]], Settings]) -> Settings:
    """The settings that a safetensors header holds as JSON under "config".

    Args:
      header: texts stored beside the arrays.
      make: builds the settings from an object whose lists became tuples; raises `ValueError` or `TypeError`
        where it cannot.

    Raises:
      CheckpointError: if there are none, or they cannot be used; does not name the file.
    """
    if "config" not in header:
        raise CheckpointError("its header has no config")
    try:
        content = json.loads(header["config"])
        if not isinstance(content, dict):
            raise TypeError(f"an object is expected, not a {type(content).__name__}")
        return make(with_tuples(content))
    except RecursionError:
        raise CheckpointError("the config in its header is nested too deep") from None
    except (ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(
            f"the config in its header cannot be used ({printable(reason, 300)})"
        ) from error


def with_tuples(content: Mapping[str, Any]) -> dict[str, Any]:
    """The same with tuples in place of lists, as settings hold them."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}


def _wanted(value: Any, declared: Any, limits: tuple[int, int] | None) -> Iterator[str]:
    """What a field must be, if it is something else."""
    origin, arguments = get_origin(declared), get_args(declared)
    if origin in (Union, types.UnionType):
        choices = [list(_wanted(value, one, limits)) for one in arguments]
        if all(choices):
            yield " or ".join(choice[0] for choice in choices)
    elif origin is Literal:
        if not any(type(value) is type(one) and value == one for one in arguments):
            yield f"one of {', '.join(map(str, arguments))}"
    elif origin is tuple:
        free = arguments[-1] is Ellipsis
        if not isinstance(value, tuple) or not (free or len(value) == len(arguments)):
            yield "a list" if free else f"a list of {len(arguments)}"
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
        assert limits is not None, "every whole number has limits"
        if type(value) is not int or not limits[0] <= value <= limits[1]:
            yield f"a whole number from {limits[0]} to {limits[1]}"
    elif declared is float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            yield "a finite number"
    elif not isinstance(value, declared):
        yield f"a {declared.__name__}"


def _shown(value: Any) -> str:
    return printable(str(value) if isinstance(value, bool | int | float | str) else value, 40)
