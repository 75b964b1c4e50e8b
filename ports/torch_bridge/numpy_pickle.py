"""Read pickles that hold nothing but containers, numbers, strings and numpy arrays, without running them.

A pickle can call any function. Here the few that numpy's own pickles call are replaced by inert stand-ins,
every other name is refused, and the arrays are assembled from the recorded bytes afterwards.
"""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np


class NumpyPickleError(ValueError):
    """The data is not a pickle of plain numpy arrays."""


class _Dtype:
    """What a pickled dtype records: its code, and its byte order once the state is set."""

    def __init__(self, code: str, *_: Any):
        self.code = code
        self.order = "="

    def __setstate__(self, state: tuple) -> None:
        self.order = state[1] if state[1] in "<>" else "="


class _Array:
    """What a pickled array records; `_reconstruct` makes it empty, its state fills it."""

    def __init__(self, *_: Any):
        self.state: tuple | None = None

    def __setstate__(self, state: tuple) -> None:
        self.state = state

    def contents(self) -> Any:
        if self.state is None or len(self.state) != 5 or not isinstance(self.state[2], _Dtype):
            raise NumpyPickleError("contains an array without data")
        _, shape, dtype, fortran, data = self.state
        if dtype.code.startswith("O") and shape == ():
            return _plain(data[0])
        if dtype.code[:1] not in "biufc" or not isinstance(data, bytes):
            raise NumpyPickleError(f"contains an array of type {dtype.code!r}; only numbers are read")
        array = np.frombuffer(data, np.dtype(dtype.code).newbyteorder(dtype.order))
        return array.reshape(shape, order="F" if fortran else "C")


def _latin1_bytes(text: str, encoding: str) -> bytes:
    """How protocol 2 writes bytes."""
    if encoding != "latin1":
        raise NumpyPickleError(f"contains bytes in the unknown encoding {encoding!r}")
    return text.encode("latin1")


_STAND_INS: dict[tuple[str, str], Any] = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _latin1_bytes,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _STAND_INS:
            raise NumpyPickleError(f"asks for {module}.{name}, which is not part of a plain numpy array")
        return _STAND_INS[module, name]


def _plain(value: Any) -> Any:
    if isinstance(value, _Array):
        return value.contents()
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(item) for item in value)
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    raise NumpyPickleError(f"contains a {type(value).__name__.strip('_')}")


def loads_numpy_pickle(data: bytes, *, name: str) -> Any:
    """Read a pickle, or a `.npy` file whose content is one pickled object.

    Args:
      data: the file's bytes.
      name: what to call the file in error messages.

    Returns:
      The pickled containers with read-only numpy arrays inside.

    Raises:
      NumpyPickleError: if the data is damaged or asks for anything but plain arrays.
    """
    try:
        stream = io.BytesIO(data)
        if data.startswith(b"\x93NUMPY"):
            _skip_npy_header(stream)
        return _plain(_Reader(stream).load())
    except NumpyPickleError as error:
        raise NumpyPickleError(f"{name} {error}") from None
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, TypeError, ValueError) as error:
        raise NumpyPickleError(f"{name} is not a readable pickle of numpy arrays ({error})") from error


def _skip_npy_header(stream: io.BytesIO) -> None:
    version = np.lib.format.read_magic(stream)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read_header is None:
        raise NumpyPickleError(f"uses version {version} of the npy format, which is not read")
    shape, _, dtype = read_header(stream)
    if shape != () or not dtype.hasobject:
        raise NumpyPickleError("holds a plain array and not one pickled object; read it with numpy.load")


def load_numpy_pickle(path: str | Path) -> Any:
    """`loads_numpy_pickle` of a file."""
    return loads_numpy_pickle(Path(path).read_bytes(), name=str(path))
