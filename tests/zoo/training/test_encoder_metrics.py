"""Errors of latents."""

import jax
import jax.numpy as jnp
import pytest

from jaxunlearn.zoo.metrics.encoder_metrics import latent_error


def test_the_mean_latent_is_wrong_by_the_variance() -> None:
    ws = 3.0 + 2.0 * jax.random.normal(jax.random.key(0), (4000, 1, 5))
    error = latent_error(jnp.full_like(ws, 3.0), ws, jnp.var(ws, axis=(0, 1)).sum())
    assert error.shape == (4000,)
    assert float(error.mean()) == pytest.approx(1, abs=0.01)
