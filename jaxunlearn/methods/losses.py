"""Loss of a pair: a weighted sum of terms (GUIDE Eq. 4; SUGAR Eq. 1). `P` pairs.

To add a term, add an entry to `TERMS`: its setting `config.terms.NAME`, its line in the log, and its share of
the operations follow from it.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
from flax.core import FrozenDict

from jaxunlearn.models import flops
from jaxunlearn.models.flops import Networks
from jaxunlearn.models.perception import Perception


class Rendered(NamedTuple):
    """One side of the pairs: what a generator made of their latents."""

    planes: jax.Array
    """`[P, 3, H, W, C]`."""

    image: jax.Array
    """`[P, H, W, 3]`."""

    inside: Mapping[str, jax.Array] = FrozenDict()
    """Name → `[P]`, terms of the loss that were computed on the way to the planes, see `TrainedPart`."""


def planes_distance(planes: jax.Array, target: jax.Array) -> jax.Array:
    """Return the mean squared difference of each pair's planes, `[P]`."""
    chex.assert_equal_shape([planes, target])
    return jnp.mean(jnp.square(planes - target), axis=tuple(range(1, planes.ndim)))


def identity_distance(embeddings: jax.Array, target: jax.Array) -> jax.Array:
    """Return 1 - cosine of each pair's unit vectors `[P, E]`."""
    chex.assert_equal_shape([embeddings, target])
    return 1 - jnp.sum(embeddings * target, axis=-1)


Distance = Callable[[Rendered, Rendered, Perception], jax.Array]
"""Trainable generator's side, frozen source's side, networks → distances `[P]`."""


@dataclasses.dataclass(frozen=True)
class LossTerm:
    """A way in which the two sides of a pair differ.

    Attributes:
      distance: the difference, from 0.
      weight: default of `config.terms.NAME`, the weight for local and adjacent pairs (the papers').
      preserves: True if global pairs are compared by it, too; these people should stay as they are.
      looks_at: "planes" if the term needs no image of a pair, else "image".
      help: one sentence for the table of settings.
      flops: networks and side of the image → operations of one image; None where all is elementwise.
    """

    distance: Distance
    weight: float
    preserves: bool
    looks_at: Literal["planes", "image"]
    help: str
    flops: Callable[[Networks, int], float] | None = None


TERMS: dict[str, LossTerm] = {
    "planes": LossTerm(
        lambda ours, wanted, _: planes_distance(ours.planes, wanted.planes),
        weight=0.01,
        preserves=False,
        looks_at="planes",
        help="Weight of the planes' mean squared difference.",
    ),
    "perceptual": LossTerm(
        lambda ours, wanted, perception: perception.perceptual(ours.image, wanted.image),
        weight=1.0,
        preserves=True,
        looks_at="image",
        help="Weight of LPIPS.",
        flops=lambda networks, side: flops.perceptual(networks.perceptual, side),
    ),
    "identity": LossTerm(
        lambda ours, wanted, perception: identity_distance(
            perception.embed(ours.image), perception.embed(wanted.image)
        ),
        weight=0.1,
        preserves=False,
        looks_at="image",
        help="Weight of 1 - identity similarity.",
        flops=lambda networks, side: flops.identity(networks.identity),
    ),
}
"""Name → term, in the order in which they are added up."""

Weights = Mapping[str, float]
"""Name of a term → its weight for one kind of pair; a `FrozenDict`, since programs are compiled for it."""


def term_weights(**changed: float) -> Weights:
    """Return the default weight of every term, or the one in `changed`.

    Raises:
      ValueError: if `changed` names an unknown term.
    """
    if unknown := changed.keys() - TERMS.keys():
        raise ValueError(f"unknown loss terms {sorted(unknown)}; there are {', '.join(TERMS)}")
    return FrozenDict({name: changed.get(name, term.weight) for name, term in TERMS.items()})


def preserving(weights: Mapping[str, float]) -> Weights:
    """Return the weights of global pairs: 0 for the terms that do not preserve."""
    return FrozenDict({name: weights[name] if term.preserves else 0.0 for name, term in TERMS.items()})


def pair_losses(
    ours: Rendered, wanted: Rendered, weights: Mapping[str, np.ndarray], perception: Perception
) -> dict[str, jax.Array]:
    """Compute each term of each pair of `K` generator copies, unweighted, `[K, P]`; 0 where its weight is 0.

    These are `TERMS`, and those that `ours.inside` brings along.

    Args:
      ours: the trainable generators' rendering; arrays are `[K, P, ...]`.
      wanted: the frozen source's; no gradient flows into it.
      weights: term → `[P]`, see `PairSampling.weights`; a pair of weight 0 is not computed.
      perception: networks that compare images; they get the pairs of all copies as one batch.
    """
    wanted = jax.lax.stop_gradient(wanted)
    copies = len(ours.image)

    def losses_of(name: str, term: LossTerm) -> jax.Array:
        count, rows = len(weights[name]), np.flatnonzero(weights[name])
        if not rows.size:
            return jnp.zeros((copies, count), jnp.float32)
        with jax.named_scope(name):
            values = term.distance(_rows(ours, rows), _rows(wanted, rows), perception)
            return jnp.zeros((copies, count), values.dtype).at[:, rows].set(values.reshape(copies, -1))

    inside = {name: jnp.where(weights[name] != 0, values, 0) for name, values in ours.inside.items()}
    return {name: losses_of(name, term) for name, term in TERMS.items()} | inside


def _rows(side: Rendered, rows: np.ndarray) -> Rendered:
    """The given pairs of each copy as one batch; contiguous rows are sliced, which costs no gather."""
    contiguous = np.array_equal(rows, np.arange(rows[0], rows[-1] + 1))
    taken = slice(rows[0], rows[-1] + 1) if contiguous else rows
    return jax.tree.map(lambda x: x[:, taken].reshape(-1, *x.shape[2:]), side)


def total_loss(terms: Mapping[str, jax.Array], weights: Mapping[str, np.ndarray]) -> jax.Array:
    """Return the weighted sum of all terms of all pairs."""
    return sum((jnp.sum(weights[name] * values) for name, values in terms.items()), jnp.zeros(()))
