"""Similarity and warp give the reference's numbers; boxes obey their invariants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtcnn_flax.alignment import REFERENCE_POINTS, align_face, fit_rotation, fit_similarity, warp
from mtcnn_flax.boxes import calibrated, sides, squares, suppress
from mtcnn_flax.detection import cut_out, pyramid_scales
from tests.support.perception_golden import image, perception_golden

CASE = perception_golden("mtcnn_align")
TAGS = ("plain", "rot", "mirror")


def photo() -> np.ndarray:
    picture = image("input:mtcnn:align_img", (3, 256, 256), CASE.seed)
    pixels = np.floor((picture.astype(np.float64) + 1) * 127.5 + 0.5).clip(0, 255).astype(np.uint8)
    pixels = pixels.transpose(1, 2, 0)
    np.testing.assert_array_equal(pixels[::32, ::32], CASE.arrays["image_probe"])
    return pixels


@pytest.mark.parity
def test_reference_points():
    CASE.check("reference_points", REFERENCE_POINTS, 1e-6, absolute=True)


@pytest.mark.parity
@pytest.mark.parametrize("tag", TAGS)
def test_similarity(tag):
    points = CASE.arrays[f"{tag}.landmarks"]
    CASE.check(f"{tag}.tfm_nonreflective", fit_rotation(points, REFERENCE_POINTS), 1e-4, absolute=True)
    CASE.check(f"{tag}.tfm", fit_similarity(points, REFERENCE_POINTS), 1e-4, absolute=True)


@pytest.mark.parity
@pytest.mark.parametrize("tag", ["plain", "rot"])
def test_warp(tag):
    face = align_face(photo(), CASE.arrays[f"{tag}.landmarks"]).astype(int)
    exact = np.abs(face - CASE.arrays[f"{tag}.warp_cv5"])
    assert exact.max() <= 1
    assert (exact > 0).mean() < 2e-4
    rounded = np.abs(face - CASE.arrays[f"{tag}.warp_cv4"])
    assert rounded.max() <= 3
    assert (rounded > 1).mean() < 1e-3


@given(st.floats(-3, 3), st.floats(0.2, 5), st.floats(-50, 50), st.floats(-50, 50), st.booleans())
def test_similarities_are_recovered_mirrored_ones_too(angle, scale, shift_x, shift_y, mirrored):
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.column_stack([rotation * ([-1, 1] if mirrored else [1, 1]), [shift_x, shift_y]])
    targets = REFERENCE_POINTS @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(fit_similarity(REFERENCE_POINTS, targets), matrix, atol=1e-6 * (1 + scale))


@pytest.mark.parity
def test_shifting_by_whole_pixels_is_exact_and_black_outside():
    pixels = photo()
    moved = warp(pixels, np.array([[1.0, 0, 20], [0, 1.0, -7]]))
    np.testing.assert_array_equal(moved[:, 20:], pixels[7 : 7 + 112, : 112 - 20])
    np.testing.assert_array_equal(moved[:, :20], 0)


def random_boxes(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(-20, 80, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(1, 40, (count, 2))], axis=1), rng.random(count)


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(0, 40), st.floats(0.1, 0.9))
def test_suppression_keeps_the_best_and_nothing_that_overlaps(seed, count, threshold):
    boxes, scores = random_boxes(seed, count)
    kept = suppress(boxes, scores, threshold)
    assert len(set(kept.tolist())) == len(kept) <= count
    if count:
        assert kept[0] == scores.argmax()
        assert (np.diff(scores[kept]) <= 0).all()
    assert len(suppress(boxes[kept], scores[kept], threshold)) == len(kept)


@given(st.integers(0, 1000))
def test_squares_cover_the_longer_side_around_the_same_centre(seed):
    boxes, _ = random_boxes(seed, 5)
    square = squares(boxes)
    assert np.abs(sides(square) - sides(boxes).max(axis=1, keepdims=True)).max() <= 1
    assert np.abs((square[:, :2] + square[:, 2:]) - (boxes[:, :2] + boxes[:, 2:])).max() <= 2
    np.testing.assert_array_equal(calibrated(boxes, np.zeros((5, 4))), boxes)


def test_crops_are_black_beyond_the_image():
    pixels = np.full((20, 30, 3), 200, np.uint8)
    crop = cut_out(pixels, np.array([-10.0, -10.0, 9.0, 9.0]), 20)
    np.testing.assert_array_equal(crop[10:, 10:], 200)
    np.testing.assert_array_equal(crop[:10], 0)
    np.testing.assert_array_equal(crop[:, :10], 0)
    np.testing.assert_array_equal(cut_out(pixels, np.array([100.0, 100.0, 119.0, 119.0]), 24), 0)


def test_pyramid_ends_where_the_image_is_smaller_than_a_cell():
    scales = pyramid_scales(512, 300, 20)
    assert scales[0] == pytest.approx(0.6)
    assert 300 * scales[-1] > 12 >= 300 * scales[-1] * 0.707
    assert pyramid_scales(19, 400, 20) == []
