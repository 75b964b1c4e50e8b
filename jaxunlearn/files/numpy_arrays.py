"""Read arrays from .npy and .npz files from outside, and write .npz; claims of headers are checked first."""

import io
import math
import os
import zipfile
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import open_file
from torch_bridge import CheckpointError, naming_file, replacing
from torch_bridge.zip_member import open_zip, read_member

LARGEST = 256 * 2**20
"""Most bytes of all arrays of a file: latents of nine thousand people."""

_ENDING = ".npy"
_MAGIC = b"\x93NUMPY"
_ZIP_MAGIC = b"PK"
_MOST_MEMBERS = 1000
_LONGEST_SIDE = 2**40
_KINDS = "biufU"
"""Booleans, numbers and texts; complex numbers, dates, records and objects are refused."""


def read_numpy(path: str | PathLike[str]) -> np.ndarray | dict[str, np.ndarray]:
    """Return the array of a .npy file, or name → array of a .npz file; its content decides which it is.

    Args:
      path: the file.

    Raises:
      InputError: if it cannot be read, is damaged, claims more than it has, or has other content than numbers
        and texts.
    """
    with open_file(path) as file:
        try:
            with naming_file(path):
                start = file.read(len(_MAGIC))
                file.seek(0)
                if start == _MAGIC:
                    return _array(file, os.fstat(file.fileno()).st_size)
                if start.startswith(_ZIP_MAGIC):
                    return _archive(file)
                raise CheckpointError("is not a NumPy file (.npy or .npz)")
        except CheckpointError as error:
            raise InputError(str(error)) from error
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def is_npy(path: str | PathLike[str]) -> bool:
    """Return True if a file begins like a .npy file.

    Raises:
      InputError: if it cannot be opened.
    """
    with open_file(path) as file:
        return file.read(len(_MAGIC)) == _MAGIC


def read_npz(path: str | PathLike[str]) -> dict[str, np.ndarray]:
    """Return name → array of an .npz file; see `read_numpy`.

    Raises:
      InputError: see `read_numpy`; also if the file has an array without a name.
    """
    arrays = read_numpy(path)
    if isinstance(arrays, np.ndarray):
        raise InputError(f"{path}: has an array without a name; it must have named arrays (.npz)")
    return arrays


def write_npz(path: Path, **arrays: Any) -> None:
    """Write arrays under their names as .npz; the file appears complete or not at all."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def map_npy(path: str | PathLike[str]) -> np.ndarray:
    """Return the numbers of a .npy file without reading them: parts are read when they are used.

    Args:
      path: the file; it may be larger than memory.

    Raises:
      InputError: if it is not a .npy file, is damaged, claims more than it has, or has other content than
        numbers.
    """
    with open_file(path) as file:
        try:
            with naming_file(path):
                if file.read(len(_MAGIC)) != _MAGIC:
                    raise CheckpointError("is not a NumPy file of one array (.npy)")
                file.seek(0)
                shape, fortran, dtype = _header(file)
                _check_claim(shape, dtype, os.fstat(file.fileno()).st_size - file.tell())
                if dtype.kind == "U":
                    raise CheckpointError("holds texts, not numbers")
        except CheckpointError as error:
            raise InputError(str(error)) from error
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from error
        if not math.prod(shape):  # an empty file cannot be mapped
            return np.zeros(shape, dtype)
        order = "F" if fortran else "C"
        return np.memmap(file, dtype, "r", offset=file.tell(), shape=shape, order=order)


def _archive(file: BinaryIO) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    with open_zip(file) as archive:
        names = archive.namelist()
        if len(names) > _MOST_MEMBERS:
            raise CheckpointError(f"holds {len(names)} arrays, more than any file of latents")
        if not all(name.endswith(_ENDING) for name in names):
            raise CheckpointError("is a zip archive, but not of NumPy arrays")
        _refuse_bomb(archive)
        for name in names:
            data = read_member(archive, name, most=LARGEST)
            with naming_file(name.removesuffix(_ENDING)):
                arrays[name.removesuffix(_ENDING)] = _array(io.BytesIO(data), len(data))
    return arrays


def _refuse_bomb(archive: zipfile.ZipFile) -> None:
    claimed = sum(info.file_size for info in archive.infolist())
    if claimed > LARGEST:
        raise CheckpointError(
            f"claims arrays of {claimed / 2**20:.0f} MB; at most {LARGEST / 2**20:.0f} MB are read"
        )


def _array(file: BinaryIO, size: int) -> np.ndarray:
    """Return the array of a .npy file of `size` bytes."""
    shape, fortran, dtype = _header(file)
    claimed = _check_claim(shape, dtype, size - file.tell())
    if claimed > LARGEST:
        raise CheckpointError(f"holds {claimed / 2**20:.0f} MB; at most {LARGEST / 2**20:.0f} MB are read")
    flat = np.frombuffer(file.read(claimed), dtype, math.prod(shape))
    return flat.reshape(shape, order="F" if fortran else "C")


def _check_claim(shape: tuple[int, ...], dtype: np.dtype, there: int) -> int:
    """Return the bytes that an array claims, if it holds numbers or texts and `there` bytes are enough."""
    if dtype.hasobject:
        raise CheckpointError("holds Python objects, which are not read; save the array of numbers alone")
    if dtype.kind not in _KINDS or dtype.itemsize == 0:
        raise CheckpointError(f"holds {dtype.name}, neither numbers nor texts")
    claimed = math.prod(shape) * dtype.itemsize
    if claimed > there:
        raise CheckpointError(
            f"is damaged or cut short: its header claims {claimed} bytes of numbers, {there} are there"
        )
    return claimed


def _header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    try:
        version = np.lib.format.read_magic(file)
        shape, fortran, dtype = readers[version](file)
    except Exception as error:  # NumPy's parser raises many kinds of errors on damaged headers
        raise CheckpointError("is not a readable NumPy file: its header is damaged") from error
    if not all(type(side) is int and 0 <= side <= _LONGEST_SIDE for side in shape):
        raise CheckpointError("is not a readable NumPy file: its header is damaged")
    return shape, fortran, dtype
