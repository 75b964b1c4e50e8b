"""Sort samples by depth and back, without a scatter in the gradient of either direction.

`...` leading axes (batch, rays), `S` samples.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax


class Ordering(NamedTuple):
    """Places of samples in sorted order."""

    place: jax.Array
    """`[..., S]`, place of each sample, counted from 0."""

    order: jax.Array | None
    """`[..., S]`, number of the sample at each place; None where all samples were compared."""


def ordering(keys: jax.Array, compared: int) -> Ordering:
    """Return the order of increasing keys `[..., S]`; equal keys keep their order.

    On one core with the gradient, comparing all with all takes 0.02 s for 20 samples of 6,144 rays, where
    sorting takes 0.03 s; 96 samples of 16,384 rays take 1.4 s and 0.6 s.

    Args:
      keys: `[..., S]`.
      compared: largest S for which all keys are compared with all others instead of sorted.
    """
    index = lax.broadcasted_iota(jnp.int32, keys.shape, keys.ndim - 1)
    if keys.shape[-1] > compared:
        _, order = lax.sort((keys, index), num_keys=1)
        _, place = lax.sort((order, index), num_keys=1)
        return Ordering(place, order)
    own, other = keys[..., :, None], keys[..., None, :]
    before = (other < own) | ((other == own) & (index[..., None, :] < index[..., :, None]))
    return Ordering(jnp.sum(before, axis=-1, dtype=jnp.int32), None)


def to_sorted_order(x: jax.Array, places: Ordering) -> jax.Array:
    """Bring values `[..., S]` from the original order into the order of the keys."""
    if places.order is not None:
        return _permuted(x, places.order, places.place)
    return jnp.sum(jnp.where(_is_at(places), x[..., :, None], 0), axis=-2)


def to_original_order(x: jax.Array, places: Ordering) -> jax.Array:
    """Bring values `[..., S]` back into the original order: the inverse of `to_sorted_order`."""
    if places.order is not None:
        return _permuted(x, places.place, places.order)
    return jnp.sum(jnp.where(_is_at(places), x[..., None, :], 0), axis=-1)


def _is_at(places: Ordering) -> jax.Array:
    """Return True where a sample belongs to a place, `[..., S, S]`; fused into a sum, so never in memory."""
    return places.place[..., :, None] == jnp.arange(places.place.shape[-1])


@jax.custom_vjp
def _permuted(x: jax.Array, order: jax.Array, inverse: jax.Array) -> jax.Array:
    """Return `x[order]` along the last axis; its gradient is a gather, too."""
    del inverse
    return jnp.take_along_axis(x, order, axis=-1)


def _forward(
    x: jax.Array, order: jax.Array, inverse: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _permuted(x, order, inverse), (order, inverse)


def _backward(saved: tuple[jax.Array, jax.Array], g: jax.Array) -> tuple[jax.Array, None, None]:
    order, inverse = saved
    return _permuted(g, inverse, order), None, None


_permuted.defvjp(_forward, _backward)
