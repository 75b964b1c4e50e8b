"""Composite the samples of a ray to a pixel, as EG3D's `MipRayMarcher2`.

`...` leading axes (batch, rays), `S` samples, `C` channels.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from eg3d_flax.compute import DEFAULT, Compute
from eg3d_flax.ordering import ordering, to_original_order, to_sorted_order


class Samples(NamedTuple):
    """Samples along a ray."""

    rgb: jax.Array
    """`[..., S, C]` in [0, 1]."""

    sigma: jax.Array
    """`[..., S]`, raw densities."""

    depths: jax.Array
    """`[..., S]`, distance along the ray."""


class Composite(NamedTuple):
    """One pixel per ray."""

    rgb: jax.Array
    """`[..., C]` in about [-1, 1]."""

    depth: jax.Array
    """`[...]`, distance along the ray; infinity if the ray meets nothing."""

    weights: jax.Array
    """`[..., S - 1]`, weights of the intervals between samples; their sum is the opacity."""

    depths: jax.Array
    """`[..., S]`, increasing depths of all samples."""


@jax.named_scope("compositing")
def interval_weights(sigma: jax.Array, depths: jax.Array) -> jax.Array:
    """Return the weight of each interval in its ray.

    The raw densities of an interval's ends are averaged *before* the softplus. There is no infinite last
    interval.

    Args:
      sigma: `[..., S]` raw densities.
      depths: `[..., S]`, increasing.

    Returns:
      `[..., S - 1]`, not negative; their sum is at most 1 up to rounding.
    """
    density = jax.nn.softplus((sigma[..., :-1] + sigma[..., 1:]) / 2 - 1)
    alpha = 1 - jnp.exp(-density * jnp.diff(depths, axis=-1))
    passed = jnp.cumprod(1 - alpha + 1e-10, axis=-1)
    transmittance = jnp.concatenate([jnp.ones_like(passed[..., :1]), passed[..., :-1]], axis=-1)
    return alpha * transmittance


@jax.named_scope("compositing")
def march(passes: Sequence[Samples], *, white_back: bool = False, compute: Compute = DEFAULT) -> Composite:
    """Composite the samples of one or more passes; they may be in any order.

    Only densities and depths are sorted. A pixel is linear in its colours, so colours are not sorted;
    instead, the weights of intervals return to the samples at their ends.

    Args:
      passes: samples of the same rays.
      white_back: True adds a background of 1 in every channel.
      compute: `compute.compared` chooses between two equal forms of sorting.
    """
    sigma = jnp.concatenate([samples.sigma for samples in passes], axis=-1)
    unsorted = jnp.concatenate([samples.depths for samples in passes], axis=-1)
    places = ordering(unsorted, compute.compared)
    depths = to_sorted_order(unsorted, places)
    weights = interval_weights(to_sorted_order(sigma, places), depths)
    sample_weights = to_original_order(_half_to_either_end(weights), places)
    first, colour = 0, jnp.zeros((), jnp.float32)
    for samples in passes:
        after = first + samples.depths.shape[-1]
        colour += jnp.einsum("...s,...sc->...c", sample_weights[..., first:after], samples.rgb)
        first = after
    opacity = jnp.sum(weights, axis=-1)
    distance = jnp.sum(weights * (depths[..., :-1] + depths[..., 1:]) / 2, axis=-1)
    # Both branches of the `where` are finite: a NaN in the unused branch would reach the gradient.
    empty = opacity == 0
    depth = jnp.where(empty, jnp.inf, distance / jnp.where(empty, 1.0, opacity))
    if white_back:
        colour = colour + (1 - opacity[..., None])
    return Composite(colour * 2 - 1, depth, weights, depths)


def _half_to_either_end(weights: jax.Array) -> jax.Array:
    """Divide weights of intervals `[..., S - 1]` equally between the samples at their ends, `[..., S]`."""
    zero = jnp.zeros_like(weights[..., :1])
    return (jnp.concatenate([weights, zero], axis=-1) + jnp.concatenate([zero, weights], axis=-1)) / 2
