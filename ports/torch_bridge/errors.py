"""The exceptions of reading and writing checkpoints."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath


class CheckpointError(ValueError):
    """A file cannot be used as a checkpoint. The message is one line with the file and the cause."""


class RefusedGlobalError(CheckpointError):
    """A pickle names a class or function that no checkpoint needs; it may be an attack."""


@contextmanager
def naming_file(path: str | PathLike[str]) -> Iterator[None]:
    """Put the file's name in front of the message of every `CheckpointError` raised in the block."""
    try:
        yield
    except CheckpointError as error:
        raise type(error)(f"{fspath(path)}: {error}") from error


def printable(value: object, limit: int = 80) -> str:
    """Return a value from an untrusted file for a message: escaped, on one line, at most `limit` characters.

    Of a value that is not text, only the type is given, since it may be nested without end.
    """
    text = value if isinstance(value, str) else type(value).__name__
    escaped = text.encode("unicode_escape").decode("ascii")
    return escaped if len(escaped) <= limit else escaped[:limit] + "…"
