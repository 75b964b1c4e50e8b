"""The decoder and the whole volume renderer against the official ones, in all variants."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from eg3d_flax import camera, rays
from eg3d_flax.compute import Compute
from eg3d_flax.config import GeneratorConfig
from eg3d_flax.decoder import OSGDecoder
from eg3d_flax.renderer import (
    Jitter,
    bundle_rays,
    central_jitter,
    merged_texels,
    random_jitter,
    render_rays,
    trace_rays,
)
from eg3d_flax.torch_names import LAYOUT
from tests.support.golden import golden
from torch_bridge import from_torch, module_from_arrays, module_shapes, to_torch

CASE = golden("eg3d", "renderer")
OPTIONS = CASE.entry["options"]
VARIANTS = [name for name, value in OPTIONS.items() if isinstance(value, dict)]


def build_decoder(prefix: str = "decoder.", **args) -> OSGDecoder:
    def make():
        return OSGDecoder(32, rngs=nnx.Rngs(0), **args)

    shapes = module_shapes(make)
    zeros = to_torch({name: np.zeros(shape) for name, shape in shapes.items()}, LAYOUT)
    multiplier = args.get("decoder_lr_mul", 1.0)
    weights = CASE.weights(
        {name: array.shape for name, array in zeros.items()},
        prefix=prefix,
        lr_multiplier=lambda name: multiplier,
    )
    return module_from_arrays(make, from_torch(weights, shapes, LAYOUT))


def variant_config(variant: str) -> GeneratorConfig:
    options = {k: v for k, v in OPTIONS[variant].items() if k != "clamp_mode"}
    return dataclasses.replace(GeneratorConfig(), **options)


def variant_rays(variant: str):
    config = variant_config(variant)
    origins, directions = rays.sample_rays(*camera.unflatten(jnp.asarray(CASE.input("c"))), 8)
    if config.depth_resolution_importance:
        fine = jnp.asarray(CASE.input(f"{variant}.u_fine")).reshape(2, 64, -1)
    else:
        fine = jnp.zeros((2, 64, 0))
    jitter: Jitter = {"coarse": jnp.asarray(CASE.input(f"{variant}.jitter_coarse")), "fine": fine}
    return origins, directions, jitter, config


@pytest.fixture(scope="module")
def planes() -> jax.Array:
    return jnp.asarray(np.moveaxis(CASE.input("planes"), 2, -1))


@pytest.fixture(scope="module")
def decoder() -> OSGDecoder:
    return build_decoder()


@pytest.mark.parity
def test_decoder(decoder):
    points = jnp.asarray(CASE.input("dec_in"))
    decoded = decoder(points)
    CASE.check("dec.rgb", decoded.rgb)
    CASE.check("dec.sigma", decoded.sigma[..., None])
    small = build_decoder("decoder_lr.", decoder_lr_mul=0.5, decoder_output_dim=8)
    CASE.check("dec_lr.rgb", small(points).rgb)
    CASE.check("dec_lr.sigma", small(points).sigma[..., None])


@pytest.mark.parity
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_stage_of_every_variant(planes, decoder, variant):
    origins, directions, jitter, config = variant_rays(variant)
    bundle = bundle_rays(origins, directions, jitter, config)
    trace = jax.jit(
        lambda planes: trace_rays(merged_texels(planes, config, Compute()), bundle, decoder, config)
    )(planes)

    def every_fourth(x):
        return x[:, ::4, :, None]

    CASE.check(f"{variant}.depths_coarse", every_fourth(trace.depths_coarse))
    if trace.depths_fine is not None and trace.weights_coarse is not None:
        CASE.check(f"{variant}.weights_coarse", every_fourth(trace.weights_coarse))
        CASE.check(f"{variant}.depths_fine", every_fourth(trace.depths_fine))
    CASE.check(f"{variant}.weights", every_fourth(trace.composite.weights))
    if variant == "auto":
        near, far = rays.box_limits(origins, directions, config.box_warp)
        CASE.check("auto.box_near", near)
        CASE.check("auto.box_far", far)


@pytest.mark.parity
@pytest.mark.parametrize(
    "compute",
    [
        Compute(lookup="corners"),
        Compute(lookup="packed", ray_chunk=24),
        Compute(lookup="lanes"),
    ],
    ids=["corners", "packed, chunked", "lanes"],
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_rendering(planes, decoder, variant, compute):
    origins, directions, jitter, config = variant_rays(variant)
    rendering = jax.jit(
        lambda planes: render_rays(planes, origins, directions, jitter, decoder, config, compute)
    )(planes)
    CASE.check(f"{variant}.rgb", rendering.features)
    CASE.check(f"{variant}.depth", rendering.depth)
    CASE.check(f"{variant}.weights_sum", rendering.opacity)


@pytest.mark.parity
@pytest.mark.parametrize(
    "compute",
    [
        Compute(lookup="corners"),
        Compute(lookup="corners", ray_chunk=24),
        Compute(lookup="packed", ray_chunk=24, keep_features=True),
        Compute(lookup="lanes"),
        Compute(lookup="lanes", ray_chunk=24, keep_features=True),
        Compute(fused=True),
        Compute(fused=True, ray_chunk=24, keep_features=True),
    ],
    ids=["corners", "corners, chunked", "packed, kept", "lanes", "lanes, kept", "fused", "fused, kept"],
)
def test_gradient_with_respect_to_the_planes(planes, decoder, compute):
    origins, directions, jitter, config = variant_rays("base")
    cotangent = jnp.asarray(CASE.input("base.r"))

    @jax.jit
    @jax.grad
    def gradient(planes):
        rendering = render_rays(planes, origins, directions, jitter, decoder, config, compute)
        return jnp.sum(rendering.features * cotangent) + jnp.sum(rendering.depth)

    found = np.moveaxis(np.asarray(gradient(planes)), -1, 2)
    CASE.check("base.grad_planes", found[:, :, ::8])
    CASE.check("base.grad_planes_norm", np.linalg.norm(found.astype(np.float64)))


@pytest.mark.parity
def test_chunks_change_nothing_but_memory(planes, decoder):
    origins, directions, jitter, config = variant_rays("auto")

    def rendered(chunk):
        compute = Compute(ray_chunk=chunk)
        return jax.jit(lambda p: render_rays(p, origins, directions, jitter, decoder, config, compute))(
            planes
        )

    whole, chunked = rendered(None), rendered(10)
    for a, b in zip(whole, chunked, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)  # float32 rounding of another order of sums


def test_jitter_of_a_sample_does_not_depend_on_its_batch():
    config = GeneratorConfig.small()
    keys = jax.random.split(jax.random.key(0), 3)
    together = random_jitter(keys, 3, 16, config)
    alone = random_jitter(keys[1:2], 1, 16, config)
    for name in ("coarse", "fine"):
        np.testing.assert_array_equal(together[name][1], alone[name][0])
        assert ((together[name] >= 0) & (together[name] < 1)).all()


@pytest.mark.parity
def test_wrong_jitter_is_named(planes, decoder):
    origins, directions, _, config = variant_rays("base")
    jitter = central_jitter(2, 63, config)
    with pytest.raises(ValueError, match=r"jitter\['coarse'\] must be \[2, 64, 12, 1\]"):
        render_rays(planes, origins, directions, jitter, decoder, config)


def test_kept_features_are_not_looked_up_again(planes, decoder):
    origins, directions, jitter, config = variant_rays("base")

    def gathers(compute):
        def total(planes):
            rendered = render_rays(planes, origins, directions, jitter, decoder, config, compute)
            return jnp.sum(rendered.features)

        return str(jax.make_jaxpr(jax.grad(total))(planes)).count(" gather[")

    again = Compute(lookup="packed", ray_chunk=24)
    assert gathers(dataclasses.replace(again, keep_features=True)) < gathers(again)
