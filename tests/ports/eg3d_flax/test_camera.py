"""Poses and intrinsics against the official helpers, and what any pose must satisfy."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eg3d_flax import camera
from tests.support.golden import golden

CASE = golden("eg3d", "camera_utils")
HV = CASE.entry["options"]["hv"]


@pytest.mark.parity
@pytest.mark.parametrize("index", range(len(HV)))
def test_look_at_poses(index):
    yaw, pitch = (np.array(HV[index]) - np.pi / 2).tolist()
    looking_at_origin = camera.look_at_pose(yaw, pitch, pivot=(0, 0, 0))
    CASE.check(f"cam2world.{index}.pivot", camera.look_at_pose(yaw, pitch, pivot=(0, 0, 0.2)))
    CASE.check(f"cam2world.{index}.origin", looking_at_origin)
    CASE.check(f"gauss.{index}", looking_at_origin)


@pytest.mark.parity
@pytest.mark.parametrize("fov", CASE.entry["options"]["fov_deg"])
def test_intrinsics(fov):
    CASE.check(f"intrinsics.{fov}", camera.intrinsics_from_fov(fov))


def test_label_joins_and_splits():
    c = camera.camera_params(yaw=jnp.array([0.1, -0.2]), pitch=-0.2)
    assert c.shape == (2, 25)
    cam2world, intrinsics = camera.unflatten(c)
    np.testing.assert_array_equal(camera.flatten(cam2world, intrinsics), c)
    np.testing.assert_array_equal(cam2world[1], camera.look_at_pose(-0.2, -0.2)[0])


def test_pivots_and_radii_of_a_batch():
    pivots, radii = np.array([[0, 0, 0.2], [0.1, 0, 0], [0, 0.3, 0]]), np.array([2.0, 2.7, 3.0])
    c = camera.camera_params(0.1, -0.2, pivot=pivots)
    assert c.shape == (3, 25)
    for k, pivot in enumerate(pivots):
        np.testing.assert_array_equal(c[k], camera.camera_params(0.1, -0.2, pivot=pivot)[0])
    np.testing.assert_array_equal(
        camera.look_at_pose(0.1, 0.0, pivots, radii)[2], camera.look_at_pose(0.1, 0.0, pivots[2], 3.0)[0]
    )


def test_a_positive_yaw_moves_the_camera_to_its_right():
    right = np.asarray(camera.look_at_pose(0.0, 0.0)[0])[:3, 0]
    frontal, turned = (np.asarray(camera.look_at_pose(yaw, 0.0)[0])[:3, 3] for yaw in (0.0, 0.5))
    assert (turned - frontal) @ right > 0


@settings(deadline=None, max_examples=50)
@given(
    yaw=st.floats(-1.4, 1.4),
    pitch=st.floats(-1.2, 1.2),
    height=st.floats(-0.3, 0.3),
    radius=st.floats(1.0, 5.0),
)
def test_a_pose_is_a_rotation_that_faces_the_pivot(yaw, pitch, height, radius):
    pivot = np.array([0.0, height, 0.2])
    pose = np.asarray(camera.look_at_pose(yaw, pitch, pivot, radius)[0])
    rotation, position = pose[:3, :3], pose[:3, 3]
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(3), atol=2e-6)
    assert np.linalg.det(rotation) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(position) == pytest.approx(radius, rel=1e-5)
    towards = (pivot - position) / np.linalg.norm(pivot - position)
    np.testing.assert_allclose(rotation[:, 2], towards, atol=1e-5)
    assert rotation[1, 1] < 0  # the image's y axis points down
