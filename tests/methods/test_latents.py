"""Targets and offsets in latent space: what their definitions promise, for any latents."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from jaxunlearn.methods import latents
from jaxunlearn.models.loading import median_radius


def people(seed: int, count: int = 3) -> tuple[jnp.ndarray, jnp.ndarray]:
    rng = np.random.default_rng(seed)
    return jnp.asarray(rng.normal(size=(count, 14, 8)), jnp.float32), jnp.asarray(
        rng.normal(size=8), jnp.float32
    )


def length(x: ArrayLike) -> np.ndarray:
    return np.sqrt(np.sum(np.square(np.asarray(x, np.float64)), axis=(-2, -1)))


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**16), d=st.floats(0.5, 60))
def test_the_extrapolated_target_lies_opposite_at_distance_d(seed, d):
    ws, w_avg = people(seed)
    offset = np.asarray(latents.extrapolated_target(ws, w_avg, d) - w_avg)
    np.testing.assert_allclose(length(offset), d, rtol=1e-4)
    own = np.asarray(ws - w_avg)
    cosine = (offset * own).sum((1, 2)) / (length(offset) * length(own))
    np.testing.assert_allclose(cosine, -1, atol=1e-4)


def test_interpolation_joins_the_person_and_the_mean():
    ws, w_avg = people(0)
    np.testing.assert_allclose(latents.interpolated_target(ws, w_avg, 0.0), ws)
    np.testing.assert_allclose(
        latents.interpolated_target(ws, w_avg, 1.0), latents.mean_target(ws, w_avg), atol=1e-6
    )


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**16))
def test_adjacent_offsets_are_as_long_as_asked(seed):
    ws, _ = people(seed, 1)
    others, _ = people(seed + 1, 4)
    alpha = jnp.array([0.0, 0.5, 3.0, 15.0])
    offsets = latents.adjacent_offsets(ws[0], others, alpha)
    np.testing.assert_allclose(length(offsets), alpha, rtol=1e-4, atol=1e-6)
    over_batch = latents.adjacent_offsets(ws[0], others, alpha, norm_over="batch")
    np.testing.assert_allclose(
        length(over_batch),
        alpha * length(others - ws[0]) / np.sqrt((length(others - ws[0]) ** 2).sum()),
        rtol=1e-4,
    )


def test_median_radius():
    w_avg = jnp.zeros(4)
    ws = jnp.stack([jnp.full((1, 4), r / 2) for r in (1.0, 2.0, 9.0)])
    assert median_radius(ws, w_avg) == pytest.approx(2.0)


def test_one_person_who_is_the_mean_face_is_enough_to_refuse_all():
    ws = people(0)[0].at[2].set(1.5)
    assert not latents.any_is_mean(ws, jnp.zeros(8))
    assert latents.any_is_mean(ws, ws[1])
    assert latents.any_is_mean(ws, ws[1] * (1 + 1e-5))
    assert latents.any_is_mean(ws, jnp.full(8, 1.5))


def test_the_first_latents_that_are_listed_twice():
    ws = np.random.default_rng(0).standard_normal((5, 2, 3), np.float32)
    assert latents.repeated(ws) is None
    ws[4] = ws[1]
    ws[3] = ws[1]
    assert latents.repeated(ws) == (1, 3)


def test_latents_that_differ_by_rounding_are_listed_twice():
    ws = np.random.default_rng(0).standard_normal((4, 2, 3), np.float32)
    ws[0] = np.nan  # not known
    ws[3] = ws[1] * (1 + 1e-5)
    assert latents.repeated(ws) == (1, 3)
    ws[3] = ws[1] * (1 + 1e-2)
    assert latents.repeated(ws) is None
