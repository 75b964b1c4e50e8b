"""Distances between two sets of features: Fréchet (FID) and kernel (KID), in NumPy with float64.

Letters: `N`, `M` numbers of images, `D` number of features.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


@dataclasses.dataclass(frozen=True)
class FeatureStatistics:
    """Mean `[D]` and covariance `[D, D]` of a set of features, in float64."""

    mean: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, features: ArrayLike) -> "FeatureStatistics":
        """Compute the statistics of features `[N, D]`; the covariance is divided by N - 1.

        Raises:
          ValueError: if there are fewer than two images, or a feature is not finite.
        """
        x = _finite(features)
        if len(x) < 2:
            raise ValueError(f"features must be [N, D] of at least 2 images, not {x.shape}")
        return cls(x.mean(axis=0), np.atleast_2d(np.cov(x, rowvar=False)))


def _finite(features: ArrayLike) -> np.ndarray:
    """Return features `[N, D]` in float64.

    Raises:
      ValueError: if they have another rank, or are not finite.
    """
    x = np.asarray(features, np.float64)
    if x.ndim != 2:
        raise ValueError(f"features must be [N, D], not {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError("the features contain NaN or infinity")
    return x


def _check_same(first: int, second: int) -> None:
    """Refuse different numbers of features.

    Raises:
      ValueError: naming both.
    """
    if first != second:
        raise ValueError(f"both sets need the same features, not {first} and {second} of them")


def frechet_distance_of_statistics(a: FeatureStatistics, b: FeatureStatistics) -> float:
    """Return the squared Fréchet distance of two Gaussians (Heusel et al. 2017, Eq. 6).

    It is `|μ_a - μ_b|² + Tr(Σ_a + Σ_b - 2 (Σ_a Σ_b)^½)`. The trace of the last root is computed from
    (Σ_a^½ Σ_b Σ_a^½)^½ instead. Its eigenvalues are real and non-negative even for singular covariances, so
    nothing needs to be added to the diagonals.

    Raises:
      ValueError: if the numbers of features differ.
    """
    _check_same(len(a.mean), len(b.mean))
    root = _symmetric_root(a.covariance)
    product = root @ b.covariance @ root
    eigenvalues = np.linalg.eigvalsh((product + product.T) / 2)
    cross = np.sqrt(eigenvalues.clip(min=0)).sum()
    traces = np.trace(a.covariance) + np.trace(b.covariance)
    distance = np.square(a.mean - b.mean).sum() + traces - 2 * cross
    return max(float(distance), 0.0)  # rounding can make it negative


def frechet_distance(features_a: ArrayLike, features_b: ArrayLike) -> float:
    """Return the squared Fréchet distance of two sets of features `[N, D]` and `[M, D]`; 0 for equal sets.

    Raises:
      ValueError: if a set has fewer than two images, a feature is not finite, or the numbers of features
        differ.
    """
    a, b = FeatureStatistics.of(features_a), FeatureStatistics.of(features_b)
    return frechet_distance_of_statistics(a, b)


def _symmetric_root(covariance: np.ndarray) -> np.ndarray:
    eigenvalues, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(eigenvalues.clip(min=0))) @ vectors.T


def kernel_distance(
    features_a: ArrayLike,
    features_b: ArrayLike,
    *,
    subsets: int = 100,
    subset_size: int = 1000,
    paired: bool = False,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the kernel Inception distance (Binkowski et al., ICLR 2018).

    It is the unbiased squared maximum mean discrepancy with the kernel (x·y / D + 1)³, averaged over random
    subsets. Unlike the Fréchet distance, its expectation does not depend on the number of images.

    Args:
      features_a: `[N, D]`.
      features_b: `[M, D]`.
      subsets: number of subsets, at least 2.
      subset_size: images in each subset, at least 2; at most N and M. Subsets of all images are all alike.
      paired: True if row k of both sets shows the same thing. Then no row is in both subsets, since the
        estimate is unbiased only for independent images; subsets have at most half of the images.
      seed: of the random subsets.

    Returns:
      Mean and sample standard deviation (with n - 1) over the subsets.

    Raises:
      ValueError: if a subset would have fewer than two images, paired sets differ in number, there are fewer
        than two subsets, or features are not finite, or not the same in both sets.
    """
    a, b = _finite(features_a), _finite(features_b)
    _check_same(a.shape[1], b.shape[1])
    least = 4 if paired else 2
    if min(len(a), len(b)) < least or (paired and len(a) != len(b)):
        raise ValueError(
            f"the kernel distance needs at least {least} images in each set, not {len(a)} and {len(b)}"
            + ("; paired sets have equally many" if paired else "")
        )
    size = min(subset_size, len(a) // 2) if paired else min(subset_size, len(a), len(b))
    if size < 2:
        raise ValueError(f"subset_size must be at least 2, not {subset_size}")
    if subsets < 2:
        raise ValueError(f"the deviation over subsets needs at least 2 subsets, not {subsets}")
    rng = np.random.default_rng(seed)

    def rows() -> tuple[np.ndarray, np.ndarray]:
        if paired:
            drawn = rng.permutation(len(a))
            return drawn[:size], drawn[size : 2 * size]
        return rng.choice(len(a), size, replace=False), rng.choice(len(b), size, replace=False)

    values = []
    for _ in range(subsets):
        first, second = rows()
        values.append(_squared_discrepancy([a[first], b[second]]))
    return float(np.mean(values)), float(np.std(values, ddof=1))


def _squared_discrepancy(sets: Sequence[np.ndarray]) -> float:
    """Estimate without bias from two sets of the same size; pairs of an image with itself are left out."""
    x, y = sets
    count, dimension = x.shape

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        product = a @ b.T / dimension + 1
        return product * product * product  # a power of arrays is ten times slower

    def within(a: np.ndarray) -> float:
        k = kernel(a, a)
        return (k.sum() - np.trace(k)) / (count * (count - 1))

    return within(x) + within(y) - 2 * kernel(x, y).mean()
