"""Fresh random weights without a program for every layer."""

from collections.abc import Callable
from typing import TypeVar

import jax
from flax import nnx

Module = TypeVar("Module", bound=nnx.Module)


def initialised(make: Callable[[], Module]) -> Module:
    """What `make()` returns, with its weights drawn in one compiled call."""
    graphdef, _ = nnx.split(nnx.eval_shape(make))
    return nnx.merge(graphdef, jax.jit(lambda: nnx.split(make())[1])())
