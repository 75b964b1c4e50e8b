"""Write a state dict in the format of `torch.save`, without PyTorch."""

import json
import pickle
import struct
import zipfile
from collections.abc import Mapping
from os import PathLike

import numpy as np

from torch_bridge.atomic import replacing
from torch_bridge.errors import CheckpointError
from torch_bridge.torch_formats import HEADER_MEMBER
from torch_bridge.torch_records import DTYPES, STORAGE_CLASSES

_CLASS_OF = {DTYPES[name]: cls for cls, name in STORAGE_CLASSES.items()}
_ORDERED_DICT = pickle.GLOBAL + b"collections\nOrderedDict\n" + pickle.EMPTY_TUPLE + pickle.REDUCE


def write_torch(
    path: str | PathLike[str], state_dict: Mapping[str, np.ndarray], header: Mapping[str, str] | None = None
) -> None:
    """Write an OrderedDict of tensors in PyTorch's zip format; the file appears complete or not at all.

    `torch.load(path, weights_only=True)` reads it.

    Args:
      path: file to write.
      state_dict: name → array.
      header: texts such as the network's config; PyTorch ignores them, and `read_file` returns them as
        metadata.

    Raises:
      CheckpointError: if the folder does not exist, or PyTorch does not support the dtype of an array.
    """
    arrays = {name: _little_endian(name, np.asarray(array)) for name, array in state_dict.items()}
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", _pickled(arrays))
        archive.writestr("archive/byteorder", "little")
        for index, array in enumerate(arrays.values()):
            archive.writestr(f"archive/data/{index}", array.tobytes())
        archive.writestr("archive/version", "3\n")
        if header:
            archive.writestr(f"archive/{HEADER_MEMBER}", json.dumps(dict(sorted(header.items())), indent=1))


def _little_endian(name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    if array.dtype not in _CLASS_OF:
        raise CheckpointError(f"{name}: PyTorch files cannot hold numbers of type {array.dtype}")
    return array


def _text(value: str) -> bytes:
    encoded = value.encode("utf-8", "surrogatepass")
    return pickle.BINUNICODE + struct.pack("<I", len(encoded)) + encoded


def _integer(value: int) -> bytes:
    if value < 2**31:
        return pickle.BININT + struct.pack("<i", value)
    encoded = pickle.encode_long(value)
    return pickle.LONG1 + bytes([len(encoded)]) + encoded


def _tuple(*items: bytes) -> bytes:
    return pickle.MARK + b"".join(items) + pickle.TUPLE


def _global(module: str, name: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


def _tensor(key: int, array: np.ndarray) -> bytes:
    """Return instructions that build a contiguous tensor on the storage `key`."""
    storage = _tuple(
        _text("storage"),
        _global("torch", _CLASS_OF[array.dtype]),
        _text(str(key)),
        _text("cpu"),
        _integer(array.size),
    )
    strides = [int(np.prod(array.shape[axis + 1 :], dtype=np.int64)) for axis in range(array.ndim)]
    return (
        _global("torch._utils", "_rebuild_tensor_v2")
        + _tuple(
            storage + pickle.BINPERSID,
            _integer(0),
            _tuple(*map(_integer, array.shape)),
            _tuple(*map(_integer, strides)),
            pickle.NEWFALSE,
            _ORDERED_DICT,
        )
        + pickle.REDUCE
    )


def _pickled(arrays: Mapping[str, np.ndarray]) -> bytes:
    entries = [_text(name) + _tensor(key, array) for key, (name, array) in enumerate(arrays.items())]
    body = _ORDERED_DICT + pickle.MARK + b"".join(entries) + pickle.SETITEMS
    return pickle.PROTO + b"\x02" + body + pickle.STOP
