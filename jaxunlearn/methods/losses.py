"""The loss of a pair: planes, perceptual, identity (GUIDE Eq. 4; SUGAR Eq. 1). `P` pairs."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxunlearn.models.perception import Perception


class Rendered(NamedTuple):
    """One side of the pairs."""

    planes: jax.Array
    """`[P, 3, H, W, C]`."""

    image: jax.Array
    """`[P, H, W, 3]`."""


def planes_distance(planes: jax.Array, target: jax.Array) -> jax.Array:
    """Mean squared difference of each pair's planes, `[P]`."""
    return jnp.mean(jnp.square(planes - target), axis=(1, 2, 3, 4))


def identity_distance(embeddings: jax.Array, target: jax.Array) -> jax.Array:
    """1 - cosine of each pair's unit vectors `[P, E]`; no gradient into `target`."""
    return 1 - jnp.sum(embeddings * jax.lax.stop_gradient(target), axis=-1)


def pair_losses(
    found: Rendered, wanted: Rendered, weights: Mapping[str, np.ndarray], perception: Perception
) -> dict[str, jax.Array]:
    """Each term of each pair, unweighted, `[P]`; 0 where its weight is 0.

    Args:
      found: the trainable generator's rendering.
      wanted: the frozen source's; no gradient flows into it.
      weights: term → `[P]`, as `GuideSampling.weights`; what is 0 is not computed.
      perception: how images are compared.
    """
    wanted = jax.lax.stop_gradient(wanted)

    def on_rows(term: str, distance: Callable[[Rendered, Rendered], jax.Array]) -> jax.Array:
        count, rows = len(weights[term]), np.flatnonzero(weights[term])
        if not rows.size:
            return jnp.zeros(count, jnp.float32)
        values = distance(_take(found, rows), _take(wanted, rows))
        return jnp.zeros(count, values.dtype).at[rows].set(values)

    return {
        "planes": on_rows("planes", lambda a, b: planes_distance(a.planes, b.planes)),
        "perceptual": on_rows("perceptual", lambda a, b: perception.perceptual(a.image, b.image)),
        "identity": on_rows(
            "identity",
            lambda a, b: identity_distance(perception.embed(a.image), perception.embed(b.image)),
        ),
    }


def _take(side: Rendered, rows: np.ndarray) -> Rendered:
    """The given pairs of one side; contiguous rows are sliced, which costs no gather."""
    if np.array_equal(rows, np.arange(rows[0], rows[-1] + 1)):
        return jax.tree.map(lambda x: x[rows[0] : rows[-1] + 1], side)
    return jax.tree.map(lambda x: x[rows], side)


def total_loss(terms: Mapping[str, jax.Array], weights: Mapping[str, np.ndarray]) -> jax.Array:
    """Weighted sum of all terms of all pairs."""
    return sum(jnp.sum(weights[name] * values) for name, values in terms.items())  # type: ignore[return-value]
