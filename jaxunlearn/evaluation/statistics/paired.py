"""Compare two runs by the same people's figures."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from jaxunlearn.evaluation.statistics.intervals import RESAMPLES, bootstrap, finite

PERMUTATIONS = 9999
"""Random changes of signs; up to 13 people all changes are counted instead."""


class PairedDifference(NamedTuple):
    """Difference of the second run from the first over the same people."""

    first: float
    """Mean over people in the first run."""

    second: float
    """Mean over people in the second run."""

    difference: float
    """`second` - `first`."""

    low: float | None
    """Lower end of the difference's bootstrap interval of 95 %; None for one person."""

    high: float | None
    p: float
    """Probability of a difference at least this large, in either direction, between runs that are alike."""

    n: int
    """Number of people."""


def compare_pairs(
    first: Sequence[float] | np.ndarray,
    second: Sequence[float] | np.ndarray,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PairedDifference:
    """Compare two runs by the figures of the same people, with an interval and a permutation test.

    If the runs are alike, each person's two figures could as well be swapped. The test swaps them at random
    (Fisher 1935). It assumes no distribution. Of true and false it is the exact test of McNemar (1947).

    Args:
      first: `[N]`, a figure of each person in the first run; or true and false.
      second: `[N]`, the same people in the second run.
      resamples: draws of people for the interval.
      seed: of draws and swaps.

    Raises:
      ValueError: if the runs have different numbers of people, nobody, or a figure that is not finite.
    """
    a, b = finite(first), finite(second)
    if len(a) != len(b):
        raise ValueError(f"the first run has {len(a)} people, but the second {len(b)}")
    difference = b - a
    low, high = bootstrap(difference, resamples=resamples, seed=seed)
    return PairedDifference(
        first=float(a.mean()),
        second=float(b.mean()),
        difference=float(difference.mean()),
        low=low,
        high=high,
        p=_sign_flip(difference, seed),
        n=len(a),
    )


def _sign_flip(difference: np.ndarray, seed: int) -> float:
    """Return the two-sided p-value of the mean difference `[N]` when signs are random."""
    changed = difference[difference != 0]  # the sign of 0 changes nothing
    if not len(changed):
        return 1.0
    if len(changed) == 1:  # scipy refuses one pair; both signs are as far from zero
        return 1.0
    outcome = stats.permutation_test(
        (changed,),
        np.sum,
        permutation_type="samples",
        n_resamples=PERMUTATIONS,
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return float(outcome.pvalue)
