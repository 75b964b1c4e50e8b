"""Mean and covariance of features that come a batch at a time."""

import numpy as np
from numpy.typing import ArrayLike

from inception_flax.distances import FeatureStatistics


class RunningStatistics:
    """Add up features in float64, so that those of many images need not be kept.

    Batches are merged around their own means (Chan et al. 1983). Sums of squares around 0 would lose digits.
    Small batches wait for each other: merging a thousand images takes hardly longer than merging one.

    Args:
      wait: number of images that are merged together.
    """

    def __init__(self, wait: int = 1024) -> None:
        self._wait = wait
        self.count = 0
        """Number of images so far."""
        self._waiting: list[np.ndarray] = []
        self._merged = 0
        """Number of images in mean and scatter."""
        self._mean = np.zeros(0)
        self._scatter = np.zeros((0, 0))
        """Sum over images of the outer products of deviations from the mean, `[D, D]`."""

    def add(self, features: ArrayLike) -> None:
        """Add the features `[N, D]` of some images.

        Raises:
          ValueError: if they have another `D` than those before, or one is not finite.
        """
        x = np.array(features, np.float64)  # a copy, since it waits
        size = self._waiting[0].shape[1] if self._waiting else len(self._mean)
        if x.ndim != 2 or (self.count and x.shape[1] != size):
            raise ValueError(f"features must be [N, {size or 'D'}], not {x.shape}")
        if not np.isfinite(x).all():
            raise ValueError("the features contain NaN or infinity")
        if not len(x):
            return
        self._waiting.append(x)
        self.count += len(x)
        if self.count - self._merged >= self._wait:
            self._merge()

    def _merge(self) -> None:
        """Merge the features that wait."""
        if not self._waiting:
            return
        x = np.concatenate(self._waiting)
        self._waiting = []
        mean = x.mean(axis=0)
        deviations = x - mean
        scatter = deviations.T @ deviations
        if not self._merged:
            self._merged, self._mean, self._scatter = len(x), mean, scatter
            return
        total, shift = self._merged + len(x), mean - self._mean
        self._scatter += scatter + np.outer(shift, shift) * (self._merged * len(x) / total)
        self._mean = self._mean + shift * (len(x) / total)
        self._merged = total

    def statistics(self) -> FeatureStatistics:
        """Return mean and covariance (divided by N - 1) of all images so far.

        Raises:
          ValueError: if there are fewer than two.
        """
        if self.count < 2:
            raise ValueError(f"statistics need at least 2 images, not {self.count}")
        self._merge()
        return FeatureStatistics(self._mean, self._scatter / (self.count - 1))
