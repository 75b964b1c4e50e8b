"""Pairs of many people in one generator: SUGAR's, and GUIDE's extended to many (SUGAR's baseline).

`N` people, `B` of them in a step, `A` adjacent latents of each, `G` global pairs, `P` pairs in all, `L` rows
of ws, `D` w_dim. Pairs come in this order: one local pair a person, everybody's first adjacent pair,
everybody's second, ..., and the global pairs.
"""

import dataclasses
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from eg3d_flax import camera
from jaxunlearn.methods.latents import NormOver, adjacent_offsets
from jaxunlearn.methods.losses import TERMS, Weights, preserving, term_weights
from jaxunlearn.methods.pairs import EPOCHS, Pairs, Schedule, Source, Target


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


@dataclasses.dataclass(frozen=True)
class ManySampling:
    """How the pairs of many people in one generator are drawn (SUGAR Eq. 5 and its official code).

    Attributes:
      people: `N`.
      batch: `B`, at most `people`.
      order: "epochs" goes through all people in shuffled batches; the last one is filled up with people of
        the first. "draws" draws each step's people anew, without repetition inside a step.
      local: terms of the pair (w, D(w)).
      adjacent: terms of each pair (w + Δ, its target).
      preserved: terms of each global pair.
      num_adjacent: `A`.
      num_global: `G`; 0 in SUGAR, 2 in GUIDE.
      lambda_adjacent, lambda_global: weights of these losses.
      reduction: adjacent pairs of a person, and global pairs, are averaged or summed. People are always
        averaged.
      adjacent_target: "surrogate" is D(w + Δ), SUGAR's; "shifted" is D(w) + Δ, GUIDE's.
      norm_over: see `latents.adjacent_offsets`; "batch" is the official code's.
      alpha: "pair" draws each adjacent latent's distance, "batch" one distance for everybody's first adjacent
        latent, one for everybody's second, ..., as the official code does.
      alpha_max: adjacent latents lie up to this far.
      conditioning: adjacent latents are mapped for the "frontal" camera, or for the "view" of their pair, as
        in SUGAR's official code.
      global_conditioning: the same for global people; the official code uses the frontal camera.
      global_draw: global people are drawn anew for each "step", or for each "epoch", as in the official code.
      max_yaw, pitch, pivot, radius, fov: of the cameras, as in `GuideSampling`.
      view: one yaw for each "pair", "step", or "epoch"; the official code uses "epoch".
    """

    people: int
    batch: int = 4
    order: Literal["epochs", "draws"] = "epochs"
    local: Weights = dataclasses.field(default_factory=term_weights)
    adjacent: Weights = dataclasses.field(default_factory=term_weights)
    preserved: Weights = dataclasses.field(default_factory=lambda: preserving(term_weights()))
    num_adjacent: int = 2
    num_global: int = 0
    lambda_adjacent: float = 1.0
    lambda_global: float = 1.0
    reduction: Literal["mean", "sum"] = "mean"
    adjacent_target: Literal["surrogate", "shifted"] = "surrogate"
    norm_over: NormOver = "sample"
    alpha: Literal["pair", "batch"] = "pair"
    alpha_max: float = 15.0
    conditioning: Literal["frontal", "view"] = "frontal"
    global_conditioning: Literal["frontal", "view"] = "frontal"
    global_draw: Literal["step", "epoch"] = "step"
    max_yaw: float = np.pi / 12
    pitch: float = -0.2
    view: Literal["pair", "step", "epoch"] = "pair"
    pivot: tuple[float, float, float] = (0.0, 0.0, 0.2)
    radius: float = 2.7
    fov: float = camera.FFHQ_FOV

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

        def each(term: str) -> np.ndarray:
            parts = [
                np.full(self.members, self.local[term] / self.members),
                np.full(self.members * self.num_adjacent, of_adjacent * self.adjacent[term]),
                np.full(self.num_global, of_global * self.preserved[term]),
            ]
            return np.concatenate(parts).astype(np.float32)

        return {name: each(name) for name in TERMS}

    def draw(self, key: jax.Array, z_dim: int, schedule: Schedule) -> ManyDraws:
        """See `PairSampling`."""
        of_z, of_alpha, of_global, of_yaw, of_members = jax.random.split(key, 5)
        epochs = jax.random.fold_in(schedule.key, EPOCHS)
        epoch = jax.random.fold_in(epochs, schedule.step // self.steps_per_epoch)
        of_order, of_epochs_yaw = jax.random.split(epoch)
        if self.global_draw == "epoch":
            of_global = jax.random.fold_in(epoch, 2)
        if self.order == "epochs":
            place = schedule.step % self.steps_per_epoch * self.members + jnp.arange(self.members)
            members = jax.random.permutation(of_order, self.people)[place % self.people]
        else:
            members = jax.random.permutation(of_members, self.people)[: self.members]
        # Keys depend on the person and the adjacent latent: nobody's draws depend on who else is there.
        each = jax.vmap(jax.vmap(jax.random.fold_in, (None, 0)), (0, None))
        numbers = jnp.arange(self.num_adjacent)
        folded = jax.vmap(jax.random.fold_in, (None, 0))
        z = jax.vmap(jax.vmap(lambda k: jax.random.normal(k, (z_dim,))))(each(folded(of_z, numbers), members))
        if self.alpha == "pair":
            alpha = jax.vmap(jax.vmap(jax.random.uniform))(each(folded(of_alpha, numbers), members))
        else:
            alpha = jnp.repeat(jax.random.uniform(of_alpha, (self.num_adjacent, 1)), self.members, axis=1)
        views = self.count if self.view == "pair" else 1
        yaw = jax.random.uniform(
            of_epochs_yaw if self.view == "epoch" else of_yaw,
            (views,),
            minval=-self.max_yaw,
            maxval=self.max_yaw,
        )
        return ManyDraws(
            members,
            z.reshape(self.num_adjacent, self.members, z_dim),
            self.alpha_max * alpha.reshape(self.num_adjacent, self.members),
            jax.random.normal(of_global, (self.num_global, z_dim)),
            jnp.broadcast_to(yaw, (self.count,)),
        )

    def pairs(self, draws: ManyDraws, target: Target, source: Source) -> Pairs:
        """See `PairSampling`; the targets' latents are `[N, L, D]`."""
        c = camera.camera_params(draws.yaw, self.pitch, pivot=self.pivot, radius=self.radius, fov=self.fov)
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


def batch_of(people: int) -> int:
    """Return the size of a minibatch in the official scripts: 1 for one person, 2 up to five, 4 beyond."""
    return 1 if people == 1 else 2 if people <= 5 else 4


def steps_of(people: int, batch: int, epochs: int) -> int:
    """Return the number of steps in a number of epochs."""
    return epochs * -(-people // min(batch, people))


def heads_steps_of(people: int) -> int:
    """Return the number of steps in which the bundled model forgets a number of people.

    Up to twenty people, everybody is in a minibatch about 120 times; fewer left one of fifteen unchanged. Of
    two hundred people, somebody was not yet their surrogate after 1,000 steps, nor after 1,500. More people
    take their turns as often as two hundred do; nobody has tried so many.
    """
    if people > 200:
        return 10 * people
    return int(np.interp(people, (1, 5, 10, 20, 120, 200), (120, 300, 300, 600, 1000, 2000)))
