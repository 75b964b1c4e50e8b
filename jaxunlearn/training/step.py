"""The unlearning step: all pairs in one batch, gradients of what is trained only.

All functions are pure functions of one generator copy and its target, be it one person or many. Methods
differ in how they draw pairs, see `PairSampling`. `over_identities` puts a leading axis of `K` copies on
states, targets and draws. `P` pairs, `L` rows of ws, `D` w_dim.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from eg3d_flax import Compute
from eg3d_flax.renderer import Jitter, random_jitter
from eg3d_flax.synthesis import Noise, NoiseMode
from jaxunlearn.methods import ewc
from jaxunlearn.methods.base import Pairs, Schedule, Source, StepSettings, Target
from jaxunlearn.methods.losses import Rendered, pair_losses, total_loss
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.perception import Perception
from jaxunlearn.sharding import Portion

Pytree = Any


class State(NamedTuple):
    """The arrays that a step changes."""

    trainable: Pytree
    optimiser: optax.OptState
    step: jax.Array


class Frozen(NamedTuple):
    """The arrays that no step changes, shared by all copies: the source generator and the loss's networks."""

    trainable: Pytree
    """The source's parameters of the part that is trained."""

    fixed: Pytree
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
    """The pure functions of a step on one generator copy; none of them keeps any state.

    Args:
      graphdef: graph of the generator.
      optimiser: turns gradients into updates.
      settings: how pairs are drawn and rendered.
      portion: the share of a step's pairs that a device renders, where several devices share them. `losses`
        then counts these pairs alone, and `update` adds the devices' results; both must run on each device
        (`jax.shard_map`). All devices draw the same numbers, so that their count does not change a step.
      copies: generator copies that are vmapped, see `Compute.for_copies`.
    """

    def __init__(
        self,
        graphdef: nnx.GraphDef,
        optimiser: optax.GradientTransformation,
        settings: StepSettings,
        portion: Portion | None = None,
        copies: int = 1,
    ):
        self._graphdef = graphdef
        self._optimiser = optimiser
        self._settings = settings
        self._portion = portion
        self._compute_shared = settings.compute.for_copies(copies)

    def _generator(self, trainable: Pytree, fixed: Pytree) -> Generator:
        return nnx.merge(self._graphdef, trainable, fixed)

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
        source = self._generator(frozen.trainable, frozen.fixed)
        planes = source.planes(ws_target[None], settings.noise_mode, noise=None, compute=self._compute_shared)
        return Target(ws, ws_target, planes[0])

    @jax.named_scope("draw")
    def draw(self, key: jax.Array, frozen: Frozen, step: jax.Array | int = 0) -> Draws:
        """Draw all random numbers of one step of one copy from the copy's key."""
        generator, settings = self._generator(frozen.trainable, frozen.fixed), self._settings
        side = settings.neural_rendering_resolution or generator.config.neural_rendering_resolution
        count = settings.sampling.count
        of_pairs, of_trained, of_source = jax.random.split(jax.random.fold_in(key, step), 3)

        def side_draws(key: jax.Array) -> SideDraws:
            of_jitter, of_noise, of_planes = jax.random.split(key, 3)
            jitter = random_jitter(of_jitter, count, side * side, generator.config)
            if settings.noise_mode != "random":
                return SideDraws(jitter, None, None)
            noise = generator.draw_noise
            second = noise(of_planes, count) if settings.draws == "independent" else None
            return SideDraws(jitter, noise(of_noise, count), second)

        trained = side_draws(of_trained)
        source = trained if settings.draws == "shared" else side_draws(of_source)
        schedule = Schedule(key, jnp.asarray(step))
        pairs = settings.sampling.draw(of_pairs, generator.config.z_dim, schedule)
        return Draws(pairs, trained, source)

    def pairs(self, frozen: Frozen, target: Target, draws: Any) -> Pairs:
        """Return the latents and cameras that `draws` stand for."""
        generator = self._generator(frozen.trainable, frozen.fixed)

        def mapping(z: jax.Array, c: jax.Array | None) -> jax.Array:
            return generator.mapping(z, conditioning_view(generator.config, len(z)) if c is None else c)

        return self._settings.sampling.pairs(draws, target, Source(mapping, frozen.surrogates))

    def _render(
        self,
        generator: Generator,
        compute: Compute,
        ws: jax.Array,
        c: jax.Array,
        draws: SideDraws,
        first_planes: jax.Array | None = None,
    ) -> Rendered:
        """One side of the pairs; `first_planes` are the planes of the first pairs, where they are known.

        `compute` is for the planes: copies share all that comes after them.
        """
        settings = self._settings

        def synthesise(ws: jax.Array, noise: Noise | None) -> jax.Array:
            mode: NoiseMode = "none" if settings.noise_mode == "random" else settings.noise_mode
            return generator.planes(ws, mode, noise=noise, compute=compute)

        if first_planes is None:
            planes = synthesise(ws, draws.noise)
        else:
            planes = jnp.concatenate([first_planes, synthesise(ws[len(first_planes) :], draws.noise)])
        image = generator.render(
            planes,
            ws,
            c,
            jitter=draws.jitter,
            neural_rendering_resolution=settings.neural_rendering_resolution,
            compute=self._compute_shared,
        ).image
        if draws.planes_noise is not None:
            planes = synthesise(ws, draws.planes_noise)
        return Rendered(planes, image)

    def render(
        self, trainable: Pytree, frozen: Frozen, target: Target, draws: Draws
    ) -> tuple[Rendered, Rendered]:
        """Render the pairs with the trainable generator, and with the source."""
        pairs, of_trained, of_source = self.pairs(frozen, target, draws.pairs), draws.trained, draws.source
        if self._portion is not None:
            pairs = pairs._replace(planes_to=None)  # no device knows whether its pairs are the first ones
            pairs, of_trained, of_source = self._portion.take((pairs, of_trained, of_source))
        source = self._generator(frozen.trainable, frozen.fixed)
        trained = self._generator(trainable, frozen.fixed)
        shared = self._compute_shared
        wanted = self._render(source, shared, pairs.ws_to, pairs.c, of_source, pairs.planes_to)
        ours = self._render(trained, self._settings.compute, pairs.ws_from, pairs.c, of_trained)
        return ours, wanted

    def losses(
        self, trainable: Pytree, frozen: Frozen, target: Target, draws: Draws
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """Compute the loss; each term of each pair, unweighted `[P]`, and the memory's penalty as `ewc`."""
        weights = self._settings.sampling.weights()
        ours, wanted = self.render(trainable, frozen, target, draws)
        if self._portion is None:
            terms = pair_losses(ours, wanted, weights, frozen.perception)
        else:
            computed = {name: np.full(self._portion.size, row.any()) for name, row in weights.items()}
            terms = pair_losses(ours, wanted, computed, frozen.perception)
            terms = {name: self._portion.put(terms[name], weights[name] != 0) for name in terms}
        loss = total_loss(terms, weights)
        if frozen.memory is None:
            return loss, terms
        penalty = ewc.penalty(trainable, frozen.memory)
        if self._portion is not None:
            penalty /= self._portion.parts
        return loss + penalty, {**terms, "ewc": penalty}

    def update(
        self, state: State, frozen: Frozen, target: Target, draws: Draws
    ) -> tuple[State, dict[str, jax.Array]]:
        """Take one step of the optimiser.

        Returns:
          The new state, and measurements: `loss`, `gradient_norm`, and the terms that `losses` returns.
        """
        (loss, terms), gradient = jax.value_and_grad(self.losses, has_aux=True)(
            state.trainable, frozen, target, draws
        )
        if self._portion is not None:
            loss, terms, gradient = self._portion.total((loss, terms, gradient))
        with jax.named_scope("optimiser"):
            updates, optimiser = self._optimiser.update(gradient, state.optimiser, state.trainable)
            trainable = optax.apply_updates(state.trainable, updates)
            measured = {"loss": loss, "gradient_norm": optax.tree.norm(gradient), **terms}
        return State(trainable, optimiser, state.step + 1), measured

    def __call__(
        self, state: State, frozen: Frozen, target: Target, key: jax.Array
    ) -> tuple[State, dict[str, jax.Array]]:
        """Draw, then `update`; the random numbers depend on `key` and on the step only."""
        return self.update(state, frozen, target, self.draw(key, frozen, state.step))


def over_identities(function: Callable[..., Any]) -> Callable[..., Any]:
    """Map a step over `K` copies: states, targets and keys get a leading axis, the source does not."""
    return jax.vmap(function, in_axes=(0, None, 0, 0))
