"""What is rendered against what: a method is the way in which its pairs are drawn.

A pair says: the trainable generator's rendering of `ws_from` should look like the frozen source's rendering
of `ws_to`, both seen from camera `c`. `P` pairs, `L` rows of ws, `D` w_dim.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Protocol

import jax
import numpy as np

from eg3d_flax import Compute
from eg3d_flax.synthesis import NoiseMode


class Pairs(NamedTuple):
    """Latents and cameras of the pairs of one step."""

    ws_from: jax.Array
    """`[P, L, D]`, for the trainable generator."""

    ws_to: jax.Array
    """`[P, L, D]`, for the frozen source."""

    c: jax.Array
    """`[P, 25]`."""

    planes_to: jax.Array | None = None
    """`[n, 3, H, W, C]`: planes of the first n `ws_to` in the source, where they are known already."""


class Target(NamedTuple):
    """Whom one generator copy forgets and what becomes of them: one person, or `N` with a leading axis."""

    ws: jax.Array
    """`[L, D]` or `[N, L, D]`."""

    ws_target: jax.Array
    """As `ws`."""

    planes: jax.Array | None
    """`[3, H, W, C]` of `ws_target` in the source, computed once; None where they are not kept."""


class Source(NamedTuple):
    """What pairs are made with."""

    mapping: Callable[[jax.Array, jax.Array | None], jax.Array]
    """z `[N, z_dim]` and cameras `[N, 25]`, or None for the frontal one → ws `[N, L, D]`."""

    surrogates: Callable[[jax.Array], jax.Array] | None
    """D: ws `[N, L, D]` → who these people become, the same shape."""


class Schedule(NamedTuple):
    """Where a run is."""

    key: jax.Array
    """The run's, the same in all its steps."""

    step: jax.Array
    """Steps taken."""


class PairSampling(Protocol):
    """A method: how the pairs of a step are drawn. Hashable, since programs are compiled for it."""

    @property
    def keeps_target_planes(self) -> bool:
        """Whether the planes of the targets are computed once and kept."""
        ...

    @property
    def count(self) -> int:
        """Pairs a step, `P`."""
        ...

    def weights(self) -> dict[str, np.ndarray]:
        """Weight of each term (a field of `Terms`) of each pair, `[P]`."""
        ...

    def draw(self, key: jax.Array, z_dim: int, schedule: Schedule) -> Any:
        """Draw everything random about one step's pairs, a pytree; `key` is the step's own."""
        ...

    def pairs(self, draws: Any, target: Target, source: Source) -> Pairs:
        """The pairs that draws stand for."""
        ...


@dataclasses.dataclass(frozen=True)
class Terms:
    """Weights of the three losses of a pair; a term of weight 0 is not computed."""

    planes: float = 0.01
    perceptual: float = 1.0
    identity: float = 0.1


@dataclasses.dataclass(frozen=True)
class StepSettings:
    """How pairs are drawn, rendered and followed.

    Attributes:
      sampling: the method's pairs.
      noise_mode: of the synthesis network; the official code leaves it at "random".
      draws: "shared" uses the same noise and jitter on both sides of a pair, and the same planes for the
        planes term and for the image; "independent" draws each anew, as the official code does, so that
        even equal generators differ and the planes are computed twice.
      neural_rendering_resolution: rays along each side; None takes the model's.
      compute: dtype and forms.
    """

    sampling: PairSampling
    noise_mode: NoiseMode = "const"
    draws: Literal["shared", "independent"] = "shared"
    neural_rendering_resolution: int | None = None
    compute: Compute = dataclasses.field(default_factory=Compute)
