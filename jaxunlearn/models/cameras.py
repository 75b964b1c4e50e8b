"""Place cameras. `N` views."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from eg3d_flax import GeneratorConfig, camera
from jaxunlearn.limits import MAX_YAW, PITCH

ORBIT_YAW, ORBIT_PITCH = 0.35, 0.15
"""Largest yaw and pitch of an orbit, in radians of the official sampler."""


def field_of_view(config: GeneratorConfig) -> float:
    """Return the field of view of a generator's training cameras in degrees.

    No file of EG3D holds it. The official scripts know the cars by an option. Here they are known by the
    radius of their cameras, which no other released generator has.
    """
    cars = GeneratorConfig.shapenetcars128_64()
    return camera.CARS_FOV if config.avg_camera_radius == cars.avg_camera_radius else camera.FFHQ_FOV


def views(config: GeneratorConfig, yaw: ArrayLike = 0.0, pitch: ArrayLike = 0.0) -> jax.Array:
    """Return labels `[N, 25]` of a generator's average camera, turned by `yaw` and `pitch`.

    Args:
      config: has the pivot and radius of the average camera, and tells its field of view.
      yaw: `[N]` or a number, in radians; see `eg3d_flax.camera.look_at_pose`.
      pitch: `[N]` or a number, in radians.
    """
    pivot, radius, fov = config.avg_camera_pivot, config.avg_camera_radius, field_of_view(config)
    return camera.camera_params(jnp.asarray(yaw), jnp.asarray(pitch), pivot=pivot, radius=radius, fov=fov)


def conditioning_view(config: GeneratorConfig, count: int = 1) -> jax.Array:
    """Return labels `[count, 25]` of the frontal camera, which conditions the mapping network."""
    return jnp.repeat(views(config), count, axis=0)


def random_yaws(key: jax.Array, count: int, max_yaw: float) -> jax.Array:
    """Draw yaws, `[count]` radians, uniformly up to `max_yaw` to either side."""
    return jax.random.uniform(key, (count,), minval=-max_yaw, maxval=max_yaw)


def random_views(
    config: GeneratorConfig, key: jax.Array, count: int, max_yaw: float, pitch: float
) -> jax.Array:
    """Return labels `[count, 25]` of a generator's average camera with random yaws, see `random_yaws`."""
    return views(config, random_yaws(key, count, max_yaw), jnp.full(count, pitch))


def orbit(config: GeneratorConfig, frames: int) -> jax.Array:
    """Return labels `[frames, 25]` of cameras on a closed loop around the frontal camera."""
    phase = 2 * np.pi * np.arange(frames) / frames
    return views(config, ORBIT_YAW * np.sin(phase), ORBIT_PITCH * np.cos(phase))


@dataclasses.dataclass(frozen=True)
class Views:
    """The views that random ones are drawn from; by default those of GUIDE's paper.

    Attributes:
      max_yaw: greatest yaw to either side, in radians; yaws are drawn uniformly.
      pitch: pitch of all views, in radians.
      pivot: the point that cameras look at.
      radius: distance of cameras from the origin.
      fov: field of view of cameras, in degrees.
    """

    max_yaw: float = math.radians(MAX_YAW)
    pitch: float = PITCH
    pivot: tuple[float, float, float] = (0.0, 0.0, 0.2)
    radius: float = 2.7
    fov: float = camera.FFHQ_FOV

    def draw(self, key: jax.Array, count: int) -> jax.Array:
        """Draw yaws, `[count]` radians."""
        return random_yaws(key, count, self.max_yaw)

    def labels(self, yaw: jax.Array) -> jax.Array:
        """Return labels `[N, 25]` of cameras with yaws `[N]`."""
        return camera.camera_params(yaw, self.pitch, pivot=self.pivot, radius=self.radius, fov=self.fov)
