"""Open files from outside, only regular files: opening a pipe could wait, and reading a device can act."""

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
    """Open a regular file, or a link to one, for reading.

    Raises:
      CheckpointError: if there is no such file, it may not be read, or it is a folder, a pipe, a socket or a
        device. The message does not name the file.
    """
    try:
        refuse_irregular(os.stat(path).st_mode)
        # The file may have been exchanged by now; with O_NONBLOCK, opening a pipe does not wait.
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
    except ValueError as error:  # the name has a zero byte
        raise CheckpointError("is not a valid file name") from error
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
    """Refuse everything but a regular file, by its `st_mode`.

    Raises:
      CheckpointError: if it is not a regular file; the message says what it is.
    """
    for is_of_kind, message in _KINDS:
        if is_of_kind(mode):
            raise CheckpointError(message)
