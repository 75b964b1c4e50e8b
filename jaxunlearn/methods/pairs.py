"""The pairs of a step, which every method draws in its own way.

A pair says: the trainable generator's rendering of `ws_from` should look like the frozen source's rendering
of `ws_to`, both seen from camera `c`. `P` pairs, `L` rows of ws, `D` w_dim.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Protocol

import jax
import numpy as np

from jaxunlearn.methods.losses import TERMS, Weights, preserving, term_weights
from jaxunlearn.models.cameras import Views


class Pairs(NamedTuple):
    """Latents and cameras of the pairs of one step."""

    ws_from: jax.Array
    """`[P, L, D]`, for the trainable generator."""

    ws_to: jax.Array
    """`[P, L, D]`, for the frozen source."""

    c: jax.Array
    """`[P, 25]`."""

    planes_to: jax.Array | None = None
    """`[n, 3, H, W, C]`: planes of the first n `ws_to` in the source, where they are already known."""


class Target(NamedTuple):
    """Who one generator copy forgets, and their target: one person, or `N` with a leading axis."""

    ws: jax.Array
    """`[L, D]` or `[N, L, D]`."""

    ws_target: jax.Array
    """As `ws`."""

    planes: jax.Array | None
    """`[3, H, W, C]` of `ws_target` in the source, computed once; None where they are not kept."""


class Source(NamedTuple):
    """The frozen source, as far as pairs need it."""

    mapping: Callable[[jax.Array, jax.Array | None], jax.Array]
    """z `[N, z_dim]` and cameras `[N, 25]`, or None for the frontal one → ws `[N, L, D]`."""

    surrogates: Callable[[jax.Array], jax.Array] | None
    """D: ws `[N, L, D]` → targets of these people, the same shape."""


LATER, EPOCHS, MAPPER, FISHER = range(2**32 - 4, 2**32)
"""Numbers from which `fold_in` makes keys: for requests after the first, for all epochs of a run, for a
mapper's training, for a Fisher.
Steps and copies count from 0 and never get so far, so that none of them has such a key. In JAX,
`split(key)[k]` is `fold_in(key, k)`."""


class Schedule(NamedTuple):
    """The place of a step in its run."""

    key: jax.Array
    """Key of the run, the same in all its steps."""

    step: jax.Array
    """Number of steps taken before."""


class PairSampling(Protocol):
    """How the pairs of a step are drawn; hashable, since programs are compiled for it."""

    @property
    def keeps_target_planes(self) -> bool:
        """True if the planes of the targets are computed once and kept."""
        ...

    @property
    def count(self) -> int:
        """Number of pairs in a step, `P`."""
        ...

    def weights(self) -> dict[str, np.ndarray]:
        """Return the weight of each pair, `[P]`, for each of `losses.TERMS` and the trained part's terms."""
        ...

    def draw(self, key: jax.Array, z_dim: int, schedule: Schedule) -> Any:
        """Draw everything random about one step's pairs, a pytree; `key` is the step's own."""
        ...

    def pairs(self, draws: Any, target: Target, source: Source) -> Pairs:
        """Return the pairs that `draws` stand for."""
        ...


@dataclasses.dataclass(frozen=True)
class CommonSampling:
    """What all methods so far say about their pairs, which come in the order local, adjacent, global.

    A step has one local pair for each of its people, adjacent pairs around each, and global pairs of others.

    Attributes:
      terms: weights of the loss terms; global pairs have those of them that preserve.
      num_adjacent: number of adjacent pairs around each person.
      num_global: number of global pairs.
      lambda_adjacent: weight of the adjacency loss.
      lambda_global: weight of the global preservation loss.
      reduction: "mean" averages a person's adjacent pairs, and global pairs, as in the papers; "sum" is the
        official code's. People are always averaged.
      alpha_max: adjacent latents lie up to this far.
      views: where pairs are seen from.
    """

    terms: Weights = dataclasses.field(default_factory=term_weights)
    num_adjacent: int = 2
    num_global: int = 2
    lambda_adjacent: float = 1.0
    lambda_global: float = 1.0
    reduction: Literal["mean", "sum"] = "mean"
    alpha_max: float = 15.0
    views: Views = dataclasses.field(default_factory=Views)

    @property
    def members(self) -> int:
        """Number of people in a step; one, where each person has a generator copy."""
        return 1

    @property
    def count(self) -> int:
        """See `PairSampling`."""
        return self.members * (1 + self.num_adjacent) + self.num_global

    def weights(self) -> dict[str, np.ndarray]:
        """See `PairSampling`."""
        of_adjacent, of_global = self.lambda_adjacent / self.members, self.lambda_global
        if self.reduction == "mean":
            of_adjacent /= max(self.num_adjacent, 1)
            of_global /= max(self.num_global, 1)
        preserved = preserving(self.terms)

        def each(term: str) -> np.ndarray:
            parts = [
                np.full(self.members, self.terms[term] / self.members),
                np.full(self.members * self.num_adjacent, of_adjacent * self.terms[term]),
                np.full(self.num_global, of_global * preserved[term]),
            ]
            return np.concatenate(parts).astype(np.float32)

        return {name: each(name) for name in TERMS}
