"""Bring samples into the order of their depths and back, without a scatter in either direction's gradient.

`...` any leading axes (batch, rays), `S` samples.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

FEW = 32
"""Up to so many samples, all are compared with all: 20 samples of 6,144 rays take 0.02 s with their gradient,
on one core, where sorts take 0.03 s; with 96 samples of 16,384 rays it would be 1.4 s instead of 0.6 s."""


class Ordering(NamedTuple):
    """Where samples belong."""

    place: jax.Array
    """`[..., S]`, of each sample, counted from 0."""

    order: jax.Array | None
    """`[..., S]`, which sample is at each place; None for few samples, who need no more than their places."""


def ordering(keys: jax.Array) -> Ordering:
    """By increasing keys `[..., S]`; equal ones stay as they are."""
    index = lax.broadcasted_iota(jnp.int32, keys.shape, keys.ndim - 1)
    if keys.shape[-1] > FEW:
        _, order = lax.sort((keys, index), num_keys=1)
        _, place = lax.sort((order, index), num_keys=1)
        return Ordering(place, order)
    one, other = keys[..., :, None], keys[..., None, :]
    before = (other < one) | ((other == one) & (index[..., None, :] < index[..., :, None]))
    return Ordering(jnp.sum(before, axis=-1, dtype=jnp.int32), None)


def in_order(x: jax.Array, by: Ordering) -> jax.Array:
    """`[..., S]` from the order of drawing into that of the keys."""
    if by.order is not None:
        return _permuted(x, by.order, by.place)
    return jnp.sum(jnp.where(_is_at(by), x[..., :, None], 0), axis=-2)


def as_drawn(x: jax.Array, by: Ordering) -> jax.Array:
    """The inverse of `in_order`."""
    if by.order is not None:
        return _permuted(x, by.place, by.order)
    return jnp.sum(jnp.where(_is_at(by), x[..., None, :], 0), axis=-1)


def _is_at(by: Ordering) -> jax.Array:
    """`[..., S, S]`: whether a sample belongs to a place; never in memory, since it is summed over."""
    return by.place[..., :, None] == jnp.arange(by.place.shape[-1])


@jax.custom_vjp
def _permuted(x: jax.Array, order: jax.Array, inverse: jax.Array) -> jax.Array:
    """`x[order]` along the last axis, whose gradient is a gather too."""
    del inverse
    return jnp.take_along_axis(x, order, axis=-1)


def _forward(
    x: jax.Array, order: jax.Array, inverse: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _permuted(x, order, inverse), (order, inverse)


def _backward(kept: tuple[jax.Array, jax.Array], g: jax.Array) -> tuple[jax.Array, None, None]:
    order, inverse = kept
    return _permuted(g, inverse, order), None, None


_permuted.defvjp(_forward, _backward)
