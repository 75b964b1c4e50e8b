"""Small modules with drawn weights, without compiling an initialiser for every shape."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from flax import nnx

import torch_bridge

Module = TypeVar("Module", bound=nnx.Module)


def drawn_module(make: Callable[[], Module], seed: int = 0) -> Module:
    """Build the module of `make()`; its matrices and kernels keep the size of what passes through them."""
    rng = np.random.default_rng(seed)

    def value(name: str, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) >= 2:
            return rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))
        return np.ones(shape) if name.endswith(("weight", "running_var")) else 0.1 * rng.normal(size=shape)

    shapes = torch_bridge.module_shapes(make)
    return torch_bridge.module_from_arrays(make, {name: value(name, shapes[name]) for name in shapes})
