"""Rays against the official sampler, and against the camera that made them."""

import jax.numpy as jnp
import numpy as np
import pytest

from eg3d_flax import camera, rays
from tests.support.golden import golden

CASE = golden("eg3d", "ray_sampler")


@pytest.mark.parity
def test_rays_of_a_camera():
    cam2world, intrinsics = camera.unflatten(jnp.asarray(CASE.input("c")))
    origins, directions = rays.sample_rays(cam2world, intrinsics, 8)
    CASE.check("origins", origins)
    CASE.check("dirs", directions)
    origins, directions = rays.sample_rays(cam2world, intrinsics, 128)
    CASE.check("origins128", origins[:, CASE.input("idx128")])
    CASE.check("dirs128", directions[:, CASE.input("idx128")])


@pytest.mark.parity
def test_skewed_intrinsics():
    cam2world, _ = camera.unflatten(jnp.asarray(CASE.input("c")))
    origins, directions = rays.sample_rays(cam2world, jnp.asarray(CASE.input("K_skew")), 8)
    CASE.check("origins_skew", origins)
    CASE.check("dirs_skew", directions)


def test_a_point_on_a_ray_projects_back_to_its_pixel():
    c = camera.camera_params(yaw=0.3, pitch=-0.2)
    cam2world, intrinsics = camera.unflatten(c)
    origins, directions = rays.sample_rays(cam2world, intrinsics, 16)
    points = np.asarray(origins + 2.5 * directions)[0]
    in_camera = (points - np.asarray(cam2world)[0, :3, 3]) @ np.asarray(cam2world)[0, :3, :3]
    uv = in_camera[:, :2] / in_camera[:, 2:] * np.asarray(intrinsics)[0, 0, 0] + 0.5
    rows, columns = np.divmod(np.arange(256), 16)
    np.testing.assert_allclose(uv, (np.stack([columns, rows], -1) + 0.5) / 16, atol=1e-5)


def test_box_limits_of_known_rays():
    origins = jnp.array([[[0.0, 0.0, 2.0], [0.0, 3.0, 2.0]]])
    directions = jnp.array([[[0.0, 0.0, -1.0], [0.0, 0.0, -1.0]]])
    near, far = rays.box_limits(origins, directions, 1.0)
    np.testing.assert_allclose(near[0, :, 0], [1.5, -1])
    np.testing.assert_allclose(far[0, :, 0], [2.5, -2])
