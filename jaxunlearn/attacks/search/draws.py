"""Draw random latents of a generator."""

import functools
from typing import Any

import jax
from flax import nnx

from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import Generator

Pytree = Any


@functools.partial(jax.jit, static_argnums=(0, 3))
def _draw(graphdef: nnx.GraphDef, state: Pytree, key: jax.Array, count: int) -> jax.Array:
    generator = nnx.merge(graphdef, state)
    z = jax.random.normal(key, (count, generator.config.z_dim))
    return generator.mapping(z, conditioning_view(generator.config, count))


def random_latents(generator: Generator, key: jax.Array, count: int) -> jax.Array:
    """Return `count` latents `[count, L, D]`, seen from the front.

    Args:
      generator: its mapping network is used.
      key: draws z.
      count: number of latents, at least 1.
    """
    return _draw(*nnx.split(generator), key, count)
