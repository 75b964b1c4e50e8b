"""Choose the depths of samples along a ray.

This module follows `sample_stratified`, `sample_importance` and `sample_pdf` of EG3D's `ImportanceRenderer`.
`...` leading axes (batch, rays), `S` coarse samples, `F` fine samples.
"""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from eg3d_flax.compute import DEFAULT, Compute

EPS = 1e-5
"""Added to every weight of a distribution; an interval of it that is narrower counts as 1 wide."""


@jax.named_scope("depths")
def stratified_depths(near: ArrayLike, far: ArrayLike, jitter: jax.Array, *, disparity: bool) -> jax.Array:
    """Return one depth in each of `S` equal bins.

    The bins start at `S` points spread evenly over [near, far]. So the last bin lies beyond `far`.

    Args:
      near: `[..., 1]` or a number.
      far: `[..., 1]` or a number.
      jitter: `[..., S]`, position in each bin, in [0, 1).
      disparity: True spreads the bins evenly in 1/depth.

    Returns:
      `[..., S]`, increasing.
    """
    samples = jitter.shape[-1]
    steps = (jnp.arange(samples, dtype=jnp.float32) + jitter) / (samples - 1)
    near, far = jnp.asarray(near, jnp.float32), jnp.asarray(far, jnp.float32)
    if disparity:
        return 1 / ((1 - steps) / near + steps / far)
    return near + steps * (far - near)


def sample_pdf(bins: jax.Array, weights: jax.Array, u: jax.Array, compute: Compute = DEFAULT) -> jax.Array:
    """Invert the cumulative distribution of a piecewise constant density.

    Args:
      bins: edges `[..., N + 1]`; further edges are not used.
      weights: `[..., N]`, not negative.
      u: `[..., F]` in [0, 1], in any order.
      compute: `compute.compared` chooses between two equal forms.

    Returns:
      Positions `[..., F]` in the order of `u`.
    """
    cdf = cumulative(weights)
    count = weights.shape[-1]
    # Count the edges up to u in one pass; each step of a binary search would need a batched gather.
    index = jnp.sum(u[..., :, None] >= cdf[..., None, :], axis=-1)
    below, above = jnp.maximum(index - 1, 0), jnp.minimum(index, count)
    pick = _picked_by_comparing if count <= compute.compared else _gathered
    cdf_below, cdf_above = pick(cdf, below), pick(cdf, above)
    bin_below, bin_above = pick(bins, below), pick(bins, above)
    width = cdf_above - cdf_below
    width = jnp.where(width < EPS, 1.0, width)
    return bin_below + (u - cdf_below) / width * (bin_above - bin_below)


def _gathered(x: jax.Array, index: jax.Array) -> jax.Array:
    """Return `x` `[..., N]` at places `index` `[..., F]` of the last axis."""
    return jnp.take_along_axis(x, index, axis=-1)


def _picked_by_comparing(x: jax.Array, index: jax.Array) -> jax.Array:
    """Return the same as `_gathered`, without a gather: a sum in which all terms but one are zero."""
    there = index[..., :, None] == jnp.arange(x.shape[-1])
    return jnp.sum(jnp.where(there, x[..., None, :], 0), axis=-1)


def cumulative(weights: jax.Array) -> jax.Array:
    """Return the cumulative distribution `[..., N + 1]` of weights `[..., N]`, from 0 to 1."""
    weights = weights + EPS
    pdf = weights / jnp.sum(weights, axis=-1, keepdims=True)
    return jnp.pad(jnp.cumsum(pdf, axis=-1), [(0, 0)] * (pdf.ndim - 1) + [(1, 0)])


@jax.named_scope("depths")
def importance_depths(
    depths: jax.Array, weights: jax.Array, u: jax.Array, compute: Compute = DEFAULT
) -> jax.Array:
    """Return depths where the coarse pass found density; no gradient flows through them.

    Args:
      depths: `[..., S]`, of the coarse pass.
      weights: `[..., S - 1]`, of its intervals.
      u: `[..., F]` in [0, 1).
      compute: see `sample_pdf`.

    Returns:
      `[..., F]` in the order of `u`.
    """
    depths, weights = jax.lax.stop_gradient((depths, weights))
    edge = [(0, 0)] * (weights.ndim - 1) + [(1, 1)]
    padded = jnp.pad(weights, edge, constant_values=-jnp.inf)
    widened = jnp.maximum(padded[..., :-1], padded[..., 1:])
    blurred = (widened[..., :-1] + widened[..., 1:]) / 2 + 0.01
    midpoints = (depths[..., :-1] + depths[..., 1:]) / 2
    return sample_pdf(midpoints, blurred[..., 1:-1], u, compute)
