"""Errors that are the user's to mend."""


class InputError(ValueError):
    """An argument or a file cannot be used; the message is one line that says what to do."""


class Interrupted(Exception):
    """A run was stopped from outside after saving its state; the message says how to go on."""


class DoesNotFit(Exception):
    """A program needs more memory than the device has; the message says how much, and what to try."""


def first_line(error: BaseException) -> str:
    """What an error says, for a message of one line."""
    return (str(error) or type(error).__name__).splitlines()[0]


def shortened(text: str, most: int = 80) -> str:
    """A text for a message, cut to `most` characters."""
    return text if len(text) <= most else f"{text[:most]}…"
