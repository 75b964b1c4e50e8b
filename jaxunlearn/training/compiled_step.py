"""The step of all generator copies as a compiled program, on one device or on a mesh.

`K` copies. Where they do not divide evenly among the devices along "identity", the last copy is trained more
than once, and the repetitions are dropped.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.sharding import Mesh

from jaxunlearn.methods.config.from_config import Adam, StepSettings
from jaxunlearn.process.arrays import place
from jaxunlearn.process.devices import default_device
from jaxunlearn.process.jax_settings import matmul_precision
from jaxunlearn.sharding import IDENTITY, Portion, by_identity, everywhere, on_each_device, portion
from jaxunlearn.training.copies import for_each_copy
from jaxunlearn.training.step import Frozen, State, Target, UnlearningStep
from jaxunlearn.training.turns import ALL_AT_ONCE, Turns, groups, in_a_loop, one_after_another, rows

Pytree = Any
Measurements = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class StepRecipe:
    """Everything besides shapes that decides the program of a step; hashable.

    Attributes:
      graphdef: graph of the generator.
      adam: settings of the optimiser.
      settings: how pairs are drawn and rendered.
      copies: `K`.
      mesh: devices; None for one.
      turns: how the copies of a device share its time.
      source: graph of the source, where training adds a part to it; see `SplitGenerator`.
    """

    graphdef: nnx.GraphDef
    adam: Adam
    settings: StepSettings
    copies: int
    mesh: Mesh | None = None
    turns: Turns = ALL_AT_ONCE
    source: nnx.GraphDef | None = None

    @property
    def trained(self) -> int:
        """`K` plus the repetitions that make it a multiple of the devices along "identity"."""
        along = 1 if self.mesh is None else self.mesh.shape[IDENTITY]
        return -(-self.copies // along) * along

    @property
    def program(self) -> "StepRecipe":
        """The recipe of the same program: repetitions are copies, too."""
        return dataclasses.replace(self, copies=self.trained)

    @property
    def copies_each(self) -> int:
        """Number of copies that a device trains."""
        return self.trained // (1 if self.mesh is None else self.mesh.shape[IDENTITY])

    @property
    def in_turn(self) -> bool:
        """Whether copies are trained by one call of a program after another."""
        return self.turns.apart and self.turns.needed(self.copies)

    @property
    def at_once(self) -> int:
        """Number of copies that a device trains at the same time."""
        return self.turns.size if self.turns.needed(self.copies_each) else self.copies_each

    def padding(self) -> dict[str, float]:
        """Return the shares of the work that is thrown away since copies or pairs do not divide evenly."""
        share = portion(self.mesh, self.settings.sampling.count)
        wasted = {
            "padding_identity": round(1 - self.copies / self.trained, 4),
            "padding_sample": 0.0 if share is None else round(share.wasted, 4),
        }
        return {name: value for name, value in wasted.items() if value}

    def everywhere(self, tree: Pytree) -> Pytree:
        """Put arrays on all devices."""
        return place(tree, everywhere(self.mesh))

    def start(
        self, frozen: Frozen, people: tuple[jax.Array, jax.Array], keys: jax.Array
    ) -> tuple[State, Target, jax.Array]:
        """Compute the arguments of the first step, on their devices.

        Args:
          frozen: on all devices.
          people: `ws` and `ws_target` of each copy, `[K, L, D]` or `[K, N, L, D]`.
          keys: random keys of the copies, `[K]`; they are consumed.
        """
        people, keys = self.with_padding((people, keys))
        some = _beginning(self.program)
        everybody = one_after_another(lambda _: some, self.copies, self.turns.size) if self.in_turn else some
        keys, (state, target) = everybody(keys, frozen, *people)
        return state, target, keys

    def begin(self) -> Callable[..., Any]:
        """Return the program of `start`: (keys, frozen, ws, ws_target) → (keys, (state, target))."""
        step = self.step()

        def begin(keys: jax.Array, frozen: Frozen, *people: jax.Array) -> tuple[jax.Array, Any]:
            def of_one(*people: jax.Array) -> tuple[State, Target]:
                return step.init(frozen), step.target(frozen, *people)

            return keys, for_each_copy(of_one, *people)

        return self._on_devices(begin)

    def _on_devices(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Extend a function of some copies, (state, frozen, ...), to all copies of all devices."""
        if self.turns.needed(self.copies_each) and not self.turns.apart:
            function = in_a_loop(function, self.turns.size)
        return function if self.mesh is None else on_each_device(function, self.mesh)

    def advance(self) -> Callable[..., tuple[State, Measurements]]:
        """Return one step of all copies: (state, frozen, target, keys) → (state, measurements)."""
        return self._on_devices(self.step(portion(self.mesh, self.settings.sampling.count)))

    def step(self, share: Portion | None = None) -> UnlearningStep:
        """Return the step of any number of copies; `share` is this device's share of the pairs."""
        return UnlearningStep(self.graphdef, self.adam.transformation(), self.settings, share, self.source)

    def with_padding(self, tree: Pytree) -> Pytree:
        """Repeat the last row of arrays `[K, ...]` until they divide evenly; put them on devices."""
        if self.trained > self.copies:
            rows = jnp.minimum(jnp.arange(self.trained), self.copies - 1)
            tree = jax.tree.map(lambda x: x[rows], tree)
        return tree if self.mesh is None else place(tree, by_identity(self.mesh))

    def without_padding(self, tree: Pytree) -> Pytree:
        """Return the first `K` rows."""
        return jax.tree.map(lambda x: x[: self.copies], tree) if self.trained > self.copies else tree


