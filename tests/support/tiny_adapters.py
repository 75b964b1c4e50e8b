"""Adapters of the tiny generator that change it."""

import jax
import jax.numpy as jnp
from flax import nnx

from eg3d_flax import TriPlaneGenerator
from legato_flax import AdaptedGenerator, Adapters, AdaptersConfig
from tests.support.drawn import drawn_module
from tests.support.tiny_models import tiny_models


def source() -> TriPlaneGenerator:
    """Return the tiny generator."""
    generator = tiny_models().generator
    assert isinstance(generator, TriPlaneGenerator)
    return generator


def adapters(seed: int) -> Adapters:
    """Return adapters that move features as much as trained ones would."""
    config = AdaptersConfig.for_generator(source().config, hidden=4)
    return drawn_module(lambda: Adapters(config, rngs=nnx.Rngs(0)), seed)


def tiny_adapted() -> AdaptedGenerator:
    """Return the tiny generator with adapters; new ones alone would change nothing."""
    made = Adapters(AdaptersConfig.for_generator(source().config, hidden=4), rngs=nnx.Rngs(0))
    graph, state = nnx.split(made)
    drawn = jax.tree.map(lambda x: x + 0.3 * jnp.sin(jnp.arange(x.size)).reshape(x.shape), state)
    return AdaptedGenerator(source(), nnx.merge(graph, drawn))
