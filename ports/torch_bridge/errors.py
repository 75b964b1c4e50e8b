"""The one exception that reading and writing checkpoints raises."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath


class CheckpointError(ValueError):
    """A file cannot be used as a checkpoint; the message is one line that names the file and the cause."""


class RefusedGlobalError(CheckpointError):
    """A pickle names a class or function that no checkpoint needs: it may be an attack."""


@contextmanager
def naming_file(path: str | PathLike[str]) -> Iterator[None]:
    """Put the name of the file in front of the message of every `CheckpointError` raised inside."""
    try:
        yield
    except CheckpointError as error:
        raise type(error)(f"{fspath(path)}: {error}") from error


def printable(value: object, limit: int = 80) -> str:
    """Something from an untrusted file, fit for one line of a message: escaped and cut to length.

    Only text is shown; of anything else, which may be nested without end, only the type.
    """
    text = value if isinstance(value, str) else type(value).__name__
    escaped = text.encode("unicode_escape").decode("ascii")
    return escaped if len(escaped) <= limit else escaped[:limit] + "…"
