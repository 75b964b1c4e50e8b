"""Settings declared once: a frozen dataclass whose fields carry default, range and one sentence each.

Checks, the table in the docs, and which settings a run may resume with are derived from the declaration. A
config is a `ml_collections.ConfigDict` with the same fields.
"""

import dataclasses
import difflib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import ml_collections

from jaxunlearn.errors import InputError, printable
from jaxunlearn.files.door import local_path

ConfigDict = Any
"""A `ml_collections.ConfigDict`, whose annotations deny that settings have settings of their own."""


class Setting(NamedTuple):
    """A declared setting.

    Attributes:
      default: its value in the method's paper; its type is the setting's.
      help: one sentence.
      choices: all values, where it is a word.
      least, most: limits of a number, both allowed, far above what anybody needs.
      file: True if it is the name of a file on this machine; it may be empty.
      may_change: True if a run may resume with another value; no step depends on it.
    """

    default: Any
    help: str
    choices: tuple[str, ...] = ()
    least: float = -math.inf
    most: float = math.inf
    may_change: bool = False
    file: bool = False


def setting(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    least: float = -math.inf,
    most: float = math.inf,
    may_change: bool = False,
    file: bool = False,
) -> Any:
    """Declare a setting as a field of a dataclass; see `Setting`.

    Raises:
      TypeError: for a default that is neither True or False, a number nor a text. Nothing would check its
        values, and JSON would return a tuple as a list, so that no run with it could resume.
    """
    if not isinstance(default, bool | int | float | str):
        raise TypeError(f"a setting is True or False, a number or a text, not {printable(default)}")
    about = Setting(default, help, choices, least, most, may_change, file)
    return dataclasses.field(default=default, metadata={"setting": about})


def section(declaration: type) -> Any:
    """Declare a section, a field whose settings are declared by another dataclass."""
    return dataclasses.field(default_factory=declaration)


def declared(declaration: type, prefix: str = "") -> dict[str, Setting]:
    """Return dotted name → setting, in the order of the declaration."""
    settings: dict[str, Setting] = {}
    for field in dataclasses.fields(declaration):
        if "setting" in field.metadata:
            settings[prefix + field.name] = field.metadata["setting"]
        else:
            assert isinstance(field.default_factory, type), f"{field.name} is neither setting nor section"
            settings |= declared(field.default_factory, f"{prefix}{field.name}.")
    return settings


def default_config(declaration: type) -> ConfigDict:
    """Return a config with the default of every setting."""
    return ml_collections.ConfigDict(dataclasses.asdict(declaration()))


def completed(config: ConfigDict, declaration: type) -> ConfigDict:
    """Return a config with the declared default of each setting that it lacks.

    A run that began before there was a setting went as the setting's default has it.
    """
    whole = ml_collections.ConfigDict(config)
    for field in dataclasses.fields(declaration):
        if "setting" in field.metadata:
            if field.name not in whole:
                whole[field.name] = field.default
            continue
        assert isinstance(field.default_factory, type)
        section = whole.get(field.name, ml_collections.ConfigDict())
        if hasattr(section, "items"):  # else the file is damaged, and `check_declared` says so
            whole[field.name] = completed(section, field.default_factory)
    return whole


