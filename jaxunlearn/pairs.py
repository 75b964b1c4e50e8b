"""What is rendered against what: a method is the way in which its pairs are drawn.

A pair says: the trainable generator's rendering of `ws_from` should look like the frozen source's rendering
of `ws_to`, both seen from camera `c`. `P` pairs, `L` rows of ws, `D` w_dim.
"""

import dataclasses
from collections.abc import Callable
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from eg3d_flax import camera
from jaxunlearn.latents import adjacent_offsets


class Pairs(NamedTuple):
    """Latents and cameras of the pairs of one step."""

    ws_from: jax.Array
    """`[P, L, D]`, for the trainable generator."""

    ws_to: jax.Array
    """`[P, L, D]`, for the frozen source."""

    c: jax.Array
    """`[P, 25]`."""


@dataclasses.dataclass(frozen=True)
class Terms:
    """Weights of the three losses of a pair; a term of weight 0 is not computed."""

    planes: float = 0.01
    perceptual: float = 1.0
    identity: float = 0.1


@dataclasses.dataclass(frozen=True)
class GuideSampling:
    """How GUIDE draws its pairs (Eq. 4, 7 and 8).

    Attributes:
      local: terms of the pair (w_u, w_t).
      adjacent: terms of each pair (w_u + Δ, w_t + Δ).
      preserved: terms of each global pair (w_g, w_g).
      num_adjacent: pairs around the person.
      num_global: pairs of random people.
      lambda_adjacent: weight of the adjacency loss.
      lambda_global: weight of the global preservation loss.
      reduction: adjacent and global pairs are averaged, as in the paper, or summed, as in the official code.
      alpha_max: adjacent offsets are up to this long.
      max_yaw: radians; views are drawn uniformly up to this far to either side.
      pitch: radians, of all views.
      view: "step" draws one yaw for all pairs, as the official code; "pair" one for each.
      pivot: the point that cameras look at.
      radius: distance of cameras from the origin.
    """

    local: Terms = Terms()
    adjacent: Terms = Terms()
    preserved: Terms = Terms(planes=0.0, perceptual=1.0, identity=0.0)
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

    @property
    def count(self) -> int:
        """Pairs a step."""
        return 1 + self.num_adjacent + self.num_global

    def weights(self) -> dict[str, np.ndarray]:
        """Weight of each term of each pair, `[P]`: local, adjacent, global."""

        def each(of: str) -> np.ndarray:
            scale_adjacent, scale_global = self.lambda_adjacent, self.lambda_global
            if self.reduction == "mean":
                scale_adjacent /= max(self.num_adjacent, 1)
                scale_global /= max(self.num_global, 1)
            values = [getattr(self.local, of)]
            values += [scale_adjacent * getattr(self.adjacent, of)] * self.num_adjacent
            values += [scale_global * getattr(self.preserved, of)] * self.num_global
            return np.array(values, np.float32)

        return {field.name: each(field.name) for field in dataclasses.fields(Terms)}


class GuideDraws(NamedTuple):
    """The random numbers of one step's pairs."""

    z: jax.Array
    """`[num_adjacent + num_global, z_dim]`, standard normal: towards whom the adjacent pairs step, then the
    global pairs' people."""

    alpha: jax.Array
    """`[num_adjacent]`, lengths of the steps."""

    yaw: jax.Array
    """`[P]` radians."""


def draw_guide(key: jax.Array, sampling: GuideSampling, z_dim: int) -> GuideDraws:
    """Draw everything random about one step's pairs."""
    of_z, of_alpha, of_yaw = jax.random.split(key, 3)
    z = jax.random.normal(of_z, (sampling.num_adjacent + sampling.num_global, z_dim))
    alpha = jax.random.uniform(of_alpha, (sampling.num_adjacent,), maxval=sampling.alpha_max)
    views = 1 if sampling.view == "step" else sampling.count
    yaw = jax.random.uniform(of_yaw, (views,), minval=-sampling.max_yaw, maxval=sampling.max_yaw)
    return GuideDraws(z, alpha, jnp.broadcast_to(yaw, (sampling.count,)))


def guide_pairs(
    draws: GuideDraws,
    ws: jax.Array,
    ws_target: jax.Array,
    mapping: Callable[[jax.Array], jax.Array],
    sampling: GuideSampling,
) -> Pairs:
    """GUIDE's pairs of one person and one step: local, adjacent, global.

    Args:
      draws: the random numbers.
      ws: `[L, D]`, the person.
      ws_target: `[L, D]`, what the person is to become.
      mapping: z `[N, z_dim]` → ws `[N, L, D]`, conditioned on the frontal camera.
      sampling: the method's settings.
    """
    mapped = mapping(draws.z)
    towards, others = mapped[: sampling.num_adjacent], mapped[sampling.num_adjacent :]
    offsets = adjacent_offsets(ws, towards, draws.alpha)
    c = camera.camera_params(draws.yaw, sampling.pitch, pivot=sampling.pivot, radius=sampling.radius)
    return Pairs(
        ws_from=jnp.concatenate([ws[None], ws + offsets, others]),
        ws_to=jnp.concatenate([ws_target[None], ws_target + offsets, others]),
        c=c,
    )
