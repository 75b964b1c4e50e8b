"""Draw what an attacker draws: each thing with a key of its own, and random latents of a generator."""

import functools
from typing import Any

import jax
from flax import nnx

from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import Generator

Pytree = Any

DRAWS = 2
"""Version of the draws: raise it whenever an attacker would draw otherwise with the same seed."""

STARTS, DISTRIBUTION, USUAL, TAUGHT, MINIBATCHES, BACKGROUND, RETAINED = range(2**31, 2**31 + 7)
"""Numbers from which `fold_in` makes keys: for the random people from whom searches start, latents that
measure the distribution of w, latents that say how usual one is, people who are taught and their minibatches,
and two groups of people who were never forgotten.

The evaluation makes keys from small numbers, and both seeds are 0 if nobody chooses: with the same key an
attacker would draw the strangers, who are the controls. In JAX, `split(key)[k]` is `fold_in(key, k)`."""


def key_of(seed: int, drawn: int) -> jax.Array:
    """Return the key of one thing that an attacker draws.

    Args:
      seed: of the attacker.
      drawn: what is drawn, a number of those above.
    """
    return jax.random.fold_in(jax.random.key(seed), drawn)


@functools.partial(jax.jit, static_argnums=(0, 3))
def _draw(graphdef: nnx.GraphDef, state: Pytree, key: jax.Array, count: int) -> jax.Array:
    generator = nnx.merge(graphdef, state)
    z = jax.random.normal(key, (count, generator.config.z_dim))
    return generator.mapping(z, conditioning_view(generator.config, count))


def random_latents(generator: Generator, key: jax.Array, count: int) -> jax.Array:
    """Return `count` latents `[count, L, D]`, seen from the front.

    Args:
      generator: its mapping network is used.
      key: draws z, see `key_of`.
      count: number of latents, at least 1.
    """
    return _draw(*nnx.split(generator), key, count)
