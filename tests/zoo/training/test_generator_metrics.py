"""Figures of generated people."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from einops import EinopsError
from flax import nnx

import lpips_flax
from eg3d_flax import Compute, GeneratorConfig, RenderOutput
from jaxunlearn.images import to_float
from jaxunlearn.zoo.metrics.generator_metrics import evaluate, psnr, reduced
from jaxunlearn.zoo.synthetic.photographs import PhotographRequest, photograph
from jaxunlearn.zoo.training.generator_data import on_white


def test_psnr_of_a_known_error() -> None:
    error = np.full((1, 4, 4, 3), 0.2)  # of colours in [-1, 1]: a tenth of the range
    assert psnr(error) == pytest.approx([20.0])
    error[0, 0] = 2.0
    weight = np.ones((1, 4, 4))
    weight[0, 0] = 0
    assert psnr(error, weight) == pytest.approx([20.0])


def test_reduced_images_are_means_over_squares() -> None:
    image = np.zeros((1, 8, 8, 3), np.float32)
    image[0, :2, 2:4] = 1
    small = reduced(image, 4)
    assert small.shape == (1, 4, 4, 3)
    assert small[0, 0, 1].tolist() == [1, 1, 1]
    assert small.sum() == 3
    with pytest.raises(EinopsError, match="can't divide axis of length 8 in chunks of 3"):
        reduced(image, 3)


def test_errors_that_cancel_each_other_in_small_images_count_in_large_ones_alone() -> None:
    """A generator of the renderings themselves, with a pattern finer than 64 pixels."""
    side, people = 128, 2
    photographs = on_white(photograph(PhotographRequest("generator", people, 1, side), progress=False))
    pattern = 0.1 * (-1.0) ** np.add.outer(np.arange(side), np.arange(side))[..., None]

    class Copy(nnx.Module):
        """Draws the photographs, chosen by their cameras."""

        config = GeneratorConfig.heads()

        def mapping(self, z: jax.Array, c: jax.Array) -> jax.Array:
            del c
            return z

        def synthesis(self, ws: jax.Array, c: jax.Array, noise_mode: str, *, compute: Compute) -> Any:
            del c, noise_mode, compute
            known = jnp.asarray(photographs.z)
            number = jnp.argmin(jnp.sum(jnp.square(ws[:, None] - known), axis=-1), axis=1)
            image = jnp.asarray(to_float(photographs.image[:, 0]) * 0.8 + pattern)
            return RenderOutput(image[number], image[number], image[number, ..., :1])

    copy: Any = Copy()
    figures = evaluate(copy, photographs, lpips_flax.load("alex"), Compute(), people=people)
    assert figures["psnr"] + 1 < figures["psnr_64"]
    assert figures["images"] == people
