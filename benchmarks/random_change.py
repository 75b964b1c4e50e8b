"""The control of the table: weights changed at random, each tensor by as much as GUIDE changed it."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxunlearn.models.generator import Generator, SplitGenerator, merge_generator, split_generator


def change_of(source: Generator, unlearned: Generator) -> dict[str, float]:
    """Return name of a trained tensor → norm of its change."""
    before, after = (_tensors(split_generator(generator).trainable) for generator in (source, unlearned))
    return {name: float(np.linalg.norm(after[name] - before[name])) for name in before}


def randomly_changed(source: Generator, change: Mapping[str, float], seed: int) -> Generator:
    """Add normal noise to each trained tensor, scaled to a given norm.

    Args:
      source: the generator before unlearning; it is not changed.
      change: name of a tensor → norm of its change, see `change_of`.
      seed: of the noise.
    """
    rng = np.random.default_rng(seed)
    split = split_generator(source)

    def moved(path: tuple[Any, ...], value: jax.Array) -> jax.Array:
        noise = rng.standard_normal(value.shape)
        return jnp.asarray(value + change[_name(path)] * noise / np.linalg.norm(noise), value.dtype)

    trainable = jax.tree_util.tree_map_with_path(moved, split.trainable)
    return merge_generator(SplitGenerator(split.graphdef, trainable, split.fixed))


def _tensors(tree: Any) -> dict[str, np.ndarray]:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {_name(path): np.asarray(leaf, np.float64) for path, leaf in leaves}


def _name(path: tuple[Any, ...]) -> str:
    return jax.tree_util.keystr(path, simple=True, separator=".").removesuffix(".value")
