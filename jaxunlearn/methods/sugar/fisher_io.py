"""Save and load a Fisher: an array for each trainable parameter, under its name."""

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx

import torch_bridge
from jaxunlearn.errors import InputError
from torch_bridge.module_files import AS_STORED

Pytree = Any
ARCHITECTURE = "diagonal-fisher"


def _name(path: tuple) -> str:
    return ".".join(map(str, path))


def save_fisher(fisher: Pytree, path: Path) -> None:
    """Write a Fisher as `measure_fisher` returns it; the file appears complete or not at all."""
    arrays = {_name(where): np.asarray(leaf.get_value()) for where, leaf in nnx.to_flat_state(fisher)}
    torch_bridge.write_safetensors(path, arrays, {"architecture": ARCHITECTURE})


def load_fisher(path: Path, like: Pytree) -> Pytree:
    """Read a Fisher for parameters with the names and shapes of `like`.

    Raises:
      InputError: if the file holds something else, or the Fisher of another generator.
      torch_bridge.CheckpointError: if it cannot be read.
    """
    file = torch_bridge.read_file(path)
    if file.metadata.get("architecture") != ARCHITECTURE:
        raise InputError(f"{path}: does not hold a Fisher")
    flat = nnx.to_flat_state(like)
    shapes = {_name(where): tuple(leaf.shape) for where, leaf in flat}
    stored = torch_bridge.find_state_dict(file.tree)
    try:
        arrays = torch_bridge.from_torch(stored, shapes, AS_STORED)
    except torch_bridge.StateDictError as error:
        raise InputError(
            f"{path}: is the Fisher of another generator: {str(error).splitlines()[0]}"
        ) from error
    filled = [(where, leaf.replace(jnp.asarray(arrays[_name(where)]))) for where, leaf in flat]
    return nnx.from_flat_state(filled)
