"""Get and set the arrays of a Flax NNX module by dotted path."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

Module = TypeVar("Module", bound=nnx.Module)


def _dotted(path: tuple) -> str:
    return ".".join(str(part) for part in path)


def _outline(make: Callable[[], nnx.Module]) -> tuple[Any, Any]:
    """Return graph and state of the module of `make()`, with shapes in place of arrays.

    Outlines of `functools.partial(function, config)` are remembered: a file is checked, read and filled with
    the same one, and each takes as long as tracing the module.
    """
    if isinstance(make, functools.partial) and not make.keywords:
        return _remembered(make.func, *make.args)
    return nnx.split(nnx.eval_shape(make))


@functools.lru_cache(maxsize=32)
def _remembered(make: Callable[..., nnx.Module], *arguments: Any) -> tuple[Any, Any]:
    return nnx.split(nnx.eval_shape(functools.partial(make, *arguments)))


def module_shapes(make: Callable[[], nnx.Module]) -> dict[str, tuple[int, ...]]:
    """Return dotted path → shape for all arrays of the module of `make()`; nothing is allocated."""
    _, state = _outline(make)
    return {_dotted(path): tuple(variable.shape) for path, variable in nnx.to_flat_state(state)}


def module_arrays(module: nnx.Module) -> dict[str, np.ndarray]:
    """Return dotted path → array for all parameters and buffers of a module."""
    flat = nnx.to_flat_state(nnx.state(module))
    return {_dotted(path): np.asarray(jax.device_get(variable.get_value())) for path, variable in flat}


def module_from_arrays(make: Callable[[], Module], arrays: Mapping[str, np.ndarray]) -> Module:
    """Build the module of `make()` with given arrays instead of initial ones.

    Args:
      make: builds the module; only its shapes are evaluated.
      arrays: dotted path → array, for all arrays of the module. Real numbers become float32, also where JAX's
        default is float64 (`JAX_ENABLE_X64`).

    Raises:
      KeyError: if an array of the module is missing.
    """
    graphdef, state = _outline(make)
    filled = [
        (path, variable.replace(jnp.asarray(arrays[_dotted(path)], _dtype(variable.dtype))))
        for path, variable in nnx.to_flat_state(state)
    ]
    return nnx.merge(graphdef, nnx.from_flat_state(filled))


def _dtype(declared: np.dtype) -> np.dtype:
    return np.dtype(np.float32) if jnp.issubdtype(declared, jnp.floating) else declared
