"""Fill batches up to a multiple of some number of rows, because TPUs convolve these faster."""

from typing import Any

import jax
import jax.numpy as jnp

Pytree = Any


def filled(multiple: int, first: jax.Array, *others: Pytree) -> tuple[Any, ...]:
    """Repeat the last row of batches until their length is a multiple of `multiple`.

    A batch that would become more than three times as long stays as it is. Zeros as new rows would give
    infinite slopes to square roots. Results of new rows must be dropped, so that their gradients are zero.

    Args:
      multiple: 1 leaves the batches as they are.
      first: `[B, ...]`.
      others: arrays `[B, ...]` are filled up, too; arrays of other lengths stay as they are.

    Returns:
      `first` and `others`.
    """
    batch = len(first)
    missing = -batch % multiple
    if not missing or missing > 2 * batch:
        return first, *others

    def longer(x: jax.Array) -> jax.Array:
        return jnp.concatenate([x, jnp.repeat(x[-1:], missing, axis=0)]) if len(x) == batch else x

    return jax.tree.map(longer, (first, *others))
