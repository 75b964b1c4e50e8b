"""Builders of NumPy's dtypes, scalars and arrays from pickles."""

import math
from typing import Any

import numpy as np

from torch_bridge.errors import CheckpointError, printable
from torch_bridge.pickle_machine import Builder
from torch_bridge.records import COUNT_LIMIT, Global, Instance

_CODES = frozenset(["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"])
_OBJECT_CODES = frozenset(["O", "O8"])


class DtypeRecord:
    """A `numpy.dtype`; a pickle gives its byte order after its name."""

    def __init__(self, code: str):
        self.holds_objects = code in _OBJECT_CODES
        self.dtype = np.dtype(code)

    def build(self, state: Any) -> None:
        """Read the byte order from the argument of `dtype.__setstate__`."""
        match state:
            case (int(), "<" | ">" | "=" | "|" as order, None, None, None, *_):
                self.dtype = self.dtype.newbyteorder(order)
            case _:
                raise CheckpointError("its pickle holds a malformed numpy dtype")


class ArrayRecord:
    """A `numpy.ndarray`; a pickle gives its contents after its creation.

    Attributes:
      elements: contents of an array of objects; `numpy.save` wraps an object in such an array.
    """

    def __init__(self):
        self._array: np.ndarray | None = None
        self.elements: list[Any] = []

    def build(self, state: Any) -> None:
        """Read shape, dtype and bytes from the argument of `ndarray.__setstate__`."""
        match state:
            case (
                int(),
                tuple() as shape,
                DtypeRecord() as record,
                bool() | int() as fortran,
                bytes() as data,
            ):
                self._array = _array(data, record, shape, "F" if fortran else "C")
            case (int(), tuple(), DtypeRecord(holds_objects=True), _, list() as elements):
                self.elements = elements
            case _:
                raise CheckpointError("its pickle holds a malformed numpy array")

    def array(self) -> np.ndarray:
        """Return the numbers.

        Raises:
          CheckpointError: if the pickle has no numbers for the array.
        """
        if self._array is None:
            raise CheckpointError("its pickle holds a numpy array without numbers")
        return self._array


def _array(data: bytes, record: DtypeRecord, shape: tuple[Any, ...], order: str) -> np.ndarray:
    if not all(type(n) is int and 0 <= n <= COUNT_LIMIT for n in shape) or len(shape) > 32:
        raise CheckpointError("its pickle holds a numpy array with a malformed shape")
    if record.holds_objects:
        raise CheckpointError("its pickle holds a malformed numpy array of objects")
    if len(data) != math.prod(shape) * record.dtype.itemsize:
        raise CheckpointError(f"its pickle holds {len(data)} bytes for a numpy array of shape {shape}")
    flat = np.frombuffer(data, record.dtype)
    return flat.reshape(shape, order="F" if order == "F" else "C")


def _build_dtype(args: tuple[Any, ...]) -> DtypeRecord:
    match args:
        case (str() as code, *_) if code in _CODES | _OBJECT_CODES:
            return DtypeRecord(code)
        case (str() as code, *_):
            raise CheckpointError(
                f"its pickle holds the numpy dtype {printable(code)}, which is not a number"
            )
        case _:
            raise CheckpointError("its pickle holds a malformed numpy dtype")


def _build_scalar(args: tuple[Any, ...]) -> Any:
    match args:
        case (DtypeRecord() as record, bytes() as data):
            return _array(data, record, (), "C").item()
        case _:
            raise CheckpointError("its pickle holds a malformed numpy scalar")


def _build_empty(args: tuple[Any, ...]) -> ArrayRecord:
    match args:
        case (Global(name="ndarray"), *_):
            return ArrayRecord()
        case _:
            raise CheckpointError("its pickle holds a numpy array of an unknown class")


def _build_from_buffer(args: tuple[Any, ...]) -> ArrayRecord:
    match args:
        case (bytes() | bytearray() as data, DtypeRecord() as record, tuple() as shape, str() as order):
            array = ArrayRecord()
            array.build((1, shape, record, order == "F", bytes(data)))
            return array
        case _:
            raise CheckpointError("its pickle holds a malformed numpy array")


def _build_ndarray(args: tuple[Any, ...]) -> Instance:
    return Instance("numpy.ndarray", args)


BUILDERS: dict[str, Builder] = {
    "numpy.dtype": _build_dtype,
    "numpy.ndarray": _build_ndarray,
} | {
    f"{core}.{name}": builder
    for core in ("numpy.core", "numpy._core")  # NumPy 1 and NumPy 2
    for name, builder in {
        "multiarray.scalar": _build_scalar,
        "multiarray._reconstruct": _build_empty,
        "numeric._frombuffer": _build_from_buffer,
    }.items()
}
"""Builder by full name."""
