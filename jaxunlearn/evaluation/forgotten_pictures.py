"""Measure how far the forgotten people's pictures moved, pixel by pixel (SUGAR, Table 4)."""

import numpy as np

from jaxunlearn.evaluation.forgetting_by_judge import number
from jaxunlearn.evaluation.pixel_metrics import pixel_differences
from jaxunlearn.images import to_uint8
from jaxunlearn.models.batched import perceptual_distances
from lpips_flax import LPIPS


def forgotten_pictures(
    perceptual: LPIPS, before: np.ndarray, after: np.ndarray, batch: int
) -> dict[str, float | None]:
    """Compare a person's pictures before and after, view by view.

    Args:
      perceptual: LPIPS.
      before: `[V, R, R, 3]` in [-1, 1], from all views.
      after: as `before`.
      batch: pairs that LPIPS compares at a time.

    Returns:
      Means over the views: `forgotten_lpips`, and `forgotten_mse`, `forgotten_psnr`, `forgotten_ssim`,
      `forgotten_ssim_uniform`, see `pixel_differences`. Each with its standard deviation over the views (n -
      1), such as `forgotten_mse_std`; None for a single view.
    """
    differences = {
        "lpips": perceptual_distances(perceptual, before, after, batch),
        **pixel_differences(to_uint8(before), to_uint8(after)),
    }
    figures: dict[str, float | None] = {}
    for name, values in differences.items():
        figures[f"forgotten_{name}"] = number(np.mean(values))
        figures[f"forgotten_{name}_std"] = number(np.std(values, ddof=1)) if len(values) > 1 else None
    return figures
