"""The step of baking: plain weights learn what a generator with adapters makes of random latents.

`B` latents of a step, `I` of them rendered, `N` forgotten people, `L` rows of ws, `D` w_dim. Rendering is
deterministic: noise is fixed, and the samples along rays lie in the middle of their bins.
"""

import dataclasses
import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax.sharding import Mesh

from eg3d_flax import Compute
from jaxunlearn.baking import settings
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.config.from_config import Adam
from jaxunlearn.methods.latents import adjacent_offsets
from jaxunlearn.methods.losses import TERMS, Rendered
from jaxunlearn.models.cameras import conditioning_view, random_views
from jaxunlearn.models.generator import Generator, SplitGenerator
from jaxunlearn.models.perception import Perception
from jaxunlearn.sharding import over_rows
from jaxunlearn.training.step import State

Pytree = Any
PLANES = "planes"
"""The term that compares planes; the others compare images."""


class Frozen(NamedTuple):
    """The arrays that no step changes."""

    fixed: Pytree
    """The part of the plain generator that is not trained."""

    adapted: Pytree
    """All of the generator with adapters."""

    perception: Perception
    """Networks of the loss."""

    ws: jax.Array
    """`[N, L, D]`, the forgotten people."""

    radius: jax.Array
    """Greatest distance of near latents from their person."""


