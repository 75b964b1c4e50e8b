"""Lookup and decoder in one kernel, interpreted here, against the same in operations.

`test_renderer` holds whole renderings in this form against the official renderer.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from eg3d_flax.compute import Compute
from eg3d_flax.config import GeneratorConfig, PlaneAxes
from eg3d_flax.decoder import OSGDecoder
from eg3d_flax.renderer import decode_points, merged_texels

POINTS = 700
"""More than one tile of points, and no whole number of them."""


def points(images: int = 2) -> jax.Array:
    """Most inside of the planes' cube, some outside."""
    return jax.random.uniform(jax.random.key(0), (images, POINTS, 3), minval=-0.6, maxval=0.6)


def planes(images: int = 2) -> jax.Array:
    return jax.random.normal(jax.random.key(1), (images, 3, 9, 9, 8))


def decoder() -> OSGDecoder:
    made = OSGDecoder(8, hidden_dim=16, decoder_output_dim=4, rngs=nnx.Rngs(0))
    graph, layers = nnx.split(made)
    return nnx.merge(graph, jax.tree.map(lambda x: x + jax.random.normal(jax.random.key(2), x.shape), layers))


def decoded(compute: Compute, planes, points, decoder, plane_axes: PlaneAxes = "eg3d"):
    config = GeneratorConfig(plane_axes=plane_axes)
    return decode_points(merged_texels(planes, config, compute), points, decoder, config, compute)


@pytest.mark.parametrize("plane_axes", ["eg3d", "fixed"])
def test_two_and_three_planes(plane_axes):
    given = planes(), points(), decoder(), plane_axes
    fused, alone = (jax.jit(decoded, static_argnums=(0, 4))(Compute(fused=f), *given) for f in (True, False))
    np.testing.assert_allclose(fused.rgb, alone.rgb, atol=1e-5)
    np.testing.assert_allclose(fused.sigma, alone.sigma, atol=1e-5)


def test_gradients_of_planes_points_and_decoder():
    graph, layers = nnx.split(decoder())

    def total(compute, planes, points, layers):
        found = decoded(compute, planes, points, nnx.merge(graph, layers))
        return jnp.sum(jnp.sin(7 * found.rgb)) + jnp.sum(jnp.sin(found.sigma))

    gradient = jax.jit(jax.grad(total, argnums=(1, 2, 3)), static_argnums=0)
    fused, alone = (gradient(Compute(fused=f), planes(), points(), layers) for f in (True, False))
    for a, b in zip(jax.tree.leaves(fused), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4 * float(jnp.abs(b).max()))


def test_half_precision_rounds_factors_not_sums():
    given = planes(), points(), decoder()
    compiled = jax.jit(decoded, static_argnums=0)
    exact = compiled(Compute(), *given)
    for fused in (True, False):
        rounded = compiled(Compute(fused=fused, dtype=jnp.bfloat16), *given)
        assert rounded.rgb.dtype == jnp.bfloat16
        errors = np.abs(np.asarray(rounded.sigma) - exact.sigma)
        assert 1e-4 < errors.mean() < 0.01 * np.abs(exact.sigma).mean()


def test_copies_side_by_side():
    """K generators with planes and decoders of their own."""
    graph, layers = nnx.split(decoder())
    several = jax.tree.map(lambda x: jnp.stack([x, 2 * x]), layers)

    def density(planes, layers):
        return decoded(Compute(fused=True), planes, points(1), nnx.merge(graph, layers)).sigma

    together = jax.jit(jax.vmap(density))(planes()[:, None], several)
    for k in range(2):
        alone = jax.jit(density)(planes()[k : k + 1], jax.tree.map(lambda x, k=k: x[k], several))
        np.testing.assert_allclose(together[k], alone, atol=1e-5)


def test_another_decoder_is_refused():
    with pytest.raises(TypeError, match="fused points need an OSGDecoder, not function"):
        decoded(Compute(fused=True), planes(), points(), lambda features: features)
