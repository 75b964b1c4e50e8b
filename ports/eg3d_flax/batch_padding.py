"""Fill batches up to a multiple of some number of rows, because TPUs convolve these faster."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

Pytree = Any


def in_multiples(function: Callable[..., Pytree], multiple: int, first: jax.Array, *others: Pytree) -> Pytree:
    """Apply a function of batches to a batch that is filled up to a multiple of `multiple` rows.

    A batch that would more than double stays as it is. The new rows repeat the last one. Zeros would give
    infinite slopes to square roots. The results of the new rows are dropped, so that their gradients are
    zero. The function must treat rows independently.

    Args:
      function: maps `first` and `others` to arrays `[B, ...]`.
      multiple: 1 leaves the batch as it is.
      first: `[B, ...]`.
      others: arrays `[B, ...]` are filled up, too; arrays of other lengths stay as they are.
    """
    batch = len(first)
    missing = -batch % multiple
    if not missing or missing > batch:
        return function(first, *others)

    def filled(x: jax.Array) -> jax.Array:
        return jnp.concatenate([x, jnp.repeat(x[-1:], missing, axis=0)]) if len(x) == batch else x

    results = function(*jax.tree.map(filled, (first, *others)))
    return jax.tree.map(lambda x: x[:batch], results)
