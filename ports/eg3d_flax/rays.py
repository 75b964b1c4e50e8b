"""Make one ray through the centre of each pixel, and intersect rays with the box of the planes.

`B` batch, `R` rays.
"""

import jax
import jax.numpy as jnp


def sample_rays(cam2world: jax.Array, intrinsics: jax.Array, resolution: int) -> tuple[jax.Array, jax.Array]:
    """Make the rays of a square image, as `training.volumetric_rendering.ray_sampler.RaySampler`.

    Args:
      cam2world: `[B, 4, 4]`.
      intrinsics: `[B, 3, 3]`, normalised by the image's side; skew is used.
      resolution: side of the image in pixels; pixel (row, column) has the ray `row * resolution + column`.

    Returns:
      Origins and unit directions in world space, both `[B, R, 3]`.
    """
    centres = (jnp.arange(resolution, dtype=jnp.float32) + 0.5) / resolution
    v, u = (grid.reshape(-1) for grid in jnp.meshgrid(centres, centres, indexing="ij"))
    fx, skew, cx = (intrinsics[:, 0, i, None] for i in range(3))
    fy, cy = (intrinsics[:, 1, i, None] for i in (1, 2))
    x = (u - cx + cy * skew / fy - skew * v / fy) / fx
    y = (v - cy) / fy
    in_camera = jnp.stack([x, y, jnp.ones_like(x)], axis=-1)
    directions = jnp.einsum("brj,bij->bri", in_camera, cam2world[:, :3, :3])
    directions = directions / jnp.linalg.norm(directions, axis=-1, keepdims=True)
    origins = jnp.broadcast_to(cam2world[:, None, :3, 3], directions.shape)
    return origins, directions


def box_limits(origins: jax.Array, directions: jax.Array, side: float) -> tuple[jax.Array, jax.Array]:
    """Return the distances at which rays enter and leave the axis-aligned cube around the origin.

    Args:
      origins: `[B, R, 3]`.
      directions: `[B, R, 3]`.
      side: side of the cube.

    Returns:
      Near and far, both `[B, R, 1]`; -1 and -2 for a ray that misses the cube.
    """
    # A component of exactly 0 in a direction gives ±infinity here; the comparisons below handle it.
    to_low = (-side / 2 - origins) / directions
    to_high = (side / 2 - origins) / directions
    near = jnp.max(jnp.minimum(to_low, to_high), axis=-1, keepdims=True)
    far = jnp.min(jnp.maximum(to_low, to_high), axis=-1, keepdims=True)
    hit = near <= far
    return jnp.where(hit, near, -1.0), jnp.where(hit, far, -2.0)


def auto_limits(origins: jax.Array, directions: jax.Array, side: float) -> tuple[jax.Array, jax.Array]:
    """Return `box_limits` with limits for rays that miss the cube, as the official "auto" does.

    A ray that misses starts at the smallest start of all rays of the batch that hit, and ends at their
    largest *start* (sic). If no ray hits, -1 and -2 stay.
    """
    near, far = box_limits(origins, directions, side)
    hit = far > near
    any_hit = jnp.any(hit)
    first = jnp.min(jnp.where(hit, near, jnp.inf))
    last = jnp.max(jnp.where(hit, near, -jnp.inf))
    fill = any_hit & ~hit
    return jnp.where(fill, first, near), jnp.where(fill, last, far)
