"""Compositing: against the official ray marcher, and what holds for any ray."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eg3d_flax.compute import Compute
from eg3d_flax.marching import Samples, interval_weights, march
from eg3d_flax.ordering import ordering, to_original_order, to_sorted_order
from tests.support.golden import golden

CASE = golden("eg3d", "importance")


def passes(density: dict[int, float] | None = None) -> list[Samples]:
    """Coarse samples and fine ones, these not in order; `density` is that of all samples of a ray."""
    first = np.sort(CASE.input("z") + np.float32(2.25), axis=2)[..., 0]
    second = CASE.input("z2")[..., 0] + np.float32(2.25)
    found = []
    for number, depths in ((1, first), (2, second)):
        sigma = np.array(CASE.input(f"s{number}")[..., 0])
        for ray, value in (density or {}).items():
            sigma[:, ray] = value
        found.append(Samples(jnp.asarray(CASE.input(f"c{number}")), jnp.asarray(sigma), jnp.asarray(depths)))
    return found


@pytest.mark.parity
def test_two_passes_in_the_order_of_their_depths():
    rgb, sigma, depths = (
        jnp.concatenate([getattr(samples, name) for samples in passes()], axis=2) for name in Samples._fields
    )
    by = ordering(depths, compared=32)
    colours = jax.vmap(to_sorted_order, (-1, None), -1)(rgb, by)
    CASE.check("unify.colors", colours)
    CASE.check("unify.densities", to_sorted_order(sigma, by)[..., None])
    CASE.check("unify.depths", to_sorted_order(depths, by)[..., None])


@pytest.mark.parity
@pytest.mark.parametrize("white_back", [False, True])
def test_marching_ordinary_and_degenerate_rays(white_back):
    composite = march(passes({0: -1000.0, 1: 1000.0, 2: -60.0}), white_back=white_back)
    name = f"march.wb{int(white_back)}"
    CASE.check(f"{name}.rgb", composite.rgb)
    CASE.check(f"{name}.weights", composite.weights[..., None])
    clamped = jnp.clip(composite.depth, composite.depths.min(), composite.depths.max())
    CASE.check(f"{name}.depth", clamped[..., None])


@pytest.mark.parity
def test_an_empty_ray_keeps_gradients_finite():
    def loss(passes):
        composite = march(passes)
        return composite.rgb.sum() + jnp.clip(composite.depth, 0, 10).sum()

    for gradient in jax.tree.leaves(jax.jit(jax.grad(loss))(passes({0: -1000.0}))):
        assert jnp.isfinite(gradient).all()


@pytest.mark.parametrize(
    "compute",
    [Compute(compared=0), Compute(compared=1000)],
    ids=["sorts", "comparisons"],
)
def test_a_pixel_does_not_depend_on_the_order_of_drawing(compute):
    """Nor do its gradients: both forms of ordering, on samples of which some are at equal depths."""
    rng = np.random.default_rng(3)
    depths = np.round(rng.uniform(2, 3, (4, 9)), 1).astype(np.float32)
    depths.sort()
    rgb, sigma = rng.uniform(size=(4, 9, 5)), rng.normal(size=(4, 9))
    known = Samples(*(jnp.asarray(x, jnp.float32) for x in (rgb, sigma, depths)))
    shuffled = np.argsort(rng.uniform(size=(4, 9)))
    # Samples at one depth stay in their order, as a stable sort has them.
    for row, ray in zip(shuffled, depths, strict=True):
        for depth in ray:
            at = np.flatnonzero(ray[row] == depth)
            row[at] = np.sort(row[at])
    mixed = Samples(*(jnp.stack([x[ray, order] for ray, order in enumerate(shuffled)]) for x in known))

    def loss(samples):
        halves = [Samples(*(x[:, :4] for x in samples)), Samples(*(x[:, 4:] for x in samples))]
        composite = march(halves, compute=compute)
        return jnp.sum(composite.rgb**2) + jnp.sum(composite.depth), composite

    both = jax.jit(jax.value_and_grad(loss, has_aux=True))
    ((_, found), gradient), ((_, wanted), straight) = both(mixed), both(known)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    for name in ("rgb", "sigma"):
        back = np.stack([getattr(straight, name)[ray, order] for ray, order in enumerate(shuffled)])
        np.testing.assert_allclose(getattr(gradient, name), back, atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(
    arrays(np.float32, (3, 7), elements=st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0])),
    st.sampled_from([0, 32]),
)
def test_ordering_is_a_stable_sort_and_comes_back(keys, compared):
    by = ordering(jnp.asarray(keys), compared)
    index = jnp.broadcast_to(jnp.arange(7.0), keys.shape)
    np.testing.assert_array_equal(to_sorted_order(index, by), np.argsort(keys, axis=-1, kind="stable"))
    np.testing.assert_array_equal(to_sorted_order(jnp.asarray(keys), by), np.sort(keys, axis=-1))
    np.testing.assert_array_equal(to_original_order(to_sorted_order(index, by), by), index)


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
    composite = march([Samples(rgb, sigma, jnp.linspace(2, 4, 5)[None])])
    assert composite.weights[0, 1] > 0.99
    assert composite.weights[0, 2:].sum() < 1e-3
    assert 2.5 < composite.depth[0] < 3.0
