"""All methods by name; a method's code is imported when it is asked for, so that names cost no JAX."""

import functools
import importlib
from typing import TYPE_CHECKING

from jaxunlearn.errors import InputError

if TYPE_CHECKING:
    from jaxunlearn.methods.base import Method
    from jaxunlearn.methods.settings import ConfigDict

METHODS: dict[str, str] = {
    "guide": "jaxunlearn.methods.guide.method:GuideMethod",
    "sugar": "jaxunlearn.methods.sugar.method:SugarMethod",
}
"""Name → module and class. To add a method, put it here."""

DEFAULT = "guide"
"""The method of a command that is told none."""

DEFAULT_SHARED = "sugar"
"""The same where all people must share one generator."""


@functools.cache
def _made(home: str) -> "Method":
    module, _, name = home.partition(":")
    return getattr(importlib.import_module(module), name)()


def named(name: str) -> "Method":
    """A method by its name.

    Raises:
      InputError: if there is none.
    """
    if name not in METHODS:
        raise InputError(f"config.method is {name!r}; choose from {', '.join(METHODS)}")
    return _made(METHODS[name])


def method_of(config: "ConfigDict") -> "Method":
    """The method that a config is of.

    Raises:
      InputError: if there is no such method.
    """
    return named(str(config.get("method")))


def preset(name: str, people: int = 1) -> "ConfigDict":
    """Settings by a name such as "guide/heads" or "sugar/paper".

    Args:
      name: method and preset.
      people: who are forgotten.

    Raises:
      InputError: if there is none of that name.
    """
    method, _, which = name.partition("/")
    if method not in METHODS or which not in named(method).presets:
        raise InputError(f"no preset {name!r}; there are {', '.join(preset_names())}")
    return named(method).presets[which](people)


def preset_names() -> list[str]:
    """All names that `preset` takes."""
    return [f"{name}/{which}" for name in METHODS for which in named(name).presets]