@dataclasses.dataclass(frozen=True)
class CompiledStep:
    """One step of all copies, compiled.

    Attributes:
      advance: state, which it consumes, frozen, target, keys → state, measurements.
      program: XLA's program, which `advance` calls.
      calls: how often it does.
    """

    advance: Callable[..., tuple[State, Measurements]]
    program: Any
    calls: int = 1


def compiled_step(recipe: StepRecipe, *arguments: Any) -> CompiledStep:
    """Compile the step for arguments like these: state, frozen, target, keys."""
    size = recipe.turns.size
    if not recipe.in_turn:
        program = _program(recipe, *arguments)
        return CompiledStep(program, program)

    def of_some(count: int) -> Any:
        state, frozen, *others = arguments
        state, others = rows((state, others), 0, count)
        return _program(dataclasses.replace(recipe, copies=count), state, frozen, *others)

    programs = {count: of_some(count) for _, count in groups(recipe.copies, size)}
    advance = one_after_another(programs.__getitem__, recipe.copies, size)
    return CompiledStep(advance, programs[size], -(-recipe.copies // size))


def _program(recipe: StepRecipe, *arguments: Any) -> Any:
    """Compile the program of a step, or return the one that a run before needed."""
    leaves, structure = jax.tree.flatten(arguments)
    shapes = tuple(  # JAX moves arrays that nobody put on a device to where it computes
        jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding if x.committed else None) for x in leaves
    )
    return _compiled(recipe.program, structure, shapes, (matmul_precision(), default_device()))


@functools.lru_cache(maxsize=4)
def _beginning(recipe: StepRecipe) -> Any:
    """Return the program of `StepRecipe.start`; JAX compiles it once for each number of copies."""
    return jax.jit(recipe.begin())


@functools.lru_cache(maxsize=4)
def _compiled(
    recipe: StepRecipe, structure: Any, leaves: tuple[jax.ShapeDtypeStruct, ...], _settings: tuple[Any, ...]
) -> Any:
    """Compile a program; the user's `_settings` of JAX tell it from others."""
    arguments = jax.tree.unflatten(structure, leaves)
    return jax.jit(recipe.advance(), donate_argnums=0).lower(*arguments).compile()
