"""What a training run keeps on disk so that it can be cut off."""

from pathlib import Path
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from jaxunlearn.errors import InputError
from torch_bridge.safetensors_file import read_safetensors, write_safetensors

State = TypeVar("State")
"""Any pytree of arrays."""


def save_state(path: Path, state: object, seconds: float) -> None:
    """Write a checkpoint; it appears complete or not at all."""
    leaves = {
        jax.tree_util.keystr(place): np.asarray(leaf)
        for place, leaf in jax.tree_util.tree_leaves_with_path(state)
    }
    write_safetensors(path, leaves, {"kind": "pretraining", "seconds": repr(seconds)})


def load_state(path: Path, like: State) -> tuple[State, float]:
    """Read a checkpoint and the seconds spent on it.

    Raises:
      InputError: if it belongs to a run of other sizes.
    """
    leaves, header = read_safetensors(path)
    places, structure = jax.tree_util.tree_flatten_with_path(like)
    wanted = {jax.tree_util.keystr(place): leaf for place, leaf in places}
    shapes_fit = wanted.keys() == leaves.keys() and all(
        leaves[name].shape == leaf.shape for name, leaf in wanted.items()
    )
    if not shapes_fit:
        raise InputError(f"{path}: is of a network of other sizes; use another --workdir or its config")
    state = jax.tree_util.tree_unflatten(structure, [jnp.asarray(leaves[name]) for name in wanted])
    return state, float(header["seconds"])
