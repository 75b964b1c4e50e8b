"""Write a file completely or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch_bridge.errors import CheckpointError


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends without an exception.

    Raises:
      CheckpointError: if the folder of `path` does not exist or may not be written, or `path` is a folder.
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
        temporary.chmod(0o666 & ~mask)  # mkstemp allows the owner only
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
