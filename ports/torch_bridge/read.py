"""Read a checkpoint of any supported format, recognised by its content."""

import dataclasses
import mmap
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from torch_bridge.errors import CheckpointError, RefusedGlobalError, naming_file
from torch_bridge.npy import NPY_MAGIC, read_npy
from torch_bridge.safetensors_file import read_safetensors
from torch_bridge.torch_formats import ZIP_MAGIC, read_pickle, read_zip

PICKLE_MAGIC = 0x80
"""First byte of a pickle of protocol 2 or later."""

Format = Literal["torch zip", "torch legacy", "pickle", "safetensors", "npy"]


@dataclasses.dataclass(frozen=True)
class CheckpointFile:
    """A file that was read.

    Attributes:
      path: where it lies.
      format: how it was written.
      tree: what it holds: dicts, lists, tuples, numbers, strings, and the inert records of `records`.
      metadata: the header of a safetensors file; empty for other formats.
    """

    path: Path
    format: Format
    tree: Any
    metadata: dict[str, str]


def read_file(path: str | PathLike[str]) -> CheckpointFile:
    """Read a PyTorch file (zip or legacy), a network pickle of NVIDIA's code base, safetensors or npy.

    No code from the file is run, and none is imported because of it; PyTorch is not needed.

    Raises:
      CheckpointError: in one line that names the file and the cause, if it cannot be read or is refused.
    """
    path = Path(path)
    with naming_file(path):
        if path.is_dir():
            raise CheckpointError("is a folder, not a checkpoint file")
        try:
            size = path.stat().st_size
            if size == 0:
                raise CheckpointError("is empty")
            return _read(path, size)
        except FileNotFoundError:
            raise CheckpointError("no such file") from None
        except OSError as error:
            raise CheckpointError(f"cannot be read ({error.strerror})") from error
        except MemoryError:
            raise CheckpointError("needs more memory than this machine has") from None


def _read(path: Path, size: int) -> CheckpointFile:
    with path.open("rb") as file:
        start = file.read(9)
        if start.startswith(ZIP_MAGIC):
            return CheckpointFile(path, "torch zip", read_zip(file), {})
        if start.startswith(NPY_MAGIC):
            file.seek(0)
            return CheckpointFile(path, "npy", read_npy(file), {})
        if start[8:] == b"{" and int.from_bytes(start[:8], "little") <= size - 8:
            arrays, metadata = read_safetensors(path)
            return CheckpointFile(path, "safetensors", arrays, metadata)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as source:
            try:
                legacy, tree = read_pickle(source)
            except RefusedGlobalError:
                raise
            except CheckpointError as error:
                if start[0] == PICKLE_MAGIC:
                    raise
                raise CheckpointError(
                    "is not a checkpoint (neither a PyTorch file, a network pickle, safetensors nor npy)"
                ) from error
    return CheckpointFile(path, "torch legacy" if legacy else "pickle", tree, {})
