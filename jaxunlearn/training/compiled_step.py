"""The step of all generator copies as a compiled program on one device or on a mesh.

`K` copies. Where they do not divide evenly among the devices along "identity", the last one is trained more
than once and the repetitions are thrown away.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.sharding import Mesh

from jaxunlearn.methods.base import StepSettings
from jaxunlearn.methods.from_config import Adam
from jaxunlearn.process.multihost import place
from jaxunlearn.sharding import IDENTITY, by_identity, everywhere, on_each_device, portion
from jaxunlearn.training.step import Frozen, State, Target, UnlearningStep, over_identities

Pytree = Any
Measurements = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class StepRecipe:
    """All that decides what a step's program is, besides shapes; hashable.

    Attributes:
      graphdef: of the generator.
      adam: the optimiser.
      settings: how pairs are drawn and rendered.
      copies: `K`.
      mesh: None for one device.
      at_once: copies that a device trains side by side, the others after them: less memory; 0 is all.
    """

    graphdef: nnx.GraphDef
    adam: Adam
    settings: StepSettings
    copies: int
    mesh: Mesh | None = None
    at_once: int = 0

    @property
    def trained(self) -> int:
        """`K` and the repetitions that make it a multiple of the devices along "identity"."""
        along = 1 if self.mesh is None else self.mesh.shape[IDENTITY]
        return -(-self.copies // along) * along

    @property
    def copies_each(self) -> int:
        """Copies that a device trains."""
        return self.trained // (1 if self.mesh is None else self.mesh.shape[IDENTITY])

    def padding(self) -> dict[str, float]:
        """Shares of the work that is done only because devices come in whole numbers; empty if none is."""
        share = portion(self.mesh, self.settings.sampling.count)
        wasted = {
            "padding_identity": round(1 - self.copies / self.trained, 4),
            "padding_sample": 0.0 if share is None else round(share.wasted, 4),
        }
        return {name: value for name, value in wasted.items() if value}

    def everywhere(self, tree: Pytree) -> Pytree:
        """Arrays that all devices need."""
        return place(tree, everywhere(self.mesh))

    def start(
        self, frozen: Frozen, people: tuple[jax.Array, jax.Array], keys: jax.Array
    ) -> tuple[State, Target, jax.Array]:
        """The first arguments of the step, where it wants them.

        Args:
          frozen: on all devices.
          people: `ws` and `ws_target` of each copy, `[K, L, D]` or `[K, N, L, D]`.
          keys: `[K]`.
        """
        step = UnlearningStep(self.graphdef, self.adam.transformation(), self.settings)

        def begin(
            _: jax.Array, frozen: Frozen, people: Any, key: jax.Array
        ) -> tuple[State, Target, jax.Array]:
            return step.init(frozen), step.target(frozen, *people), key

        people, keys = self.with_padding((people, keys))
        return jax.jit(self.on_mesh(begin))(keys, frozen, people, keys)

    def on_mesh(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of one copy's (state, frozen, target, key) for all copies."""
        for_all = _of_copies(function, self.copies_each, self.at_once)
        return for_all if self.mesh is None else on_each_device(for_all, self.mesh)

    def advance(self) -> Callable[..., tuple[State, Measurements]]:
        """One step of all copies, to be compiled: (state, frozen, target, keys) → (state, measurements)."""
        share = portion(self.mesh, self.settings.sampling.count)
        return self.on_mesh(UnlearningStep(self.graphdef, self.adam.transformation(), self.settings, share))

    def with_padding(self, tree: Pytree) -> Pytree:
        """Arrays `[K, ...]`, the last row repeated where devices come in whole numbers, placed on them."""
        if self.trained > self.copies:
            rows = jnp.minimum(jnp.arange(self.trained), self.copies - 1)
            tree = jax.tree.map(lambda x: x[rows], tree)
        return tree if self.mesh is None else place(tree, by_identity(self.mesh))

    def without_padding(self, tree: Pytree) -> Pytree:
        """The first `K` rows."""
        return jax.tree.map(lambda x: x[: self.copies], tree) if self.trained > self.copies else tree


def _of_copies(function: Callable[..., Any], count: int, at_once: int) -> Callable[..., Any]:
    """A function of one copy's (state, frozen, target, key) for `count` copies, in groups of `at_once`.

    A single copy is not vmapped, since convolutions with batched weights are slow.
    """
    if 0 < at_once < count:

        def in_groups(state: Any, frozen: Frozen, target: Any, key: Any) -> Any:
            def one(copy: Any) -> Any:
                return function(copy[0], frozen, *copy[1:])

            return jax.lax.map(one, (state, target, key), batch_size=None if at_once == 1 else at_once)

        return in_groups
    if count > 1:
        return over_identities(function)

    def single(state: Any, frozen: Frozen, target: Any, key: Any) -> Any:
        state, target, key = jax.tree.map(lambda x: x[0], (state, target, key))
        return jax.tree.map(lambda x: x[None], function(state, frozen, target, key))

    return single


@functools.lru_cache(maxsize=4)
def _compiled(recipe: StepRecipe, structure: Any, leaves: tuple[jax.ShapeDtypeStruct, ...]) -> Any:
    """A step's program, kept for the next run that needs the same."""
    arguments = jax.tree.unflatten(structure, leaves)
    return jax.jit(recipe.advance(), donate_argnums=0).lower(*arguments).compile()


def compiled_step(recipe: StepRecipe, *arguments: Any) -> Callable[..., tuple[State, Measurements]]:
    """The step compiled for arguments like these: state (which it consumes), frozen, target, keys."""
    leaves, structure = jax.tree.flatten(arguments)
    shapes = tuple(jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding) for x in leaves)
    return _compiled(recipe, structure, shapes)