def flat(config: ConfigDict) -> dict[str, Any]:
    """Return dotted name → value."""

    def items(node: ConfigDict, prefix: str) -> Iterator[tuple[str, Any]]:
        for name, value in node.items():
            if hasattr(value, "items"):
                yield from items(value, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", value

    return dict(items(config, ""))


def check_declared(config: ConfigDict, declaration: type) -> None:
    """Refuse a config with missing or unknown settings, or with a value out of range.

    Raises:
      InputError: naming the setting.
    """
    values, known = flat(config), declared(declaration)
    for name in sorted(known.keys() - values.keys()):
        raise InputError(f"config.{name} is missing; start from a preset of the method, and change that")
    for name in sorted(values.keys() - known.keys()):
        raise InputError(f"unknown setting config.{name}{did_you_mean(name, known)}")
    for name, about in known.items():
        _check_value(f"config.{name}", values[name], about)


def did_you_mean(name: str, known: Iterable[str], prefix: str = "config.") -> str:
    """Return a hint at the most similar of the known names, by default of settings; empty without one."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {prefix}{near[0]}?)" if near else ""


def _check_value(name: str, value: Any, about: Setting) -> None:
    if about.choices:
        if value not in about.choices:
            raise InputError(f"{name} is {printable(value)}; choose from {', '.join(about.choices)}")
    elif isinstance(about.default, bool):
        if not isinstance(value, bool):
            raise InputError(f"{name} must be True or False, not {printable(value)}")
    elif isinstance(about.default, int | float):
        kinds = int if isinstance(about.default, int) else int | float
        number = isinstance(value, kinds) and not isinstance(value, bool)
        if not number or not about.least <= value <= about.most:  # NaN is not within
            raise InputError(f"{name} must be {_range(about)}, not {printable(value)}")
    elif about.file:
        if not isinstance(value, str):
            raise InputError(f"{name} must be the name of a file or empty, not {printable(value)}")
        local_path(value)


def _range(about: Setting) -> str:
    whole = "whole " if isinstance(about.default, int) else ""
    return f"a {whole}number from {about.least:.10g} to {about.most:.10g}"


def changed(before: ConfigDict, now: ConfigDict, declaration: type, fixed: Iterable[str] = ()) -> list[str]:
    """Return names of settings that a run may not change, but which differ between two configs.

    Args:
      before: the config that the run began with.
      now: the config asked for.
      declaration: the method's dataclass.
      fixed: names that may not change in this run, whatever the declaration says.
    """
    old, new, known, kept = flat(before), flat(now), declared(declaration), set(fixed)
    return sorted(
        name
        for name in old.keys() | new.keys()
        if old.get(name) != new.get(name)
        and (name in kept or name not in known or not known[name].may_change)
    )


def table(declarations: Mapping[str, type]) -> str:
    """Return a markdown table with a row for each setting of some methods.

    Args:
      declarations: name of a method → its declaration.
    """
    rows: dict[str, dict[str, Setting]] = {}
    for method, declaration in declarations.items():
        for name, about in declared(declaration).items():
            rows.setdefault(name, {})[method] = about
    lines = ["| `config.` | What it is |", "| --- | --- |"]
    for name, by_method in rows.items():
        only = "" if len(by_method) == len(declarations) else f" ({', '.join(by_method)})"
        help = _cell(by_method, lambda about: about.help) + only
        lines.append(f"| `{name}` | {help}<br>{_cell(by_method, _allowed)} |")
    return "\n".join(lines) + "\n"


def _cell(by_method: Mapping[str, Setting], text: Callable[[Setting], str]) -> str:
    """Return what `text` says of a setting: once if it is the same for all methods, else a line for each."""
    methods: dict[str, list[str]] = {}
    for method, about in by_method.items():
        methods.setdefault(text(about), []).append(method)
    if len(methods) == 1:
        return next(iter(methods))
    return "<br>".join(f"{', '.join(names)}: {said}" for said, names in methods.items())


def _allowed(about: Setting) -> str:
    """Return the default of a setting, the values that it may have, and whether it may change on resume."""
    parts = [f"Default `{about.default!r}`", _values(about), "may change" if about.may_change else ""]
    return f"{'; '.join(filter(None, parts))}."


def _values(about: Setting) -> str:
    """Return the values that a setting may have; empty for names of files and for True or False."""
    if about.choices:
        choices = ", ".join(f"`{choice}`" for choice in about.choices)
        return f"one of {choices}" if len(about.choices) > 1 else choices
    number = isinstance(about.default, int | float) and not isinstance(about.default, bool)
    return _range(about) if number else ""
