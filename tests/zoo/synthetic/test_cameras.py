"""The renderer's cameras are EG3D's."""

import numpy as np
import pytest

from eg3d_flax.camera import camera_params
from jaxunlearn.zoo.synthetic.cameras import focal_length, look_at, pixel_rays, split_camera
from tests.support.golden import ROOT


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(ROOT / "eg3d" / "camera_utils.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize("number", range(4))
def test_look_at_is_the_official_pose_sampler(golden: dict[str, np.ndarray], number: int) -> None:
    horizontal, vertical = golden["in/hv"][number]
    cam2world, _ = split_camera(look_at(horizontal - np.pi / 2, vertical - np.pi / 2))
    np.testing.assert_allclose(
        cam2world, golden[f"out/cam2world.{number}.pivot"][0], atol=2e-5
    )  # arccos near its end


def test_cameras_are_the_generators() -> None:
    for yaw, pitch in ((0.0, 0.0), (0.5, -0.2), (-0.7, 0.35)):
        np.testing.assert_allclose(look_at(yaw, pitch), camera_params(yaw, pitch)[0], atol=1e-6)


def test_intrinsics_have_the_official_constants(golden: dict[str, np.ndarray]) -> None:
    _, intrinsics = split_camera(look_at(0.0, 0.0))
    np.testing.assert_allclose(intrinsics, golden["out/intrinsics.18.837"], rtol=1e-6)
    assert focal_length(12.0) == pytest.approx(golden["out/intrinsics.12.0"][0, 0])


def test_rays_are_the_official_ray_samplers() -> None:
    with np.load(ROOT / "eg3d" / "ray_sampler.npz") as arrays:
        cameras, origins, directions = arrays["in/c"], arrays["out/origins"], arrays["out/dirs"]
    for number, camera in enumerate(cameras):
        origin, rays = pixel_rays(camera, 8)
        np.testing.assert_allclose(np.broadcast_to(origin, (64, 3)), origins[number], atol=1e-6)
        np.testing.assert_allclose(rays.reshape(-1, 3), directions[number], atol=1e-6)
