"""Read a checkpoint of any supported format; the format is recognised by content."""

import dataclasses
import io
import mmap
import os
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, Literal

from torch_bridge.errors import CheckpointError, RefusedGlobalError, naming_file
from torch_bridge.numpy_records import ArrayRecord
from torch_bridge.opening import open_regular
from torch_bridge.safetensors_file import read_safetensors
from torch_bridge.sharded_safetensors import is_index, read_shards, refuse_shard
from torch_bridge.torch_formats import ZIP_MAGIC, read_pickle, read_zip

PICKLE_MAGIC = 0x80
"""First byte of a pickle of protocol 2 or later."""

NPY_MAGIC = b"\x93NUMPY"

Format = Literal["torch zip", "torch legacy", "pickle", "numpy", "safetensors"]


@dataclasses.dataclass(frozen=True)
class CheckpointFile:
    """The contents of a file.

    Attributes:
      path: of the file.
      format: of the file.
      tree: dicts, lists, tuples, numbers, strings, and the inert records of `records`.
      metadata: header of a safetensors file or of a PyTorch file of ours; otherwise empty.
    """

    path: Path
    format: Format
    tree: Any
    metadata: dict[str, str]


def read_file(path: str | PathLike[str]) -> CheckpointFile:
    """Read a PyTorch file (zip or legacy), a pickle (such as NVIDIA's networks), or safetensors.

    Safetensors in several files are read from their index, such as `model.safetensors.index.json`. A `.npy`
    file is read if `numpy.save` wrote a dict or another object, which it pickles.

    No code of the file is run or imported, and PyTorch is not needed.

    Raises:
      CheckpointError: if the file cannot be read or is refused; one line names the file and the cause.
    """
    with naming_file(path):
        return read_contents(path)


def read_contents(path: str | PathLike[str]) -> CheckpointFile:
    """Read a file as `read_file` does; messages do not name the file."""
    path = Path(path)
    if is_index(path):
        return CheckpointFile(path, "safetensors", *read_shards(path))
    refuse_shard(path)
    try:
        with open_regular(path) as file:
            return _read(path, file)
    except OSError as error:
        raise CheckpointError(f"cannot be read ({error.strerror})") from error
    except MemoryError:
        raise CheckpointError("needs more memory than this machine has") from None


def read_pickle_bytes(data: bytes, name: str) -> Any:
    """Read a pickle in memory as carefully as a file.

    Args:
      data: the pickle, for example a member of an archive.
      name: its name in messages.

    Raises:
      CheckpointError: if the pickle is damaged or refused; one line has the name and the cause.
    """
    with naming_file(name):
        return read_pickle(io.BytesIO(data))[1]


def _read(path: Path, file: BinaryIO) -> CheckpointFile:
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise CheckpointError("is empty")
    start = file.read(9)
    if start.startswith(ZIP_MAGIC):
        return CheckpointFile(path, "torch zip", *read_zip(file))
    if start[8:] == b"{" and int.from_bytes(start[:8], "little") <= size - 8:
        arrays, metadata = read_safetensors(path)
        return CheckpointFile(path, "safetensors", arrays, metadata)
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as source:
        if start.startswith(NPY_MAGIC):
            return CheckpointFile(path, "numpy", _read_npy(source), {})
        try:
            legacy, tree = read_pickle(source)
        except RefusedGlobalError:
            raise
        except CheckpointError as error:
            if start[0] == PICKLE_MAGIC:
                raise
            raise CheckpointError(
                "is not a checkpoint (neither a PyTorch file, a network pickle nor safetensors)"
            ) from error
    return CheckpointFile(path, "torch legacy" if legacy else "pickle", tree, {})


def _read_npy(source: mmap.mmap) -> Any:
    """Return the single object that `numpy.save` pickled behind the header."""
    version_and_length = source.read(len(NPY_MAGIC) + 4)[len(NPY_MAGIC) :]
    header = source.read(int.from_bytes(version_and_length[2:], "little"))
    if version_and_length[:2] != b"\x01\x00" or b"'descr': '|O'" not in header:
        raise CheckpointError("holds a bare numpy array, not a checkpoint")
    _, tree = read_pickle(source)
    if not isinstance(tree, ArrayRecord) or len(tree.elements) != 1:
        raise CheckpointError("holds several numpy objects, not a checkpoint")
    return tree.elements[0]
