"""Every official super-resolution module."""

import dataclasses
import re
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from eg3d_flax.camera import camera_params
from eg3d_flax.compute import Compute
from eg3d_flax.config import GeneratorConfig
from eg3d_flax.generator import TriPlaneGenerator
from eg3d_flax.superresolution import Superresolution
from eg3d_flax.torch_names import LAYOUT
from tests.support.golden import GoldenCase, golden
from tests.support.layouts import nchw, nhwc, pool8
from torch_bridge import from_torch, module_from_arrays, module_shapes

CASES = ["sr_2x", "sr_2x_in32", "sr_2x_in96_aa", "sr_2x_in96_noaa", "sr_4x", "sr_8x", "sr_8xdc"]


def build(case: GoldenCase) -> Superresolution:
    args = case.entry["constructor_args"]
    match = re.search(r"Hybrid(\w+)", case.entry["reference"])
    assert match is not None
    config = GeneratorConfig(
        superresolution_module=match[1],  # type: ignore[arg-type]
        img_resolution=args["img_resolution"],
        sr_num_fp16_res=args["sr_num_fp16_res"],
        sr_antialias=args["sr_antialias"],
    )

    def make():
        return Superresolution(config, rngs=nnx.Rngs(0))

    return module_from_arrays(make, from_torch(case.weights(), module_shapes(make), LAYOUT))


@pytest.mark.parity
@pytest.mark.parametrize("name", CASES)
def test_image(name):
    case = golden("eg3d", name)
    module, x, ws = build(case), nhwc(case.input("x")), jnp.asarray(case.input("ws"))
    image = nchw(jax.jit(lambda x: module(x[..., :3], x, ws))(x))
    if "out/image" in case.arrays:
        case.check("image", image)
        return
    middle = image.shape[-1] // 2
    case.check("image.crop", image[:, :, middle - 32 : middle + 32, middle - 32 : middle + 32])
    case.check("image.pool8", pool8(image))
    case.check("image.mean", image.mean((2, 3), dtype=np.float64))
    case.check("image.std", image.std((2, 3), dtype=np.float64))


@pytest.mark.parity
@pytest.mark.parametrize("modulation", ["scaled", "grouped"])
def test_gradient_reaches_features_and_raw_image(modulation):
    case = golden("eg3d", "sr_2x_in32")
    module, ws = build(case), jnp.asarray(case.input("ws"))
    cotangent, compute = nhwc(case.input("r")), Compute(modulation=modulation)

    @jax.jit
    @jax.grad
    def gradient(x):
        return jnp.mean(module(x[..., :3], x, ws, compute=compute) * cotangent)

    case.check("grad_x", nchw(gradient(nhwc(case.input("x"))))[:, ::4])


def test_4x_refuses_what_it_cannot_shrink():
    config = GeneratorConfig(superresolution_module="4X", img_resolution=256)
    module = nnx.eval_shape(lambda: Superresolution(config, rngs=nnx.Rngs(0)))
    with pytest.raises(ValueError, match="at most 128 x 128 rays, not 160 x 160"):
        module(jnp.zeros((1, 160, 160, 3)), jnp.zeros((1, 160, 160, 32)), jnp.zeros((1, 14, 512)))


def test_noise_and_jitter_share_no_key(monkeypatch):
    """Or the noise of the first layer would be the normal quantiles of the jitter."""
    config = dataclasses.replace(GeneratorConfig.small(), superresolution_noise_mode="random")
    used = []

    def rendered(*_):
        return SimpleNamespace(features=jnp.zeros((1, 32 * 32, 16)), depth=jnp.zeros((1, 32 * 32, 1)))

    def enlarged(_, raw, features, ws, *, key, compute):
        used.append(key)
        return raw

    monkeypatch.setattr("eg3d_flax.generator.random_jitter", lambda key, *_: used.append(key))
    monkeypatch.setattr("eg3d_flax.generator.render_rays", rendered)
    monkeypatch.setattr(Superresolution, "__call__", enlarged)
    generator = nnx.eval_shape(lambda: TriPlaneGenerator(config, rngs=nnx.Rngs(0)))
    planes, ws = jnp.zeros((1, 3, 8, 8, 4)), jnp.zeros((1, 8, 64))
    generator.render(planes, ws, camera_params(), jax.random.key(0), neural_rendering_resolution=32)
    of_jitter, of_noise = (jax.random.key_data(key).tolist() for key in used)
    assert of_jitter != of_noise


def test_random_noise_needs_a_key_and_uses_it():
    config = dataclasses.replace(GeneratorConfig.small(), superresolution_noise_mode="random")
    module = Superresolution(config, rngs=nnx.Rngs(0))
    module.block0.conv0.noise_strength[...] = jnp.ones(())
    inputs = jnp.zeros((1, 32, 32, 3)), jnp.zeros((1, 32, 32, 16)), jnp.zeros((1, 8, 64))
    with pytest.raises(ValueError, match="pass key="):
        module(*inputs)
    apply = jax.jit(lambda key: module(*inputs, key=key))
    first, again, other = (apply(jax.random.key(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
