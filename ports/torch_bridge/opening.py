"""Open files from outside: only regular ones, so that no file is waited for and no device is touched."""

import os
import stat
from io import BufferedReader
from os import PathLike

from torch_bridge.errors import CheckpointError

_KINDS = (
    (stat.S_ISDIR, "is a folder, not a file"),
    (stat.S_ISFIFO, "is a pipe, not a file"),
    (stat.S_ISSOCK, "is a socket, not a file"),
    (stat.S_ISCHR, "is a device, not a file"),
    (stat.S_ISBLK, "is a device, not a file"),
)


def open_regular(path: str | PathLike[str]) -> BufferedReader:
    """A regular file, or a link to one, opened for reading.

    Raises:
      CheckpointError: if there is no such file, it may not be read, or it is a folder, a pipe, a socket or a
        device; the message does not name the file.
    """
    try:
        refuse_irregular(os.stat(path).st_mode)
        # The file may have been exchanged since: opening a pipe must not wait for its other end.
        descriptor = os.open(
            path,
            os.O_RDONLY
            | getattr(os, "O_NONBLOCK", 0)
            | getattr(os, "O_BINARY", 0)
            | getattr(os, "O_CLOEXEC", 0),
        )
    except FileNotFoundError:
        raise CheckpointError("no such file") from None
    except CheckpointError:
        raise
    except ValueError as error:  # a zero byte in the name
        raise CheckpointError("is not the name of a file") from error
    except OSError as error:
        raise CheckpointError(f"cannot be read ({error.strerror})") from error
    file = os.fdopen(descriptor, "rb")
    try:
        refuse_irregular(os.fstat(descriptor).st_mode)
    except CheckpointError:
        file.close()
        raise
    return file


def refuse_irregular(mode: int) -> None:
    """Refuse what is not a regular file, given its `st_mode`.

    Raises:
      CheckpointError: saying what it is.
    """
    for is_of_kind, what in _KINDS:
        if is_of_kind(mode):
            raise CheckpointError(what)
