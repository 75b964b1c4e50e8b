"""Read and write networks as our safetensors files: arrays in our layout, and a header with the network."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
from flax import nnx

from torch_bridge import eight_bits
from torch_bridge.errors import CheckpointError, naming_file
from torch_bridge.modules import module_arrays, module_from_arrays, module_shapes
from torch_bridge.read import CheckpointFile
from torch_bridge.safetensors_file import read_safetensors, write_safetensors
from torch_bridge.state_dict import TorchLayout, account, from_torch, problems
from torch_bridge.trees import find_state_dict

Module = TypeVar("Module", bound=nnx.Module)

AS_STORED = TorchLayout(lambda _, ndim: tuple(range(ndim)))
"""Layout of files with arrays in our layout."""


def save_module(
    module: nnx.Module, path: str | Path, *, header: Mapping[str, str], dtype: str = "float32"
) -> None:
    """Write all arrays of a module; the file appears complete or not at all.

    Args:
      module: the module.
      path: file to write.
      header: texts of the header; "architecture" is the kind of network for `load_module`.
      dtype: "float32", "float16" for half the size, or "uint8" for a quarter, see `eight_bits`.
    """
    arrays = module_arrays(module)
    if dtype == "uint8":
        arrays, scales = eight_bits.encode(arrays)
        header = {**header, **scales}
    else:
        arrays = {name: array.astype(dtype) for name, array in arrays.items()}
    write_safetensors(path, arrays, header)


def load_module(
    path: str | Path, *, architecture: str, make: Callable[[Mapping[str, str]], Module]
) -> Module:
    """Build a module from a file of `save_module`, in float32.

    Args:
      path: the file.
      architecture: kind of network that the file must hold.
      make: builds an untrained module for a header; only its shapes are evaluated. It may raise
        `CheckpointError` without the file's name.

    Raises:
      CheckpointError: if the file cannot be read or holds another kind of network.
      StateDictError: if its arrays do not fit the network.
    """
    with naming_file(path):
        arrays, header = read_safetensors(path)
        stored = header.get("architecture", "unnamed")
        if stored != architecture:
            raise CheckpointError(f"holds {stored} weights, not {architecture} weights")
        if header.get("layout") == "torch":
            raise CheckpointError("holds the arrays in PyTorch's layout; convert it first")
        targets = module_shapes(lambda: make(header))
    return module_from_arrays(lambda: make(header), from_torch(arrays, targets, AS_STORED))


def torch_state_dict(
    file: CheckpointFile,
    make: Callable[[], Module],
    to_torch: Callable[[Module], dict[str, np.ndarray]],
) -> dict[str, np.ndarray]:
    """Return the state dict in PyTorch's layout, from a PyTorch file or one of ours.

    Args:
      file: a file that was read.
      make: builds the untrained module of the file.
      to_torch: returns the state dict of a module.

    Raises:
      CheckpointError: if the file holds no state dict, or is one of ours and does not fit the module.
    """
    arrays = find_state_dict(file.tree)
    if "architecture" not in file.metadata or file.metadata.get("layout") == "torch":
        return arrays
    faults = problems(account(arrays, module_shapes(make), AS_STORED))
    if faults:
        raise CheckpointError(f"does not fit the network in its header: {faults[0]}")
    return to_torch(module_from_arrays(make, from_torch(arrays, module_shapes(make), AS_STORED)))
