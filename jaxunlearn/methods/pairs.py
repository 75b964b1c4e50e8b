"""The pairs of a step, which every method draws in its own way.

A pair says: the trainable generator's rendering of `ws_from` should look like the frozen source's rendering
of `ws_to`, both seen from camera `c`. `P` pairs, `L` rows of ws, `D` w_dim.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np


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
