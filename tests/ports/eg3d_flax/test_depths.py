"""Sampling along rays: against the official pieces, and what holds for any weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eg3d_flax.compute import Compute
from eg3d_flax.depths import cumulative, importance_depths, sample_pdf, stratified_depths
from tests.support.golden import golden

CASE = golden("eg3d", "importance")


def case_depths() -> np.ndarray:
    return np.sort(CASE.input("z") + np.float32(2.25), axis=2)[..., 0]


def case_weights() -> np.ndarray:
    weights = CASE.input("w")
    weights = weights * (weights > 0.5)
    weights[:, 0] = 0
    return weights[..., 0]


@pytest.mark.parity
@pytest.mark.parametrize(
    "compute", [Compute(compared=0), Compute(compared=1000)], ids=["gathers", "compares"]
)
def test_importance_samples(compute):
    u = jnp.asarray(CASE.input("imp.u_fine"))[None]
    depths = importance_depths(jnp.asarray(case_depths()), jnp.asarray(case_weights()), u, compute)
    CASE.check("sample_importance", depths[..., None])


@pytest.mark.parity
def test_quantiles_of_a_density():
    u = jnp.broadcast_to(jnp.linspace(0, 1, 7), (6, 7))
    weights, bins = case_weights()[0, :, :-1], case_depths()[0, :, 1:]
    found = np.array(sample_pdf(jnp.asarray(bins), jnp.asarray(weights), u))
    # u = 1 falls on the last edge of the CDF. Where the last interval is empty, the rounding of the sum
    # decides which of its two ends comes out; the renderer draws u < 1 and never meets this.
    empty = weights[:, -1] == 0
    ends = np.abs(found[empty, -1:] - bins[empty, -2:]).min(axis=1)
    np.testing.assert_allclose(ends, 0, atol=2e-5)
    found[empty, -1] = CASE.output("sample_pdf_det")[empty, -1]
    CASE.check("sample_pdf_det", found)


@pytest.mark.parity
def test_importance_samples_carry_no_gradient():
    def total(depths, weights):
        return importance_depths(depths, weights, jnp.full((1, 6, 7), 0.3)).sum()

    gradients = jax.grad(total, (0, 1))(jnp.asarray(case_depths()), jnp.asarray(case_weights()))
    assert all((g == 0).all() for g in gradients)


NONNEGATIVE = arrays(np.float32, (3, 9), elements=st.floats(0, 1e4, width=32))


@settings(deadline=None, max_examples=100)
@given(NONNEGATIVE)
def test_the_cdf_is_monotone_and_reaches_one(weights):
    cdf = np.asarray(cumulative(jnp.asarray(weights)))
    assert (cdf[:, 0] == 0).all()
    assert (np.diff(cdf) >= 0).all()
    np.testing.assert_allclose(cdf[:, -1], 1, atol=1e-5)


@settings(deadline=None, max_examples=50)
@given(NONNEGATIVE, arrays(np.float32, (3, 5), elements=st.floats(0, 1, width=32, exclude_max=True)))
def test_samples_stay_inside_the_bins(weights, u):
    bins = jnp.broadcast_to(jnp.linspace(2.25, 3.3, 10), (3, 10))
    samples = sample_pdf(bins, jnp.asarray(weights), jnp.asarray(u))
    assert (samples >= 2.25 - 1e-4).all()
    assert (samples <= 3.3 + 1e-4).all()


@settings(deadline=None, max_examples=50)
@given(
    arrays(np.float32, (2, 6), elements=st.floats(0, 1, width=32, exclude_max=True)),
    st.booleans(),
)
def test_stratified_depths_increase_and_stay_in_their_bins(jitter, disparity):
    depths = np.asarray(stratified_depths(2.0, 4.0, jnp.asarray(jitter), disparity=disparity))
    assert (np.diff(depths) >= -1e-5).all()
    position = (1 / 2.0 - 1 / depths) / (1 / 2.0 - 1 / 4.0) if disparity else (depths - 2) / 2
    np.testing.assert_allclose(position * 5 - np.arange(6), jitter, atol=1e-4)
