"""The cameras that pictures are taken with. `N` views."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from eg3d_flax import GeneratorConfig, camera

ORBIT_YAW, ORBIT_PITCH = 0.35, 0.15
"""How far an orbit swings, in radians of the official sampler."""


def views(config: GeneratorConfig, yaw: ArrayLike = 0.0, pitch: ArrayLike = 0.0) -> jax.Array:
    """Labels `[N, 25]` of a generator's average camera, turned by `yaw` and `pitch`.

    Args:
      config: says where the average camera stands and looks.
      yaw: `[N]` or a number, radians; see `eg3d_flax.camera.look_at_pose`.
      pitch: like yaw.
    """
    pivot, radius = config.avg_camera_pivot, config.avg_camera_radius
    return camera.camera_params(jnp.asarray(yaw), jnp.asarray(pitch), pivot=pivot, radius=radius)


def conditioning_view(config: GeneratorConfig, count: int = 1) -> jax.Array:
    """The frontal camera that the mapping network is conditioned on, `[count, 25]`."""
    return jnp.repeat(views(config), count, axis=0)


def orbit(config: GeneratorConfig, frames: int) -> jax.Array:
    """A closed swing around the front, `[frames, 25]`."""
    phase = 2 * np.pi * np.arange(frames) / frames
    return views(config, ORBIT_YAW * np.sin(phase), ORBIT_PITCH * np.cos(phase))
