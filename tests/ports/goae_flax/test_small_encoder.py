"""The same classes at other sizes: encoder for small generators, its files, and sizes that are refused."""

import functools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import goae_flax
import torch_bridge
from goae_flax import GOAEConfig, SwinConfig
from tests.support.drawn import drawn_module

SMALL = GOAEConfig(
    swin=SwinConfig(
        image_size=32,
        patch_size=2,
        embed_dim=8,
        depths=(1, 2, 1, 1),
        num_heads=(1, 2, 2, 4),
        window_size=4,
        pretrained_window_sizes=(0, 0, 0, 0),
        mlp_ratio=2,
    ),
    w_dim=16,
    coarse=2,
    mid=1,
    fine=3,
    attention_heads=2,
    feed_forward=32,
)


IMAGES = np.zeros((2, 32, 32, 3), np.float32)
IMAGES[0] = np.random.default_rng(0).normal(size=(32, 32, 3))


@functools.cache
def small_encoder() -> goae_flax.GOAEEncoder:
    return drawn_module(lambda: goae_flax.GOAEEncoder(SMALL, rngs=nnx.Rngs(0)))


@functools.cache
def gradient_and_latents():
    @jax.jit
    def run(images, module):
        def energy(images):
            ws, base = module(images)
            return jnp.square(ws).sum(), (ws, base)

        return jax.grad(energy, has_aux=True)(images)

    return run(jnp.asarray(IMAGES), small_encoder())


def test_latents_depend_on_every_pixel_and_have_finite_gradients():
    gradient, (ws, base) = gradient_and_latents()
    assert ws.shape == (2, SMALL.num_ws, 16)
    np.testing.assert_array_equal(ws[:, 0], base)
    assert np.isfinite(gradient).all(), "also for a blank image"
    assert (np.abs(gradient[0]).sum(axis=-1) > 0).all()


def test_bfloat16_is_close():
    _, (ws, _) = gradient_and_latents()
    low, _ = jax.jit(lambda module, x: module(x, dtype=jnp.bfloat16))(small_encoder(), jnp.asarray(IMAGES))
    assert low.dtype == jnp.float32
    assert np.linalg.norm(low - ws) < 0.1 * np.linalg.norm(ws)


def test_files_hold_weights_and_sizes(tmp_path: Path):
    module = small_encoder()
    goae_flax.save(module, tmp_path / "goae.safetensors", notes={"recipe": "test"})
    again = goae_flax.load(tmp_path / "goae.safetensors")
    assert again.config == SMALL
    for name, array in torch_bridge.module_arrays(again).items():
        np.testing.assert_array_equal(array, torch_bridge.module_arrays(module)[name])
    assert goae_flax.from_torch(goae_flax.to_torch(again), SMALL).config == SMALL
    with pytest.raises(torch_bridge.CheckpointError, match=r"none\.safetensors: no such file"):
        goae_flax.load(tmp_path / "none.safetensors")


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="image_size 100 is not a multiple of 32"):
        SwinConfig(image_size=100)
    with pytest.raises(ValueError, match="stage 0: windows of 12 do not tile a map of 64"):
        SwinConfig(window_size=12)
    with pytest.raises(ValueError, match="stage 1: 256 channels do not split into 7 heads"):
        SwinConfig(num_heads=(4, 7, 16, 32))
    with pytest.raises(ValueError, match="one entry per stage"):
        SwinConfig(depths=(2, 2))
    with pytest.raises(ValueError, match="read 4 stages, not 2"):
        GOAEConfig(swin=SwinConfig(depths=(2, 2), num_heads=(4, 8), pretrained_window_sizes=(0, 0)))
    with pytest.raises(ValueError, match="w_dim 512 does not split into 3 attention_heads"):
        GOAEConfig(attention_heads=3)