@dataclasses.dataclass(frozen=True)
class BakingStep:
    """Everything besides arrays that decides the program of a step; hashable.

    Attributes:
      plain: graph of the generator without adapters.
      adapted: graph of the generator with adapters.
      adam: settings of the optimiser.
      weights: names of the terms, with their weights.
      batch, near, images: numbers of latents, see `baking.settings.Latents`.
      max_yaw, pitch: of the views, in radians.
      compute: dtype and forms.
      mesh: devices that share the latents of a step; None for one.
    """

    plain: nnx.GraphDef
    adapted: nnx.GraphDef
    adam: Adam
    weights: tuple[tuple[str, float], ...]
    batch: int
    near: int
    images: int
    max_yaw: float
    pitch: float
    compute: Compute
    mesh: Mesh | None = None

    @classmethod
    def of(
        cls, config: ConfigDict, split: SplitGenerator, adapted: nnx.GraphDef, mesh: Mesh | None = None
    ) -> "BakingStep":
        """Make the step of checked settings for a plain generator taken apart."""
        latents = config.latents
        return cls(
            split.graphdef,
            adapted,
            from_config.adam(config),
            tuple(config.terms.items()),
            latents.batch,
            latents.near,
            latents.images,
            math.radians(latents.max_yaw),
            latents.pitch,
            settings.compute(config),
            mesh,
        )

    def first_state(self, trainable: Pytree) -> State:
        """Return the state before the first step: a copy of the source's weights."""
        copied = jax.tree.map(jnp.copy, trainable)
        return State(copied, self.adam.transformation().init(copied), jnp.zeros((), jnp.int32))

    def draw(self, key: jax.Array, frozen: Frozen, step: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Draw the latents of a step, `[B, L, D]`, and their cameras, `[B, 25]`.

        The first `near` lie around forgotten people, each around the next one; the first of all is a person's
        own. It goes on by one person a step, so that everybody's own has its turn.
        """
        z_key, alpha_key, yaw_key = jax.random.split(jax.random.fold_in(key, step), 3)
        generator: Generator = nnx.merge(self.adapted, frozen.adapted)
        config, near = generator.config, self.near
        z = jax.random.normal(z_key, (self.batch, config.z_dim))
        mapped = generator.mapping(z, conditioning_view(config, self.batch))
        c = random_views(config, yaw_key, self.batch, self.max_yaw, self.pitch)
        if not near:
            return mapped, c
        people = frozen.ws[(step + jnp.arange(near)) % len(frozen.ws)]
        alpha = jax.random.uniform(alpha_key, (near,)).at[0].set(0.0) * frozen.radius
        return jnp.concatenate([people + adjacent_offsets(people, mapped[:near], alpha), mapped[near:]]), c

    def __call__(self, state: State, frozen: Frozen, key: jax.Array) -> tuple[State, dict[str, jax.Array]]:
        """Take a step.

        Returns:
          The new state; `loss` and `gradient_norm` `[1]`, and each term without its weight: `planes`
          `[1, B]`, the others `[1, I]`. As in the step of unlearning, the first axis is that of generator
          copies.
        """
        ws, c = self.draw(key, frozen, state.step)

        def loss_of(trainable: Pytree) -> tuple[jax.Array, dict[str, jax.Array]]:
            terms = self.terms(trainable, frozen, ws, c)
            weights = dict(self.weights)
            return sum((weights[name] * jnp.mean(x) for name, x in terms.items()), jnp.zeros(())), terms

        (loss, terms), gradient = jax.value_and_grad(loss_of, has_aux=True)(state.trainable)
        updates, moments = self.adam.transformation().update(gradient, state.optimiser, state.trainable)
        trainable = optax.apply_updates(state.trainable, updates)
        measured = jax.tree.map(
            lambda x: x[None], {"loss": loss, "gradient_norm": optax.tree.norm(gradient), **terms}
        )
        return State(trainable, moments, state.step + 1), measured

    def terms(self, trainable: Pytree, frozen: Frozen, ws: jax.Array, c: jax.Array) -> dict[str, jax.Array]:
        """Compute the terms of the loss without weights: `planes` `[B]`, and the others `[I]`.

        Args:
          trainable: the weights that learn.
          frozen: all else.
          ws: `[B, L, D]`.
          c: `[B, 25]`.
        """
        same = trainable, frozen
        ours, wanted = self._divided(self._planes, same, ws)
        terms = {PLANES: _relative_distance(ours, wanted)}
        if self.images:
            rows = jax.tree.map(lambda x: x[: self.images], (ours, wanted, ws, c))
            terms |= self._divided(self._image_terms, same, rows)
        return terms

    def _divided(self, function: Any, same: Pytree, rows: Pytree) -> Any:
        if self.mesh is None:
            return function(same, rows)
        return over_rows(function, self.mesh, len(jax.tree.leaves(rows)[0]))(same, rows)

    def _generators(self, same: tuple[Pytree, Frozen]) -> tuple[Generator, Generator]:
        """Return the generator that learns, and the one with adapters."""
        trainable, frozen = same
        return nnx.merge(self.plain, trainable, frozen.fixed), nnx.merge(self.adapted, frozen.adapted)

    def _planes(self, same: tuple[Pytree, Frozen], ws: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return both generators' planes of `ws`, `[B, ...]`."""
        ours, wanted = (each.planes(ws, "const", compute=self.compute) for each in self._generators(same))
        return ours, jax.lax.stop_gradient(wanted)

    def _image_terms(self, same: tuple[Pytree, Frozen], rows: Pytree) -> dict[str, jax.Array]:
        """Render planes, and compare the images."""
        *planes, ws, c = rows
        ours, wanted = (
            Rendered(each, generator.render(each, ws, c, compute=self.compute).image)
            for generator, each in zip(self._generators(same), planes, strict=True)
        )
        wanted, perception = jax.lax.stop_gradient(wanted), same[1].perception
        names = [name for name, _ in self.weights if name != PLANES]
        return {name: TERMS[name].distance(ours, wanted, perception) for name in names}


def _relative_distance(planes: jax.Array, wanted: jax.Array) -> jax.Array:
    """Return the mean squared difference of planes `[B, ...]` in mean squares of the wanted ones, `[B]`."""
    return jnp.mean(jnp.square(planes - wanted), axis=tuple(range(1, planes.ndim))) / jnp.mean(
        jnp.square(wanted)
    )


@functools.lru_cache(maxsize=2)
def _jitted(step: BakingStep) -> Any:
    return jax.jit(step, donate_argnums=0)


def compiled_step(step: BakingStep, state: State, frozen: Frozen, key: jax.Array) -> Any:
    """Compile the step for arguments like these; the program consumes the state."""
    return _jitted(step).lower(state, frozen, key).compile()
