"""Batches filled up for TPUs: the same values and gradients, for planes and images, with any noise."""

import dataclasses
import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st

from eg3d_flax import Compute, GeneratorConfig, TriPlaneGenerator, camera
from eg3d_flax.batch_padding import filled
from eg3d_flax.layers import SynthesisLayer
from tests.support.convolutions import batches_of_convolutions
from tests.support.drawn import drawn_module

SMALL = dataclasses.replace(
    GeneratorConfig.small(),
    channel_max=8,
    num_layers=1,
    plane_resolution=8,
    plane_channels=8,
    img_resolution=16,
    neural_rendering_resolution=8,
    sr_input_resolution=8,
    sr_channels=(8, 4),
    depth_resolution=4,
    depth_resolution_importance=0,
    superresolution_noise_mode="random",
)
AS_IT_IS, FILLED = Compute(dilation="phases"), Compute(dilation="phases", batch_multiple=8)


@settings(deadline=None, max_examples=30)  # each new shape is compiled
@given(batch=st.integers(0, 20), multiple=st.integers(1, 9))
def test_rows_are_added(batch, multiple):
    x = jnp.arange(batch, dtype=jnp.float32)
    longer, others = filled(multiple, x, {"each": x + 1, "all": jnp.ones(21)})
    length = -(-batch // multiple) * multiple
    length = length if length <= 3 * batch else batch
    expected = np.minimum(np.arange(length), batch - 1)
    np.testing.assert_array_equal(longer, expected)
    np.testing.assert_array_equal(others["each"], expected + 1)
    assert len(others["all"]) == 21


def test_added_rows_have_no_gradient_of_their_own():
    """A norm has no slope at zeros, so these must not be what fills a batch up."""
    x = jax.random.normal(jax.random.key(0), (5, 4))

    def total(x, multiple):
        (longer,) = filled(multiple, x)
        return jnp.sum(jnp.linalg.norm(longer, axis=-1)[: len(x)])

    np.testing.assert_array_equal(jax.grad(total)(x, 8), jax.grad(total)(x, 1))


@pytest.mark.parametrize(("platform", "multiple"), [("cpu", 1), ("gpu", 1), ("tpu", 8)])
def test_only_tpus_fill_batches_up(platform, multiple):
    assert Compute.for_platform(platform).batch_multiple == multiple


@pytest.fixture(scope="module")
def generator() -> TriPlaneGenerator:
    drawn = drawn_module(lambda: TriPlaneGenerator(SMALL, rngs=nnx.Rngs(0)), 0)
    for block in (drawn.backbone.synthesis, drawn.superresolution):
        assert block is not None
        for _, layer in nnx.iter_modules(block):
            if isinstance(layer, SynthesisLayer):
                layer.noise_strength[...] = jnp.full((), 0.3)
    return drawn


@pytest.fixture(scope="module")
def ws() -> jax.Array:
    return jax.random.normal(jax.random.key(1), (5, SMALL.num_ws, SMALL.w_dim))


def gradients(generator, output, ws):
    """Return `output(generator, ws)` and the gradients of a fixed function of it."""
    graph, params, rest = nnx.split(generator, nnx.Param, ...)

    @jax.jit
    def of(params, ws):
        def loss(params, ws):
            value = output(nnx.merge(graph, params, rest), ws)
            return jnp.mean(jnp.sin(3 * value)), value

        return jax.value_and_grad(loss, (0, 1), has_aux=True)(params, ws)

    return of(params, ws)


def assert_equal(generator, output, ws):
    plain = gradients(generator, functools.partial(output, compute=AS_IT_IS), ws)
    filled = gradients(generator, functools.partial(output, compute=FILLED), ws)
    chex.assert_trees_all_close(filled, plain, rtol=1e-3, atol=2e-6)
    assert all(np.any(leaf) for leaf in jax.tree.leaves(plain[1][1]))


@pytest.mark.parametrize("noise", ["const", "one for all"])
def test_planes(generator, ws, noise):
    options = {"noise": generator.draw_noise(jax.random.key(3), 1)} if noise == "one for all" else {}

    def planes(generator, ws, compute):
        return generator.planes(ws, compute=compute, **options)

    assert_equal(generator, planes, ws)


def test_superresolution(generator, ws):
    """Random noise is drawn for the real images."""
    features = jax.random.normal(jax.random.key(5), (5, 8, 8, SMALL.decoder_output_dim))
    cotangent = jax.random.normal(jax.random.key(6), (5, 16, 16, 3))

    def image(features, compute):
        network = generator.superresolution
        return network(features[..., :3], features, ws, key=jax.random.key(7), compute=compute)

    @functools.partial(jax.jit, static_argnums=1)
    def both(features, compute):
        value, back = jax.vjp(lambda features: image(features, compute), features)
        return value, back(cotangent)

    plain, filled = both(features, AS_IT_IS), both(features, FILLED)
    chex.assert_trees_all_close(filled, plain, rtol=1e-4, atol=1e-5)


@pytest.mark.must
def test_images(generator, ws):
    """Planes with random noise, rays, and super-resolution with random noise."""
    c = camera.camera_params(jnp.array([-0.2, -0.1, 0.0, 0.1, 0.3]), -0.1)

    def image(generator, ws, compute):
        return generator.synthesis(ws, c, "random", jax.random.key(4), compute=compute).image

    assert_equal(generator, image, ws)


def test_all_convolutions_get_the_multiple(generator, ws):
    c = camera.camera_params(jnp.zeros(5), -0.1)

    def image(ws, multiple):
        compute = Compute(batch_multiple=multiple)
        return generator.synthesis(ws, c, key=jax.random.key(4), compute=compute).image

    assert batches_of_convolutions(functools.partial(image, multiple=1), ws) == {5}
    assert batches_of_convolutions(functools.partial(image, multiple=8), ws) == {8}
