"""Pairs of many people in one generator: SUGAR's, and GUIDE's extended to many (SUGAR's baseline).

`N` people, `B` of them in a step, `A` adjacent latents of each, `G` global pairs, `P` pairs in all, `L` rows
of ws, `D` w_dim. Pairs come in this order: one local pair a person, everybody's first adjacent pair,
everybody's second, ..., and the global pairs.
"""

import dataclasses
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp

from jaxunlearn.methods.latents import NormOver, adjacent_offsets
from jaxunlearn.methods.pairs import EPOCHS, CommonSampling, Pairs, Schedule, Source, Target


class ManyDraws(NamedTuple):
    """The random numbers of one step's pairs."""

    members: jax.Array
    """`[B]`, numbers of the people of the step."""

    z_adjacent: jax.Array
    """`[A, B, z_dim]`, standard normal: the people in whose direction adjacent latents lie."""

    alpha: jax.Array
    """`[A, B]`, distances of the adjacent latents."""

    z_global: jax.Array
    """`[G, z_dim]`, standard normal: the people of the global pairs."""

    yaw: jax.Array
    """`[P]` radians."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ManySampling(CommonSampling):
    """How the pairs of many people in one generator are drawn (SUGAR Eq. 5 and its official code).

    Attributes:
      people: `N`.
      batch: `B`, at most `people`.
      order: "epochs" goes through all people in shuffled batches; the last one is filled up with people of
        the first. "draws" draws each step's people anew, without repetition inside a step.
      num_global: `G`; 0 in SUGAR, 2 in GUIDE.
      adjacent_target: "surrogate" is D(w + Δ), SUGAR's; "shifted" is D(w) + Δ, GUIDE's.
      norm_over: see `latents.adjacent_offsets`; "batch" is the official code's.
      alpha: "pair" draws each adjacent latent's distance, "batch" one distance for everybody's first adjacent
        latent, one for everybody's second, ..., as the official code does.
      conditioning: adjacent latents are mapped for the "frontal" camera, or for the "view" of their pair, as
        in SUGAR's official code.
      global_conditioning: the same for global people; the official code uses the frontal camera.
      global_draw: global people are drawn anew for each "step", or for each "epoch", as in the official code.
      view: one yaw for each "pair", "step", or "epoch"; the official code uses "epoch".
    """

    people: int
    batch: int = 4
    order: Literal["epochs", "draws"] = "epochs"
    num_global: int = 0
    adjacent_target: Literal["surrogate", "shifted"] = "surrogate"
    norm_over: NormOver = "sample"
    alpha: Literal["pair", "batch"] = "pair"
    conditioning: Literal["frontal", "view"] = "frontal"
    global_conditioning: Literal["frontal", "view"] = "frontal"
    global_draw: Literal["step", "epoch"] = "step"
    view: Literal["pair", "step", "epoch"] = "pair"

    keeps_target_planes = False
    """Planes of hundreds of surrogates would take gigabytes, and save the backbone only B of P pairs."""

    @property
    def members(self) -> int:
        """Number of people in a step."""
        return min(self.batch, self.people)

    @property
    def steps_per_epoch(self) -> int:
        """Number of steps until everybody had a turn."""
        return -(-self.people // self.members)

    def draw(self, key: jax.Array, z_dim: int, schedule: Schedule) -> ManyDraws:
        """See `PairSampling`."""
        z_key, alpha_key, global_key, yaw_key, members_key = jax.random.split(key, 5)
        epochs = jax.random.fold_in(schedule.key, EPOCHS)
        epoch = jax.random.fold_in(epochs, schedule.step // self.steps_per_epoch)
        order_key, epochs_yaw_key = jax.random.split(epoch)
        if self.global_draw == "epoch":
            global_key = jax.random.fold_in(epoch, 2)
        if self.order == "epochs":
            place = schedule.step % self.steps_per_epoch * self.members + jnp.arange(self.members)
            members = jax.random.permutation(order_key, self.people)[place % self.people]
        else:
            members = jax.random.permutation(members_key, self.people)[: self.members]
        # Keys depend on the person and the adjacent latent: nobody's draws depend on who else is there.
        each = jax.vmap(jax.vmap(jax.random.fold_in, (None, 0)), (0, None))
        numbers = jnp.arange(self.num_adjacent)
        folded = jax.vmap(jax.random.fold_in, (None, 0))
        z = jax.vmap(jax.vmap(lambda k: jax.random.normal(k, (z_dim,))))(
            each(folded(z_key, numbers), members)
        )
        if self.alpha == "pair":
            alpha = jax.vmap(jax.vmap(jax.random.uniform))(each(folded(alpha_key, numbers), members))
        else:
            alpha = jnp.repeat(jax.random.uniform(alpha_key, (self.num_adjacent, 1)), self.members, axis=1)
        yaw_key = epochs_yaw_key if self.view == "epoch" else yaw_key
        yaw = self.views.draw(yaw_key, self.count if self.view == "pair" else 1)
        return ManyDraws(
            members,
            z.reshape(self.num_adjacent, self.members, z_dim),
            self.alpha_max * alpha.reshape(self.num_adjacent, self.members),
            jax.random.normal(global_key, (self.num_global, z_dim)),
            jnp.broadcast_to(yaw, (self.count,)),
        )

    def pairs(self, draws: ManyDraws, target: Target, source: Source) -> Pairs:
        """See `PairSampling`; the targets' latents are `[N, L, D]`."""
        c = self.views.labels(draws.yaw)
        ws, ws_target = target.ws[draws.members], target.ws_target[draws.members]
        around = self.num_adjacent * self.members

        def mapped(z: jax.Array, conditioning: str, views: jax.Array) -> jax.Array:
            if not len(z):
                return jnp.empty((0, *ws.shape[1:]), ws.dtype)
            return source.mapping(z, views if conditioning == "view" else None)

        views, global_views = c[self.members : self.members + around], c[self.members + around :]
        z = draws.z_adjacent.reshape(around, draws.z_adjacent.shape[-1])  # no -1: `around` may be 0
        towards = mapped(z, self.conditioning, views)
        towards = towards.reshape(self.num_adjacent, *ws.shape)
        others = mapped(draws.z_global, self.global_conditioning, global_views)

        def offsets(towards: jax.Array, alpha: jax.Array) -> jax.Array:
            return adjacent_offsets(ws, towards, alpha, norm_over=self.norm_over)

        steps = jax.vmap(offsets)(towards, draws.alpha)
        adjacent = (ws + steps).reshape(around, *ws.shape[1:])
        if self.adjacent_target == "surrogate" and around:
            assert source.surrogates is not None, "D(w) is needed for the adjacent latents' targets"
            wanted = source.surrogates(adjacent)
        else:
            wanted = (ws_target + steps).reshape(adjacent.shape)
        return Pairs(
            ws_from=jnp.concatenate([ws, adjacent, others]),
            ws_to=jnp.concatenate([ws_target, wanted, others]),
            c=c,
        )
