"""All methods by name. A method is imported when it is first used, so that its name costs no JAX."""

import importlib
from typing import TYPE_CHECKING

from jaxunlearn.errors import InputError, printable

if TYPE_CHECKING:
    from jaxunlearn.methods.base import Method
    from jaxunlearn.methods.config.declaration import ConfigDict

METHODS: dict[str, str] = {
    "guide": "jaxunlearn.methods.guide.method:GuideMethod",
    "sugar": "jaxunlearn.methods.sugar.method:SugarMethod",
    "legato": "jaxunlearn.methods.legato.method:LegatoMethod",
}
"""Name → module and class. To add a method, add it here."""

DEFAULT = "guide"
"""The method of a command without --method and --config."""

DEFAULT_SHARED = "sugar"
"""The default method where all people must share one generator."""


def named(name: str) -> "Method":
    """Return a method by its name.

    Its class is looked up anew each time: in a notebook it may have been edited.

    Raises:
      InputError: if there is no method of that name, or its line in `METHODS` is wrong.
    """
    if name not in METHODS:
        raise InputError(f"config.method is {printable(name)}; choose from {', '.join(METHODS)}")
    method = _class_at(METHODS[name], f"METHODS[{name!r}]")()
    if (own := getattr(method, "name", None)) != name:
        raise InputError(
            f"METHODS[{name!r}] is {METHODS[name]!r}, whose name is {own!r}; give both the same name"
        )
    return method


def _class_at(place: str, line: str) -> "type[Method]":
    """Return the class at "module:Class".

    Args:
      place: module and class.
      line: where it is written, for the error.

    Raises:
      InputError: if there is no such module, or no such class in it.
    """
    name, _, of_class = place.partition(":")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not error.name or not f"{name}.".startswith(f"{error.name}."):
            raise  # the module is there, and imports one that is not
        raise InputError(f"{line} is {place!r}, but there is no module {error.name!r}") from error
    found = getattr(module, of_class, None)
    if not isinstance(found, type):
        raise InputError(f"{line} is {place!r}, but {name} has no class {of_class!r}")
    return found


def method_of(config: "ConfigDict") -> "Method":
    """Return the method of a config.

    Raises:
      InputError: if there is no such method.
    """
    return named(str(config.get("method")))


def preset(name: str, people: int = 1) -> "ConfigDict":
    """Return settings by a name such as "guide/heads" or "sugar/paper".

    Args:
      name: method and preset.
      people: number of people to forget.

    Raises:
      InputError: if there is no preset of that name, or for fewer than one person.
    """
    method, _, which = name.partition("/")
    if method not in METHODS or which not in named(method).presets:
        raise InputError(f"no preset {printable(name)}; choose from {', '.join(preset_names())}")
    return named(method).settings_of(which, people)


def preset_names() -> list[str]:
    """Return all names that `preset` takes."""
    return [f"{name}/{which}" for name in METHODS for which in named(name).presets]
