"""Means over people with bootstrap intervals, and shares of people."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from jaxunlearn.evaluation.statistics import Interval, interval_of, share_of

FIGURES = st.lists(st.integers(-100, 100).map(lambda x: x / 100), min_size=2, max_size=30)
few = settings(max_examples=25, deadline=None)


def ends(interval: Interval) -> tuple[float, float]:
    assert interval.low is not None
    assert interval.high is not None
    return interval.low, interval.high


def test_deviation_has_n_minus_1():
    interval = interval_of([0.1, 0.4, 0.7])
    assert interval.mean == pytest.approx(0.4)
    assert interval.std == pytest.approx(0.3)
    assert interval.n == 3


def test_the_interval_covers_the_true_mean_as_often_as_it_says():
    """200 draws of 40 people; 95 % of their intervals, less the known 1 to 2 % of small samples."""
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(200):
        low, high = ends(interval_of(rng.normal(0.3, 0.2, 40), resamples=400, seed=seed))
        covered += low <= 0.3 <= high
    assert 0.89 <= covered / 200 <= 0.985


def test_of_many_people_it_is_the_normal_interval():
    x = np.random.default_rng(1).normal(0, 1, 2000)
    expected = stats.norm.interval(0.95, x.mean(), x.std(ddof=1) / np.sqrt(len(x)))
    assert ends(interval_of(x)) == pytest.approx(expected, abs=0.004)


@few
@given(FIGURES, st.integers(0, 3))
def test_the_interval_contains_the_mean_and_lies_within_the_people(values, seed):
    interval = interval_of(values, resamples=200, seed=seed)
    low, high = ends(interval)
    assert min(values) - 1e-9 <= low <= interval.mean + 1e-9
    assert interval.mean - 1e-9 <= high <= max(values) + 1e-9
    assert interval == interval_of(values, resamples=200, seed=seed)


@few
@given(st.integers(0, 999), st.integers(2, 30), st.integers(-5, 5))
def test_a_shift_of_everybody_shifts_the_interval(draw, people, shift):
    values = np.random.default_rng(draw).normal(size=people)
    before, after = (interval_of(x, resamples=200, seed=1) for x in (values, values + shift))
    for name in ("mean", "low", "high", "worst"):
        assert getattr(after, name) == pytest.approx(getattr(before, name) + shift, abs=1e-9), name
    assert after.std == pytest.approx(before.std, abs=1e-9)


def test_which_end_is_worst():
    values = [0.2, 0.9, -0.4]
    assert interval_of(values).worst == 0.9
    assert interval_of(values, worst="lowest").worst == -0.4


def test_one_person_has_no_interval():
    assert interval_of([0.5]) == (0.5, None, None, None, 1, 0.5)


@pytest.mark.parametrize("values", [[], [0.1, float("nan")], [[0.1]]])
def test_what_is_no_list_of_figures_is_refused(values):
    with pytest.raises(ValueError, match="at least one finite number"):
        interval_of(values)


def test_shares_have_wilson_intervals():
    """Values of Newcombe (1998), Table I, method 3; the interval of 10 of 10 is not a point."""
    share = share_of(81, 263)
    assert share.share == pytest.approx(0.3080, abs=5e-5)
    assert (share.low, share.high) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))
    share = share_of(15, 148)
    assert (share.low, share.high) == (pytest.approx(0.0624, abs=5e-5), pytest.approx(0.1605, abs=5e-5))
    assert share_of(10, 10).low == pytest.approx(0.7225, abs=5e-5)
    assert share_of(0, 0) == (None, None, None, 0, 0)
    with pytest.raises(ValueError, match="5 of 4 people"):
        share_of(5, 4)
