"""The tiny generator with adapters that change it."""

import jax
import jax.numpy as jnp
from flax import nnx

from eg3d_flax import TriPlaneGenerator
from legato_flax import AdaptedGenerator, Adapters, AdaptersConfig
from tests.support.tiny_models import tiny_models


def tiny_adapted() -> AdaptedGenerator:
    """Return it; new adapters alone would change nothing."""
    plain = tiny_models().generator
    assert isinstance(plain, TriPlaneGenerator)
    adapters = Adapters(AdaptersConfig.for_generator(plain.config, hidden=4), rngs=nnx.Rngs(0))
    graph, state = nnx.split(adapters)
    drawn = jax.tree.map(lambda x: x + 0.3 * jnp.sin(jnp.arange(x.size)).reshape(x.shape), state)
    return AdaptedGenerator(plain, nnx.merge(graph, drawn))
