"""Measure how far pictures differ, pixel by pixel: MSE, PSNR and SSIM on 8 bits (SUGAR, Table 4)."""

from typing import Any

import chex
import numpy as np
from skimage.metrics import structural_similarity

HIGHEST_PSNR = 100.0
"""PSNR of equal pictures, in decibels: infinity would spoil a mean."""


def pixel_differences(images: np.ndarray, others: np.ndarray) -> dict[str, np.ndarray]:
    """Compare pictures pair by pair.

    Args:
      images: `[N, H, W, 3]` uint8.
      others: as `images`.

    Returns:
      Arrays `[N]`. `mse`: of levels 0 to 255. `psnr`: in decibels, at most `HIGHEST_PSNR`. `ssim`: as in Wang
      et al. (2004), with a Gaussian window of 11 pixels, each colour by itself. `ssim_uniform`:
      scikit-image's default, with a uniform window of 7 pixels and sample covariance. The paper does not say
      which form it used.
    """
    chex.assert_rank([images, others], 4)
    chex.assert_equal_shape([images, others])
    squared = np.mean(np.square(images.astype(np.float64) - others), axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        psnr = np.minimum(10 * np.log10(255**2 / squared), HIGHEST_PSNR)

    def ssim(**form: Any) -> np.ndarray:
        pairs = zip(images, others, strict=True)
        return np.array(
            [structural_similarity(*pair, channel_axis=-1, data_range=255, **form) for pair in pairs]
        )

    gaussian = ssim(gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    return {"mse": squared, "psnr": psnr, "ssim": gaussian, "ssim_uniform": ssim()}
