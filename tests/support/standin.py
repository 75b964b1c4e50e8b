"""The stand-in for LPIPS that the GUIDE goldens were made with; `standin` in their manifest defines it."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.support.golden import draw_normal
from tests.support.layouts import hwio

_SHAPES = ((8, 3, 3, 3), (16, 8, 3, 3), (32, 16, 3, 3))


class StandIn:
    """A small perceptual distance with formula weights of a case's seed."""

    def __init__(self, seed: int):
        self._weights = []
        for i, shape in enumerate(_SHAPES):
            scale = np.float32(np.sqrt(2 / np.prod(shape[1:])))
            self._weights.append(hwio(draw_normal(f"standin.conv{i}.weight", shape, seed) * scale))

    def __call__(self, a: jax.Array, b: jax.Array) -> jax.Array:
        """Compare images `[P, H, W, 3]` → `[P]`."""
        total = jnp.zeros(len(a))
        for weight in self._weights:
            a, b = (self._layer(x, weight) for x in (a, b))
            total += jnp.mean(jnp.sum(jnp.square(self._unit(a) - self._unit(b)), axis=-1), axis=(1, 2))
        return total

    @staticmethod
    def _layer(x: jax.Array, weight: jax.Array) -> jax.Array:
        numbers = ("NHWC", "HWIO", "NHWC")
        return jax.nn.relu(
            lax.conv_general_dilated(
                x, weight.astype(x.dtype), (2, 2), ((1, 1), (1, 1)), dimension_numbers=numbers
            )
        )

    @staticmethod
    def _unit(x: jax.Array) -> jax.Array:
        return x / jnp.sqrt(jnp.sum(jnp.square(x), axis=-1, keepdims=True) + 0.1)
