"""How a loss compares images: LPIPS and an identity network as arguments of a compiled function."""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import jax
from flax import nnx

from jaxunlearn.models.identity import IdentityNetwork


class Perception(NamedTuple):
    """How images are compared.

    Functions with weights are `jax.tree_util.Partial` of a function and the weights, so that the whole is a
    pytree and can be an argument of a compiled function.
    """

    perceptual: Callable[[jax.Array, jax.Array], jax.Array]
    """Two batches of images `[P, H, W, 3]` in about [-1, 1] → distances `[P]`."""

    embed: Callable[[jax.Array], jax.Array]
    """Images `[P, H, W, 3]` → unit vectors `[P, E]` whose products are identity similarities."""


@dataclasses.dataclass(frozen=True)
class _Distance:
    """LPIPS as a function of its weights; equal where the dtypes are, so that programs are found again."""

    dtype: str

    def __call__(self, graph: nnx.GraphDef, state: nnx.State, x: jax.Array, y: jax.Array) -> jax.Array:
        return nnx.merge(graph, state)(x, y, dtype=self.dtype)


@dataclasses.dataclass(frozen=True)
class _Embedding:
    """An identity network as a function of its weights."""

    dtype: str

    def __call__(self, network: IdentityNetwork, images: jax.Array) -> jax.Array:
        return network.embed(images, dtype=self.dtype)
