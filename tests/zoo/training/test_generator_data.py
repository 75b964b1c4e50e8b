"""Batches for the generator are true: points lie on the rays of the pixels that give them their colour."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from jaxunlearn.zoo.synthetic.cameras import pixel_rays, split_camera
from jaxunlearn.zoo.synthetic.photographs import PhotographRequest, Photographs, decode_depth, photograph
from jaxunlearn.zoo.training.generator_data import (
    CLEARANCE,
    SKIN_DEEP,
    Batch,
    Supervision,
    drawn_ahead,
    on_white,
    rays_through,
)

PEOPLE, VIEWS, PIXELS, NEAR, FAR = 2, 2, 64, 2.25, 2.85


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Photographs:
    folder: Path = tmp_path_factory.mktemp("shards")
    return on_white(photograph(PhotographRequest("generator", 3, 3, 32), folder=folder, progress=False))


def supervision(photographs: Photographs, seed: int = 0) -> Supervision:
    return Supervision(photographs, lambda number: 3, PEOPLE, VIEWS, PIXELS, VIEWS, NEAR, FAR, seed)


def pixels_of(points: np.ndarray, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """Pixel coordinates (row, column) [B, V, K, 2] of points, and their distance from the camera."""
    cam2world, intrinsics = split_camera(batch.views.camera)
    offset = points.reshape(PEOPLE, VIEWS, PIXELS, 3) - cam2world[:, :, None, :3, 3]
    local = np.einsum("bvkj,bvji->bvki", offset, cam2world[..., :3, :3])
    depth = np.maximum(local[..., 2:], 1e-6)  # points of pixels without a surface lie in the camera
    image = local[..., :2] / depth * intrinsics[:, :, None, [0, 1], [0, 1]] + 0.5
    return image[..., ::-1] * batch.views.image.shape[2], np.linalg.norm(offset, axis=-1)


def test_white_reaches_the_edge_of_the_head(photographs: Photographs) -> None:
    assert (photographs.image[photographs.coverage == 0] == 255).all()
    assert photographs.image[photographs.coverage == 255].mean() < 200


def test_surface_points_have_the_colour_of_their_pixel(photographs: Photographs) -> None:
    batch = supervision(photographs).batch(0)
    where, _ = pixels_of(batch.points.surface, batch)
    certain = batch.points.certain.reshape(where.shape[:-1]) == 1
    assert certain.mean() > 0.3
    np.testing.assert_allclose((where - np.floor(where))[certain], 0.5, atol=0.01)
    row, column = np.floor(where).astype(int).clip(0, 31).transpose(3, 0, 1, 2)
    pixel_colour = batch.views.image[np.arange(PEOPLE)[:, None, None], np.arange(VIEWS)[:, None], row, column]
    given = batch.points.colour.reshape(pixel_colour.shape)
    np.testing.assert_allclose(given[certain], pixel_colour[certain] / 255, atol=1e-6)


def test_empty_points_lie_in_front_of_what_is_seen(photographs: Photographs) -> None:
    batch = supervision(photographs).batch(1)
    _, to_surface = pixels_of(batch.points.surface, batch)
    _, to_empty = pixels_of(batch.points.empty, batch)
    certain = batch.points.certain.reshape(to_empty.shape) == 1
    solid = batch.points.solid.reshape(to_empty.shape) == 1
    assert (solid <= certain).all()
    assert 0.6 < solid.sum() / certain.sum() < 0.9  # the others take the colour of what they lie before
    gap = (to_surface - to_empty)[solid]
    assert gap.min() > CLEARANCE - 1e-4
    assert (gap < 0.1 + SKIN_DEEP + CLEARANCE).mean() > 0.4  # half of them close to the surface
    assert to_empty[certain].min() > 2.0
    background = (batch.points.free.reshape(to_empty.shape) == 1) & ~certain
    assert (to_empty[background] < FAR).all()


def test_pixels_on_an_edge_say_nothing(photographs: Photographs) -> None:
    batch = supervision(photographs).batch(2)
    where, _ = pixels_of(batch.points.empty, batch)
    row, column = np.floor(where).astype(int).clip(0, 31).transpose(3, 0, 1, 2)
    half_covered = np.zeros(where.shape[:-1], bool)
    for b, z in enumerate(batch.views.z):
        person = int(np.flatnonzero((photographs.z == z).all(1))[0])
        for v, camera in enumerate(batch.views.camera[b]):
            view = int(np.flatnonzero((photographs.camera[person] == camera).all(1))[0])
            at = person, view, row[b, v], column[b, v]
            half_covered[b, v] = (photographs.coverage[at] > 0) & (decode_depth(photographs.depth[at]) == 0)
    assert half_covered.any()
    assert not batch.points.free.reshape(half_covered.shape)[half_covered].any()


def test_a_batch_depends_on_its_number_and_the_seed_alone(photographs: Photographs) -> None:
    first, again = supervision(photographs).batch(5), supervision(photographs).batch(5)
    np.testing.assert_array_equal(first.points.surface, again.points.surface)
    for other in (supervision(photographs).batch(6), supervision(photographs, seed=1).batch(5)):
        assert not np.array_equal(first.points.surface, other.points.surface)


def test_images_are_those_of_the_first_views_alone(photographs: Photographs) -> None:
    whole = supervision(photographs).batch(3)
    fewer = dataclasses.replace(supervision(photographs), shown=1).batch(3)
    np.testing.assert_array_equal(fewer.views.image, whole.views.image[:, :1])
    np.testing.assert_array_equal(fewer.points.surface, whole.points.surface)


def test_nobody_is_drawn_twice_for_a_batch(photographs: Photographs) -> None:
    for number in range(5):
        assert len(np.unique(supervision(photographs).batch(number).views.z, axis=0)) == PEOPLE


def test_rays_of_a_few_pixels_are_those_of_the_image(photographs: Photographs) -> None:
    camera = photographs.camera[:2]
    row, column = np.random.default_rng(0).integers(32, size=(2, 2, 3, 5))
    origin, direction = rays_through(camera, row, column, 32)
    for b, v in np.ndindex(2, 3):
        expected_origin, grid = pixel_rays(camera[b, v], 32)
        np.testing.assert_array_equal(origin[b, v, 0], expected_origin)
        np.testing.assert_allclose(direction[b, v], grid[row[b, v], column[b, v]], atol=1e-6)


def test_batches_that_are_drawn_ahead_are_the_same(photographs: Photographs) -> None:
    batch = supervision(photographs).batch
    with drawn_ahead(batch, 3) as ahead:
        for number in (2, 3, 4, 5):
            np.testing.assert_array_equal(ahead(number).points.surface, batch(number).points.surface)
    with drawn_ahead(batch, 0) as at_once:
        assert at_once == batch
