"""Get and set the arrays of a Flax NNX module by dotted path."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

Module = TypeVar("Module", bound=nnx.Module)


def _dotted(path: tuple) -> str:
    return ".".join(str(part) for part in path)


def module_shapes(make: Callable[[], nnx.Module]) -> dict[str, tuple[int, ...]]:
    """Return dotted path → shape for all arrays of the module of `make()`; nothing is allocated."""
    state = nnx.state(nnx.eval_shape(make))
    return {_dotted(path): tuple(variable.shape) for path, variable in nnx.to_flat_state(state)}


def module_arrays(module: nnx.Module) -> dict[str, np.ndarray]:
    """Return dotted path → array for all parameters and buffers of a module."""
    flat = nnx.to_flat_state(nnx.state(module))
    return {_dotted(path): np.asarray(jax.device_get(variable.get_value())) for path, variable in flat}


def module_from_arrays(make: Callable[[], Module], arrays: Mapping[str, np.ndarray]) -> Module:
    """Build the module of `make()` with given arrays instead of initial ones.

    Args:
      make: builds the module; only its shapes are evaluated.
      arrays: dotted path → array, for all arrays of the module.

    Raises:
      KeyError: if an array of the module is missing.
    """
    graphdef, state = nnx.split(nnx.eval_shape(make))
    filled = [
        (path, variable.replace(jnp.asarray(arrays[_dotted(path)], variable.dtype)))
        for path, variable in nnx.to_flat_state(state)
    ]
    return nnx.merge(graphdef, nnx.from_flat_state(filled))
