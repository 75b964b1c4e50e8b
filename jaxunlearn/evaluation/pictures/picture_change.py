"""How far pictures moved: MSE, PSNR, LPIPS and SSIM of the forgotten people, as in SUGAR's Table 4.

The paper takes a large distance for privacy: then the pictures before say little about those after. It names
neither the form of SSIM nor what its deviations are over.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jaxunlearn.evaluation.pictures.pixel_metrics import pixel_differences
from jaxunlearn.images import to_uint8
from jaxunlearn.models.batched import perceptual_distances
from lpips_flax import LPIPS


def picture_change(perceptual: LPIPS, before: np.ndarray, after: np.ndarray, batch: int) -> dict[str, Any]:
    """Compare a person's pictures before and after, view by view.

    Args:
      perceptual: LPIPS.
      before: `[V, R, R, 3]` in [-1, 1].
      after: as `before`, from the same views.
      batch: images that LPIPS compares at a time.

    Returns:
      `pictures`: their number. `mse`, `psnr`, `ssim`, `ssim_uniform` (on 8 bits, see `pixel_differences`) and
      `lpips`: each with `mean` and `std`, the sample standard deviation over the views (n - 1), which is None
      for one view.
    """
    values = {
        **pixel_differences(to_uint8(before), to_uint8(after)),
        "lpips": perceptual_distances(perceptual, before, after, batch),
    }
    figures: dict[str, Any] = {
        name: {"mean": float(each.mean()), "std": float(each.std(ddof=1)) if len(each) > 1 else None}
        for name, each in values.items()
    }
    return {"pictures": len(before), **figures}


def change_of_all(people: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the change of all pictures of some people together.

    Args:
      people: the result of `picture_change` for each person.

    Returns:
      The same, with mean and deviation over all pictures as if they were of one person; for each figure also
      `std_people`, the sample standard deviation of the people's means, None for one person.
    """
    counts = np.array([person["pictures"] for person in people], np.float64)
    return {
        "pictures": int(counts.sum()),
        **{
            name: _of_all([person[name] for person in people], counts)
            for name in people[0]
            if name != "pictures"
        },
    }


def _of_all(people: Sequence[Mapping[str, float | None]], counts: np.ndarray) -> dict[str, float | None]:
    """Return mean and deviations over all pictures, from each person's mean and deviation."""
    means = np.array([person["mean"] for person in people], np.float64)
    stds = np.array([person["std"] or 0.0 for person in people], np.float64)
    mean, number = float(np.average(means, weights=counts)), counts.sum()
    squares = np.sum((counts - 1) * np.square(stds) + counts * np.square(means - mean))
    return {
        "mean": mean,
        "std": float(np.sqrt(squares / (number - 1))) if number > 1 else None,
        "std_people": float(means.std(ddof=1)) if len(means) > 1 else None,
    }
