"""The unlearning step: all pairs of all copies in one batch, gradients of what is trained only.

A copy has one target, be it one person or many. Methods differ in how they draw pairs, see `PairSampling`.
`K` generator copies, `P` pairs of a copy, `L` rows of ws, `D` w_dim.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from eg3d_flax.renderer import Jitter, random_jitter
from eg3d_flax.synthesis import Noise, NoiseMode
from jaxunlearn.methods import ewc
from jaxunlearn.methods.config.from_config import StepSettings
from jaxunlearn.methods.losses import Rendered, pair_losses, total_loss
from jaxunlearn.methods.pairs import Pairs, Schedule, Source, Target
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import Generator, SplitGenerator, merge_source
from jaxunlearn.models.perception import Perception
from jaxunlearn.sharding import Portion
from jaxunlearn.training.copies import as_batch, differentiated_for_each_copy, for_each_copy, of_copies

Pytree = Any
Planes = tuple[jax.Array, Mapping[str, jax.Array]]
"""Planes of latents, and the terms of the loss that were computed on the way to them."""


class State(NamedTuple):
    """The arrays that a step changes."""

    trainable: Pytree
    optimiser: optax.OptState
    step: jax.Array


class Frozen(NamedTuple):
    """The arrays that no step changes, shared by all copies: the source generator and the loss's networks."""

    trainable: Pytree
    """What is trained, as it is before the first step: the source's parameters, or an addition to it."""

    fixed: Pytree
    """The rest of the generator; all of the source, where training adds a part to it."""

    perception: Perception
    """The networks that compare images; as arguments, since captured weights would become constants."""

    surrogates: Callable[[jax.Array], jax.Array] | None = None
    """D of SUGAR, a `jax.tree_util.Partial`, where a step computes the targets of adjacent latents."""

    memory: ewc.Memory | None = None
    """What protects the parameters, if anything does."""


class SideDraws(NamedTuple):
    """The random numbers of one side of the pairs."""

    jitter: Jitter
    noise: Noise | None
    """Noise of the synthesis network; None for the modes without randomness."""

    planes_noise: Noise | None
    """Noise of a second synthesis, for the planes term only; None where planes are shared."""


class Draws(NamedTuple):
    """All random numbers of one step of one generator copy."""

    pairs: Any
    """Random numbers of the pairs, as the `PairSampling` draws them."""

    trained: SideDraws
    source: SideDraws


