"""Two runs over the same people."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from jaxunlearn.evaluation.statistics import compare_pairs

PAIRS = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=1, max_size=12)


def p_value(outcome: Any) -> float:
    return outcome.pvalue


def test_p_is_the_share_of_all_swaps_that_are_as_far():
    """Three people, all worse: 2 of 8 swaps have a difference at least as large."""
    paired = compare_pairs([0.1, 0.2, 0.3], [0.2, 0.4, 0.8])
    assert paired.difference == pytest.approx(0.8 / 3)
    assert (paired.first, paired.second, paired.n) == (pytest.approx(0.2), pytest.approx(1.4 / 3), 3)
    assert paired.p == pytest.approx(0.25)


def test_pairs_find_what_means_hide():
    """Everybody differs by more than the runs do; scipy's t-tests say the same."""
    rng = np.random.default_rng(0)
    first = rng.normal(0, 1, 30)
    second = first + rng.normal(0.1, 0.1, 30)
    paired = compare_pairs(first, second)
    assert paired.p < 0.001
    assert p_value(stats.ttest_rel(first, second)) < 0.001
    assert p_value(stats.ttest_ind(first, second)) > 0.1
    assert paired.low is not None
    assert paired.high is not None
    assert 0 < paired.low < 0.1 < paired.high < 0.2


def test_p_of_many_people_is_that_of_the_t_test():
    first, second = np.random.default_rng(3).normal(0, 1, (2, 60))
    assert compare_pairs(first, second).p == pytest.approx(p_value(stats.ttest_rel(first, second)), abs=0.02)


def test_true_and_false_are_compared_as_by_mcnemar():
    """Forgotten by one run only: 1 and 8 of 20 people."""
    first = [True] * 4 + [True] + [False] * 8 + [False] * 7
    second = [True] * 4 + [False] + [True] * 8 + [False] * 7
    paired = compare_pairs(first, second)
    assert paired.p == pytest.approx(stats.binomtest(1, 9).pvalue)
    assert paired.difference == pytest.approx(7 / 20)


@settings(max_examples=25, deadline=None)
@given(PAIRS)
def test_swapped_runs_differ_by_the_opposite(pairs):
    first, second = np.array(pairs, float).T / 50
    forward, backward = compare_pairs(first, second), compare_pairs(second, first)
    assert backward.difference == pytest.approx(-forward.difference, abs=1e-12)
    assert backward.p == pytest.approx(forward.p, abs=1e-12)
    assert 0 < forward.p <= 1
    assert forward == compare_pairs(first, second)


def test_equal_runs_do_not_differ():
    assert compare_pairs([0.3, 0.4], [0.3, 0.4]) == (0.35, 0.35, 0, 0, 0, 1, 2)


def test_other_people_are_refused():
    with pytest.raises(ValueError, match="first run has 2 people, but the second 1"):
        compare_pairs([0.1, 0.2], [0.1])
