"""Compare images in a loss: LPIPS and an identity network as arguments of a compiled function."""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax.tree_util import Partial
from jax.typing import DTypeLike

from jaxunlearn.models.identity import IdentityNetwork
from lpips_flax import LPIPS


class Perception(NamedTuple):
    """Two functions that compare images.

    Each is a `jax.tree_util.Partial` of a function and its weights. So the whole is a pytree and can be an
    argument of a compiled function.
    """

    perceptual: Callable[[jax.Array, jax.Array], jax.Array]
    """Maps two batches of images `[P, H, W, 3]` in about [-1, 1] to distances `[P]`."""

    embed: Callable[[jax.Array], jax.Array]
    """Maps images `[P, H, W, 3]` to unit vectors `[P, E]`, whose products are identity similarities."""


@dataclasses.dataclass(frozen=True)
class _Distance:
    """LPIPS as a function of its weights; equal for equal dtypes, so that JAX reuses compiled programs."""

    dtype: str

    def __call__(self, graph: nnx.GraphDef, state: nnx.State, x: jax.Array, y: jax.Array) -> jax.Array:
        return nnx.merge(graph, state)(x, y, dtype=self.dtype)


@dataclasses.dataclass(frozen=True)
class _Embedding:
    """An identity network as a function of its weights."""

    dtype: str

    def __call__(self, network: IdentityNetwork, images: jax.Array) -> jax.Array:
        return network.embed(images, dtype=self.dtype)


def perception_of(perceptual: LPIPS, identity: IdentityNetwork, dtype: DTypeLike = jnp.float32) -> Perception:
    """Return how a loss compares images: convolutions in `dtype`, distances in float32."""
    named = jnp.dtype(dtype).name
    return Perception(Partial(_Distance(named), *nnx.split(perceptual)), Partial(_Embedding(named), identity))
