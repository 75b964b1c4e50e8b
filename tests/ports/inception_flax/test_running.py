"""Statistics of features that come a batch at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inception_flax import FeatureStatistics, RunningStatistics


@settings(deadline=None, max_examples=30)
@given(
    st.integers(2, 30),
    st.integers(1, 6),
    st.lists(st.integers(0, 30), max_size=4),
    st.sampled_from([1, 3, 10, 1024]),
    st.integers(0, 99),
)
def test_batches_give_the_statistics_of_all(count, dimension, cuts, wait, seed):
    """Also with an empty batch, a single image first, and a mean far from 0."""
    x = 1e5 + np.random.default_rng(seed).normal(size=(count, dimension))
    running = RunningStatistics(wait)
    for part in np.split(x, sorted(min(cut, count) for cut in cuts)):
        running.add(part)
        part[:] = 0  # whoever gave it may use its memory again
    x = 1e5 + np.random.default_rng(seed).normal(size=(count, dimension))
    statistics, expected = running.statistics(), FeatureStatistics.of(x)
    assert running.count == count
    np.testing.assert_allclose(statistics.mean, expected.mean, rtol=1e-13)
    np.testing.assert_allclose(statistics.covariance, expected.covariance, atol=1e-8)


def test_what_is_no_set_of_features_is_refused():
    running = RunningStatistics()
    running.add(np.zeros((1, 3)))
    for wrong in (np.zeros((2, 4)), np.zeros(3), np.full((1, 3), np.nan)):
        with pytest.raises(ValueError, match="features"):
            running.add(wrong)
    with pytest.raises(ValueError, match="at least 2 images, not 1"):
        running.statistics()