class UnlearningStep:
    """The pure functions of a step; none of them keeps any state.

    `init`, `target`, `draw` and `pairs` are functions of one copy. The others take all copies at once:
    states, targets, draws and results have a leading axis `K`. Each copy has its own trained part of the
    backbone. All else is the same for all copies, and gets their pairs as one batch `[K P, ...]`.

    Args:
      graphdef: graph of the generator.
      optimiser: turns gradients into updates.
      settings: how pairs are drawn and rendered.
      portion: the share of a step's pairs that a device renders, where several devices share them. `losses`
        then counts these pairs alone, and `update` adds the devices' results; both must run on each device
        (`jax.shard_map`). All devices draw the same numbers, so that their count does not change a step.
      source: graph of the source, where training adds a part to it; see `SplitGenerator`.
    """

    def __init__(
        self,
        graphdef: nnx.GraphDef,
        optimiser: optax.GradientTransformation,
        settings: StepSettings,
        portion: Portion | None = None,
        source: nnx.GraphDef | None = None,
    ):
        self._graphdef = graphdef
        self._source_graphdef = source
        self._optimiser = optimiser
        self._settings = settings
        self._portion = portion
        self._noise_mode: NoiseMode = "none" if settings.noise_mode == "random" else settings.noise_mode
        """Mode of `planes` calls; random noise is drawn before them."""

    def _generator(self, trainable: Pytree, fixed: Pytree) -> Generator:
        return nnx.merge(self._graphdef, trainable, fixed)

    def _source(self, frozen: Frozen) -> Generator:
        """Build the source, without what training adds to it."""
        return merge_source(
            SplitGenerator(self._graphdef, frozen.trainable, frozen.fixed, self._source_graphdef)
        )

    def init(self, frozen: Frozen) -> State:
        """Return the state before the first step: the memory's anchor, or else a copy of the source."""
        start = frozen.trainable if frozen.memory is None else frozen.memory.anchor
        trainable = jax.tree.map(jnp.copy, start)
        return State(trainable, self._optimiser.init(trainable), jnp.zeros((), jnp.int32))

    def target(self, frozen: Frozen, ws: jax.Array, ws_target: jax.Array) -> Target:
        """Build the Target of one generator copy; latents are `[L, D]`, or `[N, L, D]` for many people."""
        settings = self._settings
        if settings.noise_mode == "random" or not settings.sampling.keeps_target_planes:
            return Target(ws, ws_target, None)
        source = self._source(frozen)
        planes = source.planes(ws_target[None], settings.noise_mode, noise=None, compute=settings.compute)
        return Target(ws, ws_target, planes[0])

    @jax.named_scope("draw")
    def draw(self, key: jax.Array, frozen: Frozen, step: jax.Array | int = 0) -> Draws:
        """Draw all random numbers of one step of one copy from the copy's key."""
        generator, settings = self._source(frozen), self._settings
        side = settings.neural_rendering_resolution or generator.config.neural_rendering_resolution
        count = settings.sampling.count
        pairs_key, trained_key, source_key = jax.random.split(jax.random.fold_in(key, step), 3)

        def side_draws(key: jax.Array) -> SideDraws:
            jitter_key, noise_key, planes_key = jax.random.split(key, 3)
            jitter = random_jitter(jitter_key, count, side * side, generator.config)
            if settings.noise_mode != "random":
                return SideDraws(jitter, None, None)
            noise = generator.draw_noise
            second = noise(planes_key, count) if settings.draws == "independent" else None
            return SideDraws(jitter, noise(noise_key, count), second)

        trained = side_draws(trained_key)
        source = trained if settings.draws == "shared" else side_draws(source_key)
        schedule = Schedule(key, jnp.asarray(step))
        pairs = settings.sampling.draw(pairs_key, generator.config.z_dim, schedule)
        return Draws(pairs, trained, source)

    def pairs(self, frozen: Frozen, target: Target, draws: Any) -> Pairs:
        """Return the latents and cameras that `draws` stand for, of one copy."""
        generator = self._source(frozen)

        def mapping(z: jax.Array, c: jax.Array | None) -> jax.Array:
            return generator.mapping(z, conditioning_view(generator.config, len(z)) if c is None else c)

        return self._settings.sampling.pairs(draws, target, Source(mapping, frozen.surrogates))

    def _share(self, frozen: Frozen, target: Target, draws: Draws) -> tuple[Pairs, SideDraws, SideDraws]:
        """Return this device's pairs of one copy, and the random numbers of both of their sides."""
        pairs, of_trained, of_source = self.pairs(frozen, target, draws.pairs), draws.trained, draws.source
        if self._portion is None:
            return pairs, of_trained, of_source
        pairs = pairs._replace(planes_to=None)  # no device knows whether its pairs are the first ones
        return self._portion.take((pairs, of_trained, of_source))

    def _source_planes(self, frozen: Frozen, ws: jax.Array, noise: Noise | None) -> Planes:
        """Compute the source's planes of `ws` `[K, P, L, D]` as one batch; they are `[K, P, ...]`."""
        source = self._source(frozen)
        ws, copies = as_batch(ws), len(ws)
        planes = source.planes(ws, self._noise_mode, noise=as_batch(noise), compute=self._settings.compute)
        return of_copies(planes, copies), {}

    def _trained_planes(self, trainable: Pytree, fixed: Pytree, ws: jax.Array, noise: Noise | None) -> Planes:
        """Compute the planes of each copy's `ws` with its own trained part, `[K, P, ...]`."""
        part, compute = self._settings.part, self._settings.compute

        def planes(trainable: Pytree, ws: jax.Array, noise: Noise | None) -> Planes:
            generator = self._generator(trainable, fixed)
            return part.planes(generator, ws, self._noise_mode, noise=noise, compute=compute)

        each = for_each_copy if part.shares_convolutions else differentiated_for_each_copy
        return each(planes, trainable, ws, noise)

    def _render(
        self,
        planes_of: Callable[[jax.Array, Noise | None], Planes],
        frozen: Frozen,
        ws: jax.Array,
        c: jax.Array,
        draws: SideDraws,
        first_planes: jax.Array | None = None,
    ) -> Rendered:
        """Render one side of the pairs of all copies, `[K, P, ...]`.

        Args:
          planes_of: computes planes of ws `[K, p, L, D]` with their noise, and terms inside.
          frozen: all that comes after the planes is part of it.
          ws: `[K, P, L, D]`.
          c: `[K, P, 25]`.
          draws: of this side.
          first_planes: `[K, n, ...]`, planes of the first pairs of each copy, where they are known.
        """
        if first_planes is None:
            planes, inside = planes_of(ws, draws.noise)
        else:
            others, inside = planes_of(ws[:, first_planes.shape[1] :], draws.noise)
            planes = jnp.concatenate([first_planes, others], axis=1)
        image = (
            self._source(frozen)
            .render(
                *as_batch((planes, ws, c)),
                jitter=as_batch(draws.jitter),
                neural_rendering_resolution=self._settings.neural_rendering_resolution,
                compute=self._settings.compute,
            )
            .image
        )
        if draws.planes_noise is not None:
            planes, inside = planes_of(ws, draws.planes_noise)
        return Rendered(planes, of_copies(image, len(ws)), inside)

    def render(
        self, trainable: Pytree, frozen: Frozen, target: Target, draws: Draws
    ) -> tuple[Rendered, Rendered]:
        """Render all pairs, `[K, P, ...]`, with the trainable generators, and with the source."""
        share = functools.partial(self._share, frozen)
        pairs, of_trained, of_source = for_each_copy(share, target, draws)
        source_planes = functools.partial(self._source_planes, frozen)
        trained_planes = functools.partial(self._trained_planes, trainable, frozen.fixed)
        wanted = self._render(source_planes, frozen, pairs.ws_to, pairs.c, of_source, pairs.planes_to)
        ours = self._render(trained_planes, frozen, pairs.ws_from, pairs.c, of_trained)
        return ours, wanted

    def losses(
        self, trainable: Pytree, frozen: Frozen, target: Target, draws: Draws
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """Compute the loss of each copy, `[K]`.

        Returns:
          The losses; each term of each pair, unweighted `[K, P]`, and the memory's penalty `[K]` as `ewc`.
        """
        weights = self._settings.sampling.weights()
        ours, wanted = self.render(trainable, frozen, target, draws)
        if self._portion is None:
            terms = pair_losses(ours, wanted, weights, frozen.perception)
        else:
            computed = {name: np.full(self._portion.size, row.any()) for name, row in weights.items()}
            terms = pair_losses(ours, wanted, computed, frozen.perception)
            put = self._portion.put
            terms = {
                name: for_each_copy(functools.partial(put, wanted=weights[name] != 0), values)
                for name, values in terms.items()
            }
        loss = for_each_copy(functools.partial(total_loss, weights=weights), terms)
        if frozen.memory is None:
            return loss, terms
        penalty = for_each_copy(functools.partial(ewc.penalty, memory=frozen.memory), trainable)
        if self._portion is not None:
            penalty /= self._portion.parts
        return loss + penalty, {**terms, "ewc": penalty}

    def update(
        self, state: State, frozen: Frozen, target: Target, draws: Draws
    ) -> tuple[State, dict[str, jax.Array]]:
        """Take one step of the optimiser in each copy.

        Returns:
          The new states, and measurements: `loss`, `gradient_norm`, and the terms that `losses` returns.
        """

        def total(trainable: Pytree) -> tuple[jax.Array, Any]:
            loss, terms = self.losses(trainable, frozen, target, draws)
            return loss.sum(), (loss, terms)  # no copy's loss depends on another copy

        gradient, (loss, terms) = jax.grad(total, has_aux=True)(state.trainable)
        if self._portion is not None:
            loss, terms, gradient = self._portion.total((loss, terms, gradient))

        def advance(state: State, gradient: Pytree) -> tuple[State, jax.Array]:
            updates, optimiser = self._optimiser.update(gradient, state.optimiser, state.trainable)
            trainable = optax.apply_updates(state.trainable, updates)
            return State(trainable, optimiser, state.step + 1), optax.tree.norm(gradient)

        with jax.named_scope("optimiser"):
            state, norm = for_each_copy(advance, state, gradient)
        return state, {"loss": loss, "gradient_norm": norm, **terms}

    def __call__(
        self, state: State, frozen: Frozen, target: Target, keys: jax.Array
    ) -> tuple[State, dict[str, jax.Array]]:
        """Draw, then `update`; the random numbers of a copy depend on its key and on the step only."""
        draws = for_each_copy(lambda key, step: self.draw(key, frozen, step), keys, state.step)
        return self.update(state, frozen, target, draws)
