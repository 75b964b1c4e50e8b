"""Write a file completely or not at all."""

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from torch_bridge.errors import CheckpointError

_LEFTOVER = re.compile(r"\.(?P<name>.+)\.[a-z0-9_]{8}\.tmp")
"""Names of the temporary files that `tempfile.mkstemp` makes."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}
"""Errors of a full or broken disk; their `OSError` may have no file name, so a message must name the file."""


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary file that replaces `path` if the block ends without an exception.

    Raises:
      CheckpointError: if the folder of `path` does not exist or is not writable, `path` is a folder, or the
        disk is full.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise CheckpointError(f"{target}: cannot be written, the folder {target.parent} does not exist")
    if target.is_dir():
        raise CheckpointError(f"{target}: cannot be written, it is a folder")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    except OSError as error:
        raise CheckpointError(f"{target}: cannot be written ({error.strerror})") from error
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)  # mkstemp gives rights to the owner only
        with temporary.open("rb+") as file:  # Windows can only flush files that are open for writing
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise CheckpointError(f"{target}: cannot be written ({error.strerror})") from error
    except SafetensorError as error:  # the library gives the number of the error only in its text
        number = re.search(r"\(os error (\d+)\)", str(error))
        if number is None or int(number[1]) not in _NO_ROOM:
            raise
        raise CheckpointError(f"{target}: cannot be written ({os.strerror(int(number[1]))})") from error
    finally:
        temporary.unlink(missing_ok=True)


def leftover_of(name: str) -> str | None:
    """Return the name of the file for a temporary file of `replacing`; None for other names."""
    match = _LEFTOVER.fullmatch(name)
    return None if match is None else match["name"]


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of a killed process from a folder and the folders in it.

    Call it only if no other process is writing there: its files would be removed, too.
    """
    for path in folder.rglob(".*.tmp"):
        if leftover_of(path.name) is not None and path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)
