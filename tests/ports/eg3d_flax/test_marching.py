"""Compositing: against the official ray marcher, and what holds for any ray."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eg3d_flax.marching import interval_weights, march, merge_by_depth
from golden import golden

CASE = golden("eg3d", "importance")


def merged() -> tuple[jax.Array, jax.Array, jax.Array]:
    first = np.sort(CASE.input("z") + np.float32(2.25), axis=2)[..., 0]
    second = CASE.input("z2")[..., 0] + np.float32(2.25)
    return merge_by_depth(
        (jnp.asarray(CASE.input("c1")), jnp.asarray(CASE.input("c2"))),
        (jnp.asarray(CASE.input("s1")[..., 0]), jnp.asarray(CASE.input("s2")[..., 0])),
        (jnp.asarray(first), jnp.asarray(second)),
    )


def test_two_passes_are_merged_by_depth():
    rgb, sigma, depths = merged()
    CASE.check("unify.colors", rgb)
    CASE.check("unify.densities", sigma[..., None])
    CASE.check("unify.depths", depths[..., None])


@pytest.mark.parametrize("white_back", [False, True])
def test_marching_ordinary_and_degenerate_rays(white_back):
    rgb, sigma, depths = merged()
    for ray, density in enumerate([-1000.0, 1000.0, -60.0]):
        sigma = sigma.at[:, ray].set(density)
    composite = march(rgb, sigma, depths, white_back=white_back)
    name = f"march.wb{int(white_back)}"
    CASE.check(f"{name}.rgb", composite.rgb)
    CASE.check(f"{name}.weights", composite.weights[..., None])
    clamped = jnp.clip(composite.depth, depths.min(), depths.max())
    CASE.check(f"{name}.depth", clamped[..., None])


def test_an_empty_ray_keeps_gradients_finite():
    rgb, sigma, depths = merged()
    sigma = sigma.at[:, 0].set(-1000.0)

    def loss(sigma, depths):
        composite = march(rgb, sigma, depths)
        return composite.rgb.sum() + jnp.clip(composite.depth, 0, 10).sum()

    for gradient in jax.grad(loss, (0, 1))(sigma, depths):
        assert jnp.isfinite(gradient).all()


@settings(deadline=None, max_examples=100)
@given(
    arrays(np.float32, (2, 8), elements=st.floats(-100, 100, width=32)),
    arrays(np.float32, (2, 8), elements=st.floats(0, 10, width=32)),
)
def test_weights_are_a_sub_probability(sigma, depths):
    weights = np.asarray(interval_weights(jnp.asarray(sigma), jnp.asarray(np.sort(depths))))
    assert (weights >= 0).all()
    assert (weights.sum(-1) <= 1 + 1e-5).all()


def test_an_opaque_wall_hides_what_is_behind():
    sigma = jnp.array([[-20.0, -20.0, 60.0, 60.0, 60.0]])
    rgb = jnp.stack([jnp.linspace(0, 1, 5)] * 3, -1)[None]
    composite = march(rgb, sigma, jnp.linspace(2, 4, 5)[None])
    assert composite.weights[0, 1] > 0.99
    assert composite.weights[0, 2:].sum() < 1e-3
    assert 2.5 < composite.depth[0] < 3.0
