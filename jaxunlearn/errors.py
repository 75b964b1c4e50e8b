"""Errors that the user can mend, and help for their messages."""

from numbers import Integral


class InputError(ValueError):
    """An argument or a file cannot be used. The message is one line: what is wrong, where, and what to do."""


class Interrupted(Exception):
    """A run was stopped. The message says how to resume it, or that it had no folder to save its state in."""


class DoesNotFit(Exception):
    """A program needs more memory than the device has. The message says how much, and what to try."""


def check_whole(name: str, number: object, least: int) -> None:
    """Refuse an argument that is no whole number, or too small.

    Raises:
      InputError: naming the argument.
    """
    if isinstance(number, bool) or not isinstance(number, Integral) or number < least:
        raise InputError(f"{name} must be a whole number of at least {least}, not {number!r}")


def install(extra: str) -> str:
    """Return how to install what an extra of `setup.cfg` needs; no index of packages has jaxunlearn."""
    return f"pip install '.[{extra}]' in the checkout of jaxunlearn"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type's name if the message is empty."""
    return (str(error) or type(error).__name__).splitlines()[0]


def shortened(text: str, most: int = 80) -> str:
    """Return a text for a message, cut to `most` characters; an ellipsis marks the cut."""
    return text if len(text) <= most else f"{text[:most]}…"


def printable(value: object) -> str:
    """Return a value for a message, in one line that is cut to length."""
    try:
        text = " ".join(repr(value).splitlines())
    except ValueError:  # repr of a whole number, or of a list with one
        text = "a number of thousands of digits"
    return shortened(text)
