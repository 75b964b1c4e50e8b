"""Place cameras. `N` views."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from eg3d_flax import GeneratorConfig, camera

ORBIT_YAW, ORBIT_PITCH = 0.35, 0.15
"""Largest yaw and pitch of an orbit, in radians of the official sampler."""


def views(config: GeneratorConfig, yaw: ArrayLike = 0.0, pitch: ArrayLike = 0.0) -> jax.Array:
    """Return labels `[N, 25]` of a generator's average camera, turned by `yaw` and `pitch`.

    Args:
      config: has the pivot and radius of the average camera.
      yaw: `[N]` or a number, in radians; see `eg3d_flax.camera.look_at_pose`.
      pitch: `[N]` or a number, in radians.
    """
    pivot, radius = config.avg_camera_pivot, config.avg_camera_radius
    return camera.camera_params(jnp.asarray(yaw), jnp.asarray(pitch), pivot=pivot, radius=radius)


def conditioning_view(config: GeneratorConfig, count: int = 1) -> jax.Array:
    """Return labels `[count, 25]` of the frontal camera, which conditions the mapping network."""
    return jnp.repeat(views(config), count, axis=0)


def orbit(config: GeneratorConfig, frames: int) -> jax.Array:
    """Return labels `[frames, 25]` of cameras on a closed loop around the frontal camera."""
    phase = 2 * np.pi * np.arange(frames) / frames
    return views(config, ORBIT_YAW * np.sin(phase), ORBIT_PITCH * np.cos(phase))
