"""Composite the samples of a ray into one pixel, as EG3D's `MipRayMarcher2`.

`...` any leading axes (batch, rays), `S` samples, `C` channels.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Composite(NamedTuple):
    """One pixel a ray."""

    rgb: jax.Array
    """`[..., C]`, in about [-1, 1]."""

    depth: jax.Array
    """`[...]`, distance along the ray; +inf where the ray meets nothing."""

    weights: jax.Array
    """`[..., S - 1]`, of the intervals between samples; their sum is the opacity."""


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


def march(rgb: jax.Array, sigma: jax.Array, depths: jax.Array, *, white_back: bool = False) -> Composite:
    """Composite samples.

    Args:
      rgb: `[..., S, C]` in [0, 1].
      sigma: `[..., S]` raw densities.
      depths: `[..., S]`, increasing.
      white_back: fill what is transparent with 1 in every channel.
    """
    weights = interval_weights(sigma, depths)
    middle = (rgb[..., :-1, :] + rgb[..., 1:, :]).astype(jnp.float32) / 2
    colour = jnp.einsum("...s,...sc->...c", weights, middle)
    opacity = jnp.sum(weights, axis=-1)
    distance = jnp.sum(weights * (depths[..., :-1] + depths[..., 1:]) / 2, axis=-1)
    # The division is guarded on both sides of the `where`: a NaN in the unused branch would still reach
    # the gradient.
    empty = opacity == 0
    depth = jnp.where(empty, jnp.inf, distance / jnp.where(empty, 1.0, opacity))
    if white_back:
        colour = colour + (1 - opacity[..., None])
    return Composite(colour * 2 - 1, depth, weights)


def merge_by_depth(
    rgb: tuple[jax.Array, jax.Array],
    sigma: tuple[jax.Array, jax.Array],
    depths: tuple[jax.Array, jax.Array],
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Join the samples of two passes and sort them along each ray.

    Args:
      rgb: `[..., S1, C]` and `[..., S2, C]`.
      sigma: `[..., S1]` and `[..., S2]`.
      depths: like sigma.

    Returns:
      Colours, densities and depths of all `S1 + S2` samples by increasing depth.
    """
    all_depths = jnp.concatenate(depths, axis=-1)
    order = jnp.argsort(all_depths, axis=-1)
    return (
        jnp.take_along_axis(jnp.concatenate(rgb, axis=-2), order[..., None], axis=-2),
        jnp.take_along_axis(jnp.concatenate(sigma, axis=-1), order, axis=-1),
        jnp.take_along_axis(all_depths, order, axis=-1),
    )
