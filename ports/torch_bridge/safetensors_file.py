"""Read and write safetensors files with a header of texts."""

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import numpy as np
import safetensors.numpy
from safetensors import safe_open

from torch_bridge import eight_bits
from torch_bridge.atomic import replacing
from torch_bridge.errors import CheckpointError, printable
from torch_bridge.opening import open_regular

LARGEST_HEADER = 16 * 2**20
"""Limit of the header's bytes; a network of ten thousand arrays needs about one million."""


def read_safetensors(path: str | PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read name → array and the header's metadata; arrays with a scale (`eight_bits`) are float32.

    Raises:
      CheckpointError: if the file is damaged; the message does not name the file.
    """
    return eight_bits.decode(*_read(path))


def _read(path: str | PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read the arrays as they are stored, and the header's metadata."""
    with open_regular(path) as opened:
        length = int.from_bytes(opened.read(8), "little")
    if length > LARGEST_HEADER:
        raise CheckpointError(f"is damaged or not a safetensors file: its header claims {length} bytes")
    try:
        with safe_open(path, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118, not a dict
                _refuse_dtype(name, file.get_slice(name).get_dtype())
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return arrays, dict(file.metadata() or {})
    except (MemoryError, CheckpointError):
        raise
    except Exception as error:  # the library raises many types on damaged files
        raise CheckpointError(
            f"the safetensors file is damaged or cut short ({printable(str(error))})"
        ) from error


def _refuse_dtype(name: str, dtype: str) -> None:
    """Refuse numbers of fewer than 16 bits, which NumPy does not have."""
    if dtype.startswith(("F4", "F6_", "F8_")):
        raise CheckpointError(
            f"{printable(name)} has numbers of type {dtype}, which cannot be read; save it as float32"
        )


def write_safetensors(
    path: str | PathLike[str], arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> None:
    """Write name → array with a header of texts; the file appears complete or not at all.

    Equal contents give equal bytes. Odd bytes in texts that are not UTF-8, such as file names, are escaped.

    Raises:
      CheckpointError: if the folder does not exist.
    """
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    texts = {_utf8(name): _utf8(text) for name, text in metadata.items()}
    with replacing(path) as temporary:
        safetensors.numpy.save_file(contiguous, temporary, texts)
        _sort_header(temporary)


def _utf8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _sort_header(path: Path) -> None:
    """Sort the header's texts by name; the library shuffles them, so equal files would differ."""
    with path.open("r+b") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        if "__metadata__" not in header:
            return
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        ordered = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        assert len(ordered) <= size, "sorting does not make the header longer"
        file.seek(8)
        file.write(ordered.ljust(size))
