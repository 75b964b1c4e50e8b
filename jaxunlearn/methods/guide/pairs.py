"""GUIDE's pairs: one local pair, adjacent pairs around it, global pairs of random people."""

import dataclasses
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from eg3d_flax import camera
from jaxunlearn.methods.latents import adjacent_offsets
from jaxunlearn.methods.losses import TERMS, Weights, preserving, term_weights
from jaxunlearn.methods.pairs import Pairs, Schedule, Source, Target


@dataclasses.dataclass(frozen=True)
class GuideSampling:
    """How GUIDE draws its pairs (Eq. 4, 7 and 8).

    Attributes:
      local: terms of the pair (w_u, w_t).
      adjacent: terms of each pair (w_u + Δ, w_t + Δ).
      preserved: terms of each global pair (w_g, w_g).
      num_adjacent: number of pairs around the person.
      num_global: number of pairs of random people.
      lambda_adjacent: weight of the adjacency loss.
      lambda_global: weight of the global preservation loss.
      reduction: "mean" averages adjacent and global pairs, as in the paper; "sum" is the official code's.
      alpha_max: greatest length of adjacent offsets.
      max_yaw: greatest yaw of a view to either side, in radians; views are drawn uniformly.
      pitch: pitch of all views, in radians.
      view: "step" draws one yaw for all pairs, as in the official code; "pair" draws one for each.
      pivot: the point that cameras look at.
      radius: distance of cameras from the origin.
      fov: field of view of cameras, in degrees.
    """

    local: Weights = dataclasses.field(default_factory=term_weights)
    adjacent: Weights = dataclasses.field(default_factory=term_weights)
    preserved: Weights = dataclasses.field(default_factory=lambda: preserving(term_weights()))
    num_adjacent: int = 2
    num_global: int = 2
    lambda_adjacent: float = 1.0
    lambda_global: float = 1.0
    reduction: Literal["mean", "sum"] = "mean"
    alpha_max: float = 15.0
    max_yaw: float = np.pi / 12
    pitch: float = -0.2
    view: Literal["step", "pair"] = "pair"
    pivot: tuple[float, float, float] = (0.0, 0.0, 0.2)
    radius: float = 2.7
    fov: float = camera.FFHQ_FOV

    keeps_target_planes = True
    """See `PairSampling`."""

    @property
    def count(self) -> int:
        """Number of pairs in a step."""
        return 1 + self.num_adjacent + self.num_global

    def weights(self) -> dict[str, np.ndarray]:
        """Return the weights of the pairs, `[P]`, for each term: local, adjacent, global."""

        def each(term: str) -> np.ndarray:
            scale_adjacent, scale_global = self.lambda_adjacent, self.lambda_global
            if self.reduction == "mean":
                scale_adjacent /= max(self.num_adjacent, 1)
                scale_global /= max(self.num_global, 1)
            values = [self.local[term]]
            values += [scale_adjacent * self.adjacent[term]] * self.num_adjacent
            values += [scale_global * self.preserved[term]] * self.num_global
            return np.array(values, np.float32)

        return {name: each(name) for name in TERMS}

    def draw(self, key: jax.Array, z_dim: int, schedule: Schedule) -> "GuideDraws":
        """See `PairSampling`; no step depends on an earlier one."""
        of_z, of_alpha, of_yaw = jax.random.split(key, 3)
        z = jax.random.normal(of_z, (self.num_adjacent + self.num_global, z_dim))
        alpha = jax.random.uniform(of_alpha, (self.num_adjacent,), maxval=self.alpha_max)
        views = 1 if self.view == "step" else self.count
        yaw = jax.random.uniform(of_yaw, (views,), minval=-self.max_yaw, maxval=self.max_yaw)
        return GuideDraws(z, alpha, jnp.broadcast_to(yaw, (self.count,)))

    def pairs(self, draws: "GuideDraws", target: Target, source: Source) -> Pairs:
        """See `PairSampling`; the order is local, adjacent, global."""
        ws, ws_target, planes = target
        mapped = source.mapping(draws.z, None)
        towards, others = mapped[: self.num_adjacent], mapped[self.num_adjacent :]
        offsets = adjacent_offsets(ws, towards, draws.alpha)
        return Pairs(
            ws_from=jnp.concatenate([ws[None], ws + offsets, others]),
            ws_to=jnp.concatenate([ws_target[None], ws_target + offsets, others]),
            c=camera.camera_params(draws.yaw, self.pitch, pivot=self.pivot, radius=self.radius, fov=self.fov),
            planes_to=None if planes is None else planes[None],
        )


class GuideDraws(NamedTuple):
    """The random numbers of one step's pairs."""

    z: jax.Array
    """`[num_adjacent + num_global, z_dim]`, standard normal: the people towards whom adjacent pairs lie, then
    the people of the global pairs."""

    alpha: jax.Array
    """`[num_adjacent]`, lengths of the adjacent offsets."""

    yaw: jax.Array
    """`[P]` radians."""
