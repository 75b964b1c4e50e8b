"""Networks in safetensors files of our own: arrays in our layout, a header that names the network."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
from flax import nnx

from torch_bridge.errors import CheckpointError, naming_file
from torch_bridge.modules import module_arrays, module_from_arrays, module_shapes
from torch_bridge.read import CheckpointFile
from torch_bridge.safetensors_file import read_safetensors, write_safetensors
from torch_bridge.state_dict import TorchLayout, account, from_torch, problems
from torch_bridge.trees import find_state_dict

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
    write_safetensors(path, arrays, header)


def load_module(
    path: str | Path, *, architecture: str, make: Callable[[Mapping[str, str]], Module]
) -> Module:
    """Build a module from a file that `save_module` wrote, in float32.

    Args:
      path: the file.
      architecture: which family of networks is wanted.
      make: builds the untrained module that a header describes; only its shapes are evaluated. It may raise
        `CheckpointError`, without the file's name.

    Raises:
      CheckpointError: if the file cannot be read or holds another family's weights.
      StateDictError: if its arrays are not those of the network.
    """
    with naming_file(path):
        arrays, header = read_safetensors(path)
        found = header.get("architecture", "unnamed")
        if found != architecture:
            raise CheckpointError(f"holds {found} weights, not {architecture} weights")
        if header.get("layout") == "torch":
            raise CheckpointError("holds the arrays in PyTorch's layout; convert it first")
        targets = module_shapes(lambda: make(header))
    return module_from_arrays(lambda: make(header), from_torch(arrays, targets, AS_STORED))


def torch_state_dict(
    file: CheckpointFile,
    make: Callable[[], Module],
    to_torch: Callable[[Module], dict[str, np.ndarray]],
) -> dict[str, np.ndarray]:
    """The state dict in PyTorch's layout that a file holds, be it PyTorch's or ours.

    Args:
      file: a file that was read.
      make: builds the untrained module that the file is for.
      to_torch: the port's export.

    Raises:
      CheckpointError: if it holds no state dict, or is ours and does not fit the module.
    """
    arrays = find_state_dict(file.tree)
    if "architecture" not in file.metadata or file.metadata.get("layout") == "torch":
        return arrays
    found = problems(account(arrays, module_shapes(make), AS_STORED))
    if found:
        raise CheckpointError(f"does not fit the network that its header names: {found[0]}")
    return to_torch(module_from_arrays(make, from_torch(arrays, module_shapes(make), AS_STORED)))
