"""Chips are cut where the landmarks say, and the golden's chip comes out of its photograph."""

import jax
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

import dlib_flax
from dlib_flax import CHIP_SIZE, TEMPLATE
from tests.support.golden import ROOT

SIMILARITIES = st.tuples(
    st.floats(-np.pi, np.pi), st.floats(0.3, 5), st.floats(-200, 200), st.floats(-200, 200)
)
_chips = jax.jit(dlib_flax.chips)


def matrix_of(angle: float, scale: float, shift_x: float, shift_y: float) -> np.ndarray:
    """Return `[2, 3]` float64: turn, scale and shift."""
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([rotation, [shift_x, shift_y]])


def mapped(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return points @ matrix[:, :2].T + matrix[:, 2]


def pixel_centres() -> np.ndarray:
    """Return (x, y) of all pixels of a chip, `[150, 150, 2]`."""
    y, x = np.mgrid[:CHIP_SIZE, :CHIP_SIZE]
    return np.stack([x, y], axis=-1)


def test_the_template_is_where_dlib_has_it():
    expected = [(47.549, 46.599), (100.476, 46.599), (74.013, 76.563), (50.415, 103.023), (97.610, 103.023)]
    np.testing.assert_allclose(TEMPLATE, expected, atol=6e-4)


@settings(deadline=None)
@given(st.lists(SIMILARITIES, min_size=3, max_size=3))
def test_similarities_are_recovered(similarities):
    matrices = np.stack([matrix_of(*similarity) for similarity in similarities])
    landmarks = np.stack([mapped(TEMPLATE, matrix) for matrix in matrices])
    fitted = np.asarray(dlib_flax.chip_similarity(landmarks), np.float64)
    for points, matrix, found in zip(landmarks, matrices, fitted, strict=True):
        scale = np.sqrt(np.linalg.det(matrix[:, :2]))
        np.testing.assert_allclose(found[:, :2] @ matrix[:, :2], np.eye(2), atol=1e-5)
        np.testing.assert_allclose(mapped(points, found), TEMPLATE, atol=1e-3 * max(1, 1 / scale))


@settings(deadline=None)
@given(SIMILARITIES, st.integers(0, 1000))
def test_no_other_similarity_fits_better(similarity, seed):
    """At the least squares the residual is orthogonal to all four directions of change."""
    noise = np.random.default_rng(seed).normal(size=(5, 2))
    landmarks = mapped(TEMPLATE + noise, matrix_of(*similarity))
    found = np.asarray(dlib_flax.chip_similarity(landmarks), np.float64)
    residual = mapped(landmarks, found) - TEMPLATE
    centred = landmarks - landmarks.mean(axis=0)
    turned = centred @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    size = np.linalg.norm(centred)
    np.testing.assert_allclose(residual.sum(axis=0), 0, atol=5e-3)
    np.testing.assert_allclose((residual * centred).sum() / size, 0, atol=5e-3)
    np.testing.assert_allclose((residual * turned).sum() / size, 0, atol=5e-3)


@pytest.mark.must  # unoptimised, XLA may round a pixel's number and its weight from two different places
@settings(deadline=None, max_examples=20)
@given(st.floats(-0.5, 0.5), st.floats(0.5, 1.2), st.floats(-5, 5), st.floats(-5, 5))
def test_colours_come_from_where_the_landmarks_say(angle, scale, shift_x, shift_y):
    """On a ramp, bilinear interpolation is exact: a pixel's colour tells its place in the image."""
    height, width = 260, 300
    y, x = np.mgrid[:height, :width].astype(np.float32)
    image = np.stack([x, y, x - y], axis=-1)
    turn = matrix_of(angle, scale, 0, 0)[:, :2]
    centre = np.full(2, (CHIP_SIZE - 1) / 2)
    shift = np.array([width, height]) / 2 + [shift_x, shift_y] - turn @ centre
    matrix = np.column_stack([turn, shift])
    chip = _chips(image[None], mapped(TEMPLATE, matrix)[None])[0]
    places = mapped(pixel_centres(), matrix).clip(0, [width - 1, height - 1])
    np.testing.assert_allclose(chip[..., :2], places, atol=1e-2)
    np.testing.assert_allclose(chip[..., 2], places[..., 0] - places[..., 1], atol=1e-2)


def test_an_upright_face_of_the_right_size_is_only_shifted():
    image = np.random.default_rng(0).integers(0, 256, (2, 200, 170, 3)).astype(np.uint8)
    chips = _chips(image, np.stack([TEMPLATE, TEMPLATE + np.array([-9, 30])]))
    np.testing.assert_allclose(chips[0], image[0, :150, :150], atol=0.05)
    np.testing.assert_allclose(chips[1, :, 9:], image[1, 30:180, :141], atol=0.05)
    np.testing.assert_allclose(chips[1, :, :9], np.broadcast_to(image[1, 30:180, :1], (150, 9, 3)), atol=0.05)


def test_beyond_the_image_the_edge_is_repeated():
    image = np.full((1, 40, 60, 3), [10, 200, 90], np.uint8)
    chip = _chips(image, (TEMPLATE + 500)[None])
    assert chip.dtype == np.float32
    np.testing.assert_allclose(chip, np.broadcast_to([10, 200, 90], chip.shape), rtol=1e-6)


def test_a_face_that_was_not_found_is_nan_and_leaves_the_others():
    image = np.random.default_rng(1).integers(0, 256, (2, 160, 160, 3)).astype(np.uint8)
    landmarks = np.stack([np.full_like(TEMPLATE, np.nan), TEMPLATE + 3])
    chips = _chips(image, landmarks)
    assert np.isnan(chips[0]).all()
    np.testing.assert_allclose(chips[1], _chips(image[1:], landmarks[1:])[0], atol=1e-3)


@pytest.mark.parity
def test_the_goldens_chip_comes_out_of_its_photograph():
    """The landmarks are MTCNN's, with scores over the classes and thresholds 0.6, 0.7, 0.7."""
    eyes, nose = [(203.662, 101.1777), (246.5607, 103.6624)], (224.585, 128.0728)
    landmarks = np.array([*eyes, nose, (201.6819, 140.266), (244.9438, 141.5629)])
    chip = np.asarray(_chips(skimage.data.astronaut()[None], landmarks[None])[0])
    with np.load(ROOT / "dlib" / "dlib.npz") as stored:
        difference = np.abs(np.rint(chip) - stored["astronaut/image"].astype(np.float64))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 5e-3


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"images must be \[B, H, W, 3\], not \[64, 64, 3\]"):
        dlib_flax.chips(np.zeros((64, 64, 3)), TEMPLATE)
    with pytest.raises(ValueError, match=r"landmarks must be \[2, 5, 2\], not \[2, 68, 2\]"):
        dlib_flax.chips(np.zeros((2, 64, 64, 3)), np.zeros((2, 68, 2)))
