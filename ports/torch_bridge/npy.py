"""numpy's own files: an array, or one pickled object such as a dict of arrays."""

import math
from typing import Any, BinaryIO

import numpy as np

from torch_bridge import pickle_machine, vocabulary
from torch_bridge.errors import CheckpointError, printable
from torch_bridge.numpy_records import ArrayRecord
from torch_bridge.pickle_machine import Builder
from torch_bridge.records import Global

NPY_MAGIC = b"\x93NUMPY"

_READ_HEADER = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npy(file: BinaryIO) -> Any:
    """The array of a `.npy` file, or the object that `numpy.save` pickled into it; no code is run.

    Raises:
      CheckpointError: if the file is damaged, or its pickle is refused.
    """
    try:
        version = np.lib.format.read_magic(file)
        if version not in _READ_HEADER:
            raise CheckpointError(f"is an npy file of version {version}, which is not read")
        shape, fortran, dtype = _READ_HEADER[version](file)
        if not dtype.hasobject:
            return _array(file.read(), shape, fortran, dtype)
    except CheckpointError:
        raise
    except ValueError as error:
        raise CheckpointError(f"the npy file is damaged or cut short ({printable(str(error))})") from error
    wrapped = pickle_machine.load(file, _builder)
    if not isinstance(wrapped, _Wrapper) or not wrapped.objects:
        raise CheckpointError("the npy file holds an array of objects; only a single one is read")
    return wrapped.objects[0]


class _ObjectDtype:
    """The dtype of the array that `numpy.save` wraps around an object; its state says nothing."""

    def build(self, state: Any) -> None:
        """Nothing to keep."""


class _Wrapper(ArrayRecord):
    """An array, which may be the one around the object."""

    def __init__(self):
        super().__init__()
        self.objects: list[Any] = []

    def build(self, state: Any) -> None:
        """Take the object, or else numbers."""
        match state:
            case (int(), (), _ObjectDtype(), bool() | int(), list() as objects) if len(objects) == 1:
                self.objects = objects
            case _:
                super().build(state)


def _builder(name: Global) -> Builder:
    """As for any checkpoint, but an array of one object is possible."""
    build = vocabulary.builder(name)
    if name == Global("numpy", "dtype"):
        return lambda args: _ObjectDtype() if args[:1] == ("O8",) else build(args)
    if name.name == "_reconstruct":
        return lambda args: _Wrapper() if isinstance(build(args), ArrayRecord) else build(args)
    return build


def _array(data: bytes, shape: tuple[int, ...], fortran: bool, dtype: np.dtype) -> np.ndarray:
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise CheckpointError(f"the npy file has {len(data)} bytes for an array of shape {shape}")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
