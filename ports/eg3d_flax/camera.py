"""Cameras in EG3D's convention: OpenCV axes (x right, y down, z forward); +y of the world is up.

This module follows `camera_utils.LookAtPoseSampler` and `FOV_to_intrinsics`. `B` batch.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

FFHQ_FOV = 18.837
"""Vertical field of view of EG3D's FFHQ models, in degrees."""
CARS_FOV = 45.0
"""The same of its ShapeNet cars; the focal length is then the 1.7074 of the official `gen_videos.py`."""


def _normalize(v: jax.Array) -> jax.Array:
    return v / jnp.linalg.norm(v, axis=-1, keepdims=True)


def look_at_pose(
    yaw: ArrayLike,
    pitch: ArrayLike,
    pivot: ArrayLike | Sequence[float] = (0.0, 0.0, 0.2),
    radius: ArrayLike = 2.7,
) -> jax.Array:
    """Return a camera on a sphere around the origin that looks at `pivot`.

    As in the official sampler, h = π/2 + yaw, v = π/2 + pitch is clamped to [1e-5, π - 1e-5], and the polar
    angle is arccos(1 - 2v/π). So the pitch is not exactly an angle: -0.2 tilts the camera by 0.128 radians.
    This is kept because all published poses use these numbers.

    Args:
      yaw: `[B]` or a number, radians from the frontal view; positive moves the camera to its right.
      pitch: `[B]` or a number, radians; negative raises the camera.
      pivot: `[3]` or `[B, 3]`.
      radius: `[B]` or a number, distance from the origin, not from the pivot.

    Returns:
      cam2world `[B, 4, 4]`, float32; float64 under `jax_enable_x64`, as in the float64 tests of whole steps.
    """
    yaw, pitch = jnp.broadcast_arrays(
        jnp.atleast_1d(jnp.asarray(yaw, jnp.float32)), jnp.atleast_1d(jnp.asarray(pitch, jnp.float32))
    )
    h = jnp.pi / 2 + yaw
    v = jnp.clip(jnp.pi / 2 + pitch, 1e-5, jnp.pi - 1e-5)
    phi = jnp.arccos(1 - 2 * (v / jnp.pi))
    direction = jnp.stack(
        [jnp.sin(phi) * jnp.cos(jnp.pi - h), jnp.cos(phi), jnp.sin(phi) * jnp.sin(jnp.pi - h)], axis=-1
    )
    position = jnp.reshape(jnp.asarray(radius, jnp.float32), (-1, 1)) * direction
    forward = _normalize(jnp.asarray(pivot, jnp.float32) - position)
    position = jnp.broadcast_to(position, forward.shape)  # one camera may look at many pivots
    up = jnp.broadcast_to(jnp.array([0.0, 1.0, 0.0]), forward.shape)
    right = -_normalize(jnp.cross(up, forward))
    down = _normalize(jnp.cross(forward, right))
    top = jnp.stack([right, down, forward, position], axis=-1)
    bottom = jnp.broadcast_to(jnp.array([0.0, 0.0, 0.0, 1.0]), (top.shape[0], 1, 4))
    return jnp.concatenate([top, bottom], axis=1)


def intrinsics_from_fov(deg: float) -> jax.Array:
    """Return normalised intrinsics `[3, 3]` for a field of view in degrees.

    As in the official helper, π is 3.14159 and √2 is 1.414, so 18.837° gives a focal length of 4.2634.
    """
    focal = 1 / (jnp.tan(deg * 3.14159 / 360) * 1.414)
    return jnp.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]]) * jnp.array(
        [[focal, 1.0, 1.0], [1.0, focal, 1.0], [1.0, 1.0, 1.0]]
    )


def flatten(cam2world: jax.Array, intrinsics: jax.Array) -> jax.Array:
    """Join cam2world `[B, 4, 4]` and intrinsics `[3, 3]` or `[B, 3, 3]` to labels c `[B, 25]`."""
    batch = cam2world.shape[0]
    intrinsics = jnp.broadcast_to(intrinsics, (batch, 3, 3))
    return jnp.concatenate([cam2world.reshape(batch, 16), intrinsics.reshape(batch, 9)], axis=-1)


def unflatten(c: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Split labels c `[B, 25]` into cam2world `[B, 4, 4]` and intrinsics `[B, 3, 3]`."""
    return c[:, :16].reshape(-1, 4, 4), c[:, 16:].reshape(-1, 3, 3)


def camera_params(
    yaw: ArrayLike = 0.0,
    pitch: ArrayLike = 0.0,
    *,
    pivot: ArrayLike | Sequence[float] = (0.0, 0.0, 0.2),
    radius: ArrayLike = 2.7,
    fov: float = FFHQ_FOV,
) -> jax.Array:
    """Return labels c `[B, 25]` of cameras that look at a point; the default is the frontal camera.

    Args:
      yaw: see `look_at_pose`.
      pitch: see `look_at_pose`.
      pivot: the point.
      radius: distance from the origin.
      fov: field of view in degrees.
    """
    return flatten(look_at_pose(yaw, pitch, pivot, radius), intrinsics_from_fov(fov))
