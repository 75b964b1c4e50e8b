"""Composite the samples of a ray into one pixel, as EG3D's `MipRayMarcher2`.

`...` any leading axes (batch, rays), `S` samples, `C` channels.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from eg3d_flax.ordering import as_drawn, in_order, ordering


class Samples(NamedTuple):
    """What is known at some points of a ray."""

    rgb: jax.Array
    """`[..., S, C]` in [0, 1]."""

    sigma: jax.Array
    """`[..., S]` raw densities."""

    depths: jax.Array
    """`[..., S]`, distance along the ray."""


class Composite(NamedTuple):
    """One pixel a ray."""

    rgb: jax.Array
    """`[..., C]`, in about [-1, 1]."""

    depth: jax.Array
    """`[...]`, distance along the ray; +inf where the ray meets nothing."""

    weights: jax.Array
    """`[..., S - 1]`, of the intervals between samples; their sum is the opacity."""

    depths: jax.Array
    """`[..., S]`, of all samples, increasing."""


def interval_weights(sigma: jax.Array, depths: jax.Array) -> jax.Array:
    """How much each interval contributes to its ray.

    The raw densities of an interval's two ends are averaged *before* the softplus, and there is no last,
    infinite interval.

    Args:
      sigma: `[..., S]` raw densities.
      depths: `[..., S]`, increasing.

    Returns:
      `[..., S - 1]`, not negative, summing to at most 1 up to rounding.
    """
    density = jax.nn.softplus((sigma[..., :-1] + sigma[..., 1:]) / 2 - 1)
    alpha = 1 - jnp.exp(-density * jnp.diff(depths, axis=-1))
    passed = jnp.cumprod(1 - alpha + 1e-10, axis=-1)
    transmittance = jnp.concatenate([jnp.ones_like(passed[..., :1]), passed[..., :-1]], axis=-1)
    return alpha * transmittance


def march(passes: Sequence[Samples], *, white_back: bool = False) -> Composite:
    """Composite the samples of one or more passes, in whatever order they were drawn.

    Only densities and depths are sorted. A pixel is linear in its colours, so these stay where they are, and
    the intervals' weights are brought back to the samples at their ends.

    Args:
      passes: samples of the same rays.
      white_back: fill what is transparent with 1 in every channel.
    """
    sigma = jnp.concatenate([samples.sigma for samples in passes], axis=-1)
    drawn = jnp.concatenate([samples.depths for samples in passes], axis=-1)
    by = ordering(drawn)
    depths = in_order(drawn, by)
    weights = interval_weights(in_order(sigma, by), depths)
    of_samples = as_drawn(_half_to_either_end(weights), by)
    first, colour = 0, jnp.zeros((), jnp.float32)
    for samples in passes:
        after = first + samples.depths.shape[-1]
        colour += jnp.einsum("...s,...sc->...c", of_samples[..., first:after], samples.rgb)
        first = after
    opacity = jnp.sum(weights, axis=-1)
    distance = jnp.sum(weights * (depths[..., :-1] + depths[..., 1:]) / 2, axis=-1)
    # The division is guarded on both sides of the `where`: a NaN in the unused branch would still reach
    # the gradient.
    empty = opacity == 0
    depth = jnp.where(empty, jnp.inf, distance / jnp.where(empty, 1.0, opacity))
    if white_back:
        colour = colour + (1 - opacity[..., None])
    return Composite(colour * 2 - 1, depth, weights, depths)


def _half_to_either_end(weights: jax.Array) -> jax.Array:
    """Weights of intervals `[..., S - 1]`, whose colours are means of their ends' → of samples `[..., S]`."""
    none = jnp.zeros_like(weights[..., :1])
    return (jnp.concatenate([weights, none], axis=-1) + jnp.concatenate([none, weights], axis=-1)) / 2
