"""Synthetic people are a deterministic, continuous function of z, the same for every camera."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jaxunlearn.errors import InputError
from jaxunlearn.zoo.synthetic.cameras import FARTHEST, NEAREST, look_at, pixel_rays, split_camera
from jaxunlearn.zoo.synthetic.geometry import build_head
from jaxunlearn.zoo.synthetic.person import LATENT_SIZE, person_from_latent
from jaxunlearn.zoo.synthetic.photographs import (
    MAPPING_VERSION,
    PEOPLE_PER_SHARD,
    PhotographRequest,
    Photographs,
    decode_depth,
    encode_depth,
    photograph,
)
from jaxunlearn.zoo.synthetic.render import Rendering, render
from tests.support.golden import ROOT


def latent(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(LATENT_SIZE).astype(np.float32)


def portrait(z: np.ndarray, yaw: float = 0.0, resolution: int = 48) -> Rendering:
    return render(build_head(person_from_latent(z)), look_at(yaw, 0.0), resolution)


def difference(first: Rendering, second: Rendering) -> float:
    return float(np.abs(first.image - second.image).mean())


def test_the_same_latent_gives_the_same_pixels() -> None:
    np.testing.assert_array_equal(portrait(latent(1)).image, portrait(latent(1)).image)


def test_people_are_still_those_that_the_bundled_models_were_trained_on() -> None:
    """If this fails on purpose, raise MAPPING_VERSION and train the bundled models again."""
    with Image.open(ROOT / "heads" / f"mapping_{MAPPING_VERSION}.png") as golden:
        expected = np.asarray(golden, np.float32) / 255
    images = [portrait(latent(seed), yaw=0.2, resolution=32).image for seed in range(6)]
    assert np.abs(np.concatenate(images, axis=1) - expected).mean() < 0.005


def test_only_the_direction_of_the_latent_counts() -> None:
    """As in EG3D's mapping, which normalises z."""
    assert difference(portrait(latent(1)), portrait(3 * latent(1))) < 1e-3


def test_a_small_step_in_latent_space_is_a_small_step_in_the_image() -> None:
    for seed in range(4):
        z, other = latent(seed), latent(100 + seed)
        near = difference(portrait(z), portrait(z + 0.02 * latent(200 + seed)))
        assert near < 0.15 * difference(portrait(z), portrait(other))


def test_different_people_differ() -> None:
    images = np.stack([portrait(latent(seed)).image for seed in range(8)])
    distance = np.abs(images[:, None] - images[None]).mean((2, 3, 4))
    assert distance[~np.eye(8, dtype=bool)].min() > 0.02


def test_wrong_latents_are_refused() -> None:
    with pytest.raises(InputError, match="shape \\(64,\\)"):
        person_from_latent(np.zeros(63))


def unproject(camera: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Return the world points `[R, R, 3]` at distances `[R, R]` along the rays of the pixel centres."""
    origin, directions = pixel_rays(camera, depth.shape[-1])
    return origin + directions * depth[..., None]


def test_two_views_show_one_surface() -> None:
    """Points on the surface of one view lie on the surface of another view, or behind it."""
    head = build_head(person_from_latent(latent(3)))
    first, second = look_at(-0.15, 0.1), look_at(0.2, -0.1)
    resolution = 96
    one, two = render(head, first, resolution), render(head, second, resolution)
    points = unproject(first, one.depth)[one.depth > 0]
    cam2world, intrinsics = split_camera(second)
    local = (points - cam2world[:3, 3]) @ cam2world[:3, :3]
    image = local[:, :2] / local[:, 2:] * intrinsics[[0, 1], [0, 1]] + 0.5
    column, row = np.floor(image * resolution).astype(int).clip(0, resolution - 1).T
    visible = two.depth[row, column] > 0
    ahead = two.depth[row, column][visible] - np.linalg.norm(points - cam2world[:3, 3], axis=1)[visible]
    assert visible.mean() > 0.9
    assert np.median(np.abs(ahead)) < 0.002  # on the same surface: a pixel is 0.008 wide
    assert (ahead > 0.03).mean() < 0.01  # hardly a point floats in front of it


def test_depth_lies_within_the_rays_and_is_measured_along_them() -> None:
    rendering = portrait(latent(5), resolution=64)
    on_head = rendering.depth > 0
    assert 0.4 < on_head.mean() < 0.9
    assert rendering.depth[on_head].min() > NEAREST
    assert rendering.depth[on_head].max() < FARTHEST
    vertices = build_head(person_from_latent(latent(5))).vertices
    points = unproject(look_at(0.0, 0.0), rendering.depth)[on_head]
    nearest = np.linalg.norm(points[::50, None] - vertices[None], axis=-1).min(1)
    assert np.median(nearest) < 0.012  # about the size of a triangle


def test_stored_depth_is_exact_enough() -> None:
    depth = np.array([0.0, 2.25, 2.7, 3.3])
    np.testing.assert_allclose(decode_depth(encode_depth(depth)), depth, atol=2e-5)
    assert encode_depth(depth)[0] == 0


@pytest.fixture(scope="module")
def album() -> Photographs:
    return photograph(PhotographRequest("album", people=3, views=3, resolution=32), progress=False)


def test_a_person_does_not_depend_on_who_else_is_photographed(album: Photographs) -> None:
    alone = PhotographRequest("album", people=1, views=2, resolution=32, first=2)
    np.testing.assert_array_equal(photograph(alone, progress=False).image[0], album.image[2, :2])


def test_identity_is_independent_of_the_view(album: Photographs) -> None:
    """The latent of a photographed person gives that person back in the photographed pose."""
    head = build_head(person_from_latent(album.z[1]))
    again = render(head, album.camera[1, 0], 32)
    np.testing.assert_array_equal(again.levels, album.image[1, 0])


def test_shards_on_disk_are_used_again(album: Photographs, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("shards")
    request = PhotographRequest("album", people=3, views=3, resolution=32)
    written = photograph(request, folder=folder, progress=False)
    (shard,) = folder.iterdir()
    before = shard.stat().st_mtime_ns
    read = photograph(request, folder=folder, progress=False)
    assert shard.stat().st_mtime_ns == before
    for field in dataclasses.fields(Photographs):
        np.testing.assert_array_equal(getattr(written, field.name), getattr(album, field.name))
        np.testing.assert_array_equal(getattr(read, field.name), getattr(album, field.name))


def test_a_shard_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    savez = np.savez

    def interrupted(file: Any, **arrays: Any) -> None:
        savez(file, **arrays)
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupted)
    with pytest.raises(KeyboardInterrupt):
        photograph(PhotographRequest("album", people=1, views=1, resolution=8), folder=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_processes_give_the_same_people_in_the_same_order() -> None:
    request = PhotographRequest("generator", people=PEOPLE_PER_SHARD + 3, views=1, resolution=8)
    alone, together = (photograph(request, workers=workers, progress=False) for workers in (1, 2))
    np.testing.assert_array_equal(alone.z, together.z)
    np.testing.assert_array_equal(alone.image, together.image)


@pytest.mark.parametrize("wrong", [{"scenario": "nobody"}, {"people": 0}, {"views": 0}, {"resolution": 4}])
def test_wrong_requests_are_refused(wrong: dict) -> None:
    with pytest.raises(InputError, match=r"no scenario|at least"):
        PhotographRequest(**{"scenario": "album", "people": 1, "views": 1, "resolution": 32} | wrong)
