"""Mean over people, with its bootstrap interval."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy import stats

LEVEL = 0.95
"""Confidence level of all intervals."""

RESAMPLES = 2000
_AT_ONCE = 200
"""Resamples computed at a time, to save memory."""


class Interval(NamedTuple):
    """Mean of a figure over people. Deviation and interval are None where `n` is below 2."""

    mean: float
    std: float | None
    """Sample standard deviation, with n - 1."""

    low: float | None
    high: float | None
    n: int
    """Number of people."""

    worst: float
    """The worst person's figure."""


def interval_of(
    values: Sequence[float] | np.ndarray,
    *,
    worst: Literal["highest", "lowest"] = "highest",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Return the mean over people, with a bootstrap interval of 95 % (Efron 1987, BCa).

    People are drawn with replacement. The interval says how the mean would vary with other people of the same
    kind. With fewer than about ten people it is too narrow, like every bootstrap interval.

    Args:
      values: `[N]`, a figure of each person.
      worst: whether the highest or the lowest figure is the worst one.
      resamples: number of draws of `N` people.
      seed: of the draws; the same values and seed give the same interval.

    Raises:
      ValueError: if there are no values, or one is not finite.
    """
    x = finite(values)
    low, high = bootstrap(x, resamples=resamples, seed=seed)
    return Interval(
        mean=float(x.mean()),
        std=float(x.std(ddof=1)) if len(x) > 1 else None,
        low=low,
        high=high,
        n=len(x),
        worst=float(x.max() if worst == "highest" else x.min()),
    )


def bootstrap(
    values: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float] | tuple[None, None]:
    """Return the ends of the BCa interval of the mean of values `[N]`; (None, None) if `N` is below 2."""
    if len(values) < 2:
        return None, None
    if np.ptp(values) == 0:  # every resample has the same mean, and BCa would divide by zero
        return float(values[0]), float(values[0])
    mean, spread = values.mean(), values.std()
    ends = stats.bootstrap(
        ((values - mean) / spread,),
        _rounded_mean,
        n_resamples=resamples,
        batch=_AT_ONCE,
        confidence_level=LEVEL,
        method="BCa",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(mean + spread * ends.low), float(mean + spread * ends.high)


def _rounded_mean(values: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the mean, equal for equal people in any order: BCa counts the draws below the mean itself."""
    return np.round(np.mean(values, axis=axis), 10)


def finite(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return values as float64 `[N]`.

    Raises:
      ValueError: if there are none, or one is not finite.
    """
    x = np.asarray(values, np.float64)
    if x.ndim != 1 or not len(x) or not np.isfinite(x).all():
        raise ValueError(f"expected a list of at least one finite number, not an array of shape {x.shape}")
    return x
