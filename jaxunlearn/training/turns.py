"""Copies that take turns: a program for some of them is called for one group after another.

On a CPU this is how copies are trained, one at a time: side by side, GUIDE's take twice as long there, since
their convolutions have weights that differ between images (`benchmarks/copies_heads/table.md`).
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from jaxunlearn.training.copies import as_batch

Pytree = Any


@dataclasses.dataclass(frozen=True)
class Turns:
    """How the copies of a device share its time.

    Attributes:
      size: copies that are trained at the same time; 0 is all.
      apart: whether each group is a call of a program for `size` copies, instead of a turn of a loop in one
        program for all.
    """

    size: int = 0
    apart: bool = False

    @classmethod
    def chosen(cls, size: int, platform: str, mesh: Mesh | None) -> "Turns":
        """Return the turns for a platform; `size` 0 leaves them to it.

        Args:
          size: `config.copies_at_once`.
          platform: of the devices, as returned by `jax.default_backend()`.
          mesh: devices; None for one device.
        """
        apart = platform == "cpu" and mesh is None
        return cls(size or int(apart), apart)

    def needed(self, copies: int) -> bool:
        """Return True if not all copies of a device are trained at the same time."""
        return 0 < self.size < copies


ALL_AT_ONCE = Turns()
"""All copies of a device are trained at the same time."""


@functools.partial(jax.jit, static_argnums=2)
def rows(tree: Pytree, first: jax.Array, count: int) -> Pytree:
    """Return `count` copies from number `first` on."""
    return jax.tree.map(lambda x: jax.lax.dynamic_slice_in_dim(x, first, count), tree)


def with_rows(tree: Pytree, first: jax.Array, some: Pytree) -> Pytree:
    """Return the tree with some copies from number `first` on put in."""

    def put(x: jax.Array, rows: jax.Array) -> jax.Array:
        return jax.lax.dynamic_update_slice_in_dim(x, rows, first, 0)

    return jax.tree.map(put, tree, some)


_in_place = jax.jit(with_rows, donate_argnums=0)


def groups(copies: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the first number and the size of each group of copies; the last one may be smaller."""
    for first in range(0, copies, size):
        yield first, min(size, copies - first)


def one_after_another(
    programs: Callable[[int], Callable[..., Any]], copies: int, size: int
) -> Callable[..., tuple[Pytree, Pytree]]:
    """Return a step of all copies that calls programs for some copies.

    Args:
      programs: number of copies → their step: (state, frozen, ...) → (state, measurements).
      copies: `K`; arrays have a leading axis of this length, but for those of `frozen`.
      size: of a group.
    """

    def advance(state: Pytree, frozen: Pytree, *others: Pytree) -> tuple[Pytree, Pytree]:
        measured = []
        for first, count in groups(copies, size):
            group, given = rows((state, others), first, count)
            group, found = programs(count)(group, frozen, *given)
            state = _in_place(state, first, group)
            measured.append(found)
        return state, joined(measured)

    return advance


def in_a_loop(step: Callable[..., tuple[Pytree, Pytree]], size: int) -> Callable[..., tuple[Pytree, Pytree]]:
    """Return a step of many copies that does `size` of them in each turn of a loop.

    The state is carried along, so that XLA changes it in place, and the other arguments are read where they
    are: a loop over stacked arguments keeps a second state and second arguments of all copies.

    Args:
      step: of any number of copies: (state, frozen, ...) → (state, measurements).
      size: of a group; the last one may be smaller.
    """

    def advance(state: Pytree, frozen: Pytree, *others: Pytree) -> tuple[Pytree, Pytree]:
        copies = len(jax.tree.leaves(state)[0])
        whole = copies - copies % size

        def turn(state: Pytree, first: jax.Array, count: int = size) -> tuple[Pytree, Pytree]:
            group, given = rows((state, others), first, count)
            group, measured = step(group, frozen, *given)
            return with_rows(state, first, group), measured

        state, measured = jax.lax.scan(turn, state, jnp.arange(0, whole, size))
        measured = as_batch(measured)
        if whole < copies:
            state, rest = turn(state, jnp.asarray(whole), copies - whole)
            measured = joined([measured, rest])
        return state, measured

    return advance


def joined(parts: Sequence[Pytree]) -> Pytree:
    """Return the arrays of all groups as one."""
    return jax.tree.map(lambda *arrays: jnp.concatenate(arrays), *parts)
