"""Networks in safetensors files of our own: arrays in our layout, a header that names the network."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from flax import nnx
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from torch_bridge.modules import module_arrays, module_from_arrays, module_shapes
from torch_bridge.state_dict import TorchLayout, from_torch

Module = TypeVar("Module", bound=nnx.Module)

AS_STORED = TorchLayout(lambda _, ndim: tuple(range(ndim)))
"""The layout of files that already hold our arrays."""


def save_module(
    module: nnx.Module, path: str | Path, *, header: Mapping[str, str], dtype: str = "float32"
) -> None:
    """Write every array of `module`; the file appears complete or not at all.

    Args:
      module: what to write.
      path: where to.
      header: texts stored beside the arrays; "architecture" names the family for `load_module`.
      dtype: "float32", or "float16" for half the size.
    """
    arrays = {name: array.astype(dtype) for name, array in module_arrays(module).items()}
    unfinished = Path(f"{path}.part")
    save_file(arrays, unfinished, dict(header))
    os.replace(unfinished, path)


def load_module(
    path: str | Path, *, architecture: str, make: Callable[[Mapping[str, str]], Module]
) -> Module:
    """Build a module from a file that `save_module` wrote, in float32.

    Args:
      path: the file.
      architecture: which family of networks is wanted.
      make: builds the untrained module that a header describes; only its shapes are evaluated.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if it is no safetensors file or holds another family's weights.
      StateDictError: if its arrays are not those of the network.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a dict
    except SafetensorError as error:
        raise ValueError(f"{path}: not a readable safetensors file ({error})") from error
    if header.get("architecture") != architecture:
        found = header.get("architecture", "unnamed")
        raise ValueError(f"{path}: holds {found} weights, not {architecture} weights")
    targets = module_shapes(lambda: make(header))
    return module_from_arrays(lambda: make(header), from_torch(arrays, targets, AS_STORED))
