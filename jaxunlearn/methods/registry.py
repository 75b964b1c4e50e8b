"""All methods by name. A method is imported when it is first used, so that its name costs no JAX."""

import functools
import importlib
from typing import TYPE_CHECKING

from jaxunlearn.errors import InputError, printable

if TYPE_CHECKING:
    from jaxunlearn.methods.base import Method
    from jaxunlearn.methods.settings import ConfigDict

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


@functools.cache
def _imported(place: str) -> "Method":
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)()


def named(name: str) -> "Method":
    """Return a method by its name.

    Raises:
      InputError: if there is no method of that name.
    """
    if name not in METHODS:
        raise InputError(f"config.method is {printable(name)}; choose from {', '.join(METHODS)}")
    return _imported(METHODS[name])


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
