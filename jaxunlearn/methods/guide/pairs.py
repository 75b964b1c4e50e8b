"""GUIDE's pairs: one local pair, adjacent pairs around it, global pairs of random people."""

import dataclasses
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp

from jaxunlearn.methods.latents import adjacent_offsets
from jaxunlearn.methods.pairs import CommonSampling, Pairs, Schedule, Source, Target


@dataclasses.dataclass(frozen=True)
class GuideSampling(CommonSampling):
    """How GUIDE draws its pairs (Eq. 4, 7 and 8): (w_u, w_t), each (w_u + Δ, w_t + Δ), and each (w_g, w_g).

    Attributes:
      view: "step" draws one yaw for all pairs, as in the official code; "pair" draws one for each.
    """

    view: Literal["step", "pair"] = "pair"

    keeps_target_planes = True
    """See `PairSampling`."""

    def draw(self, key: jax.Array, z_dim: int, schedule: Schedule) -> "GuideDraws":
        """See `PairSampling`; no step depends on an earlier one."""
        z_key, alpha_key, yaw_key = jax.random.split(key, 3)
        z = jax.random.normal(z_key, (self.num_adjacent + self.num_global, z_dim))
        alpha = jax.random.uniform(alpha_key, (self.num_adjacent,), maxval=self.alpha_max)
        yaw = self.views.draw(yaw_key, 1 if self.view == "step" else self.count)
        return GuideDraws(z, alpha, jnp.broadcast_to(yaw, (self.count,)))

    def pairs(self, draws: "GuideDraws", target: Target, source: Source) -> Pairs:
        """See `PairSampling`."""
        ws, ws_target, planes = target
        mapped = source.mapping(draws.z, None)
        towards, others = mapped[: self.num_adjacent], mapped[self.num_adjacent :]
        offsets = adjacent_offsets(ws, towards, draws.alpha)
        return Pairs(
            ws_from=jnp.concatenate([ws[None], ws + offsets, others]),
            ws_to=jnp.concatenate([ws_target[None], ws_target + offsets, others]),
            c=self.views.labels(draws.yaw),
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
