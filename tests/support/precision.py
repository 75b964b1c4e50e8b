"""Computing a golden case again in a finer precision.

Kinks of leaky ReLUs, PReLUs and bilinear lookups turn rounding into small jumps of a gradient, and Adam,
which divides a gradient by its own size, moves the parameters with the smallest ones the other way. Which
values that touches depends on the processor. In float64 nothing of it is left: there a case must meet the
tolerances of its manifest as they stand, and in float32 it may be further off.
"""

from typing import Any

import jax
import jax.numpy as jnp


def as_dtype(tree: Any, dtype: str) -> Any:
    """Return a pytree with its arrays of floating-point numbers as `dtype`."""
    return jax.tree.map(lambda x: x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x, tree)
