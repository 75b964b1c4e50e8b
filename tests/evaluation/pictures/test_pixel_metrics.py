"""MSE, PSNR and SSIM against golden numbers, and what must hold for any pictures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxunlearn.evaluation.pictures.pixel_metrics import HIGHEST_PSNR, pixel_differences
from tests.support.perception_golden import image

GOLDEN = {"mse": 0, "psnr": 1, "ssim": 2, "ssim_uniform": 3}
CASES = {
    "near": ((96, 96), (138.97486255787038, 26.70144107661813, 0.9466005357494792, 0.9437993896296563)),
    "far": ((80, 112), (13123.507477678571, 6.950304378235257, 0.02154129690236693, 0.004103630758263936)),
}
"""Sizes and scikit-image's results, from the goldens of SUGAR's Table 4 (case `metrics`)."""


def levels(picture: np.ndarray) -> np.ndarray:
    """`[C, H, W]` in [-1, 1] → `[H, W, C]` uint8."""
    scaled = np.floor((picture.astype(np.float64) + 1) * 127.5 + 0.5)
    return scaled.clip(0, 255).astype(np.uint8).transpose(1, 2, 0)


@pytest.mark.parametrize("case", CASES)
def test_golden(case):
    size, expected = CASES[case]
    a, b = (image(f"input:metrics:{case}:{side}", (3, *size), seed=6) for side in "ab")
    if case == "near":
        b = np.float32(0.9) * a + np.float32(0.1) * b
    found = pixel_differences(levels(a)[None], levels(b)[None])
    for name, index in GOLDEN.items():
        np.testing.assert_allclose(found[name], expected[index], rtol=1e-6)


pictures = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, (2, 16, 16, 3), np.uint8)
)


@settings(max_examples=30, deadline=None)
@given(images=pictures, others=pictures)
def test_the_order_of_two_pictures_does_not_matter(images, others):
    forth, back = pixel_differences(images, others), pixel_differences(others, images)
    for name in GOLDEN:
        np.testing.assert_allclose(forth[name], back[name], rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(images=pictures)
def test_equal_pictures_stay_finite(images):
    found = pixel_differences(images, images)
    np.testing.assert_array_equal(found["mse"], 0)
    np.testing.assert_array_equal(found["psnr"], HIGHEST_PSNR)
    np.testing.assert_allclose(found["ssim"], 1)
    np.testing.assert_allclose(found["ssim_uniform"], 1)


def test_the_smallest_difference_lies_below_the_highest_psnr():
    images = np.zeros((1, 64, 64, 3), np.uint8)
    others = images.copy()
    others[0, 0, 0, 0] = 1
    assert 0 < pixel_differences(images, others)["psnr"][0] < HIGHEST_PSNR
