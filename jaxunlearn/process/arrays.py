"""Arrays of several processes: gathered, sent to all, computed in shares, placed on a mesh of all.

In a single process only `place` has an effect: there is nothing to gather, send or share.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding

from jaxunlearn.process import multihost

Pytree = Any


def whole(tree: Pytree) -> Pytree:
    """Return arrays that may be spread over the processes as NumPy arrays, in each process."""

    def gathered(x: jax.Array | np.ndarray) -> np.ndarray:
        if isinstance(x, np.ndarray) or x.is_fully_addressable or x.is_fully_replicated:
            return np.asarray(x)
        return multihost_utils.process_allgather(x, tiled=True)

    return jax.tree.map(gathered, tree)


def from_leader(tree: Pytree) -> Pytree:
    """Return process 0's arrays in every process: those of the others may differ in their last bits."""
    if jax.process_count() == 1:
        return tree
    return jax.tree.map(jnp.asarray, multihost_utils.broadcast_one_to_all(tree))


def divided(action: Callable[[Sequence[int]], np.ndarray], items: Sequence[int]) -> np.ndarray:
    """Return `action(items)`: every process does a share of the work and gets the whole result.

    Args:
      action: some items → an array with a row for each item.
      items: at least one item.

    Raises:
      InputError: in all processes, if the action raises it in any process.
    """
    processes = jax.process_count()
    if processes == 1:
        return action(items)
    share = -(-len(items) // processes)
    first = jax.process_index() * share
    numbers = [min(k, len(items) - 1) for k in range(first, first + share)]
    own = multihost.all_do(lambda: action([items[k] for k in numbers]), "a share of the work")
    return multihost_utils.process_allgather(own, tiled=True)[: len(items)]


def place(tree: Pytree, sharding: NamedSharding | None) -> Pytree:
    """Place arrays, the same in every process, on a mesh of all processes; None does nothing."""
    if sharding is None:
        return tree
    if sharding.is_fully_addressable:
        return jax.device_put(tree, sharding)

    def placed(x: jax.Array) -> jax.Array:
        if not x.is_fully_addressable:
            return _moved_to(sharding)(x)
        if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
            wrap = functools.partial(jax.random.wrap_key_data, impl=jax.random.key_impl(x))
            return jax.jit(wrap)(placed(jax.random.key_data(x)))
        value = np.asarray(x)
        return jax.make_array_from_callback(value.shape, sharding, lambda index: value[index])

    return jax.tree.map(placed, tree)


@functools.lru_cache(maxsize=4)
def _moved_to(sharding: NamedSharding) -> Callable[[jax.Array], jax.Array]:
    """Return the program that moves arrays of several processes; a new function would be compiled anew."""
    return jax.jit(lambda x: x, out_shardings=sharding)
