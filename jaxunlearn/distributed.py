"""Several processes, one on each host, as one run: every one calls the same functions in the same order.

Process 0 leads: it alone writes logs, pictures and results. All of them write checkpoints. Without several
processes everything here does nothing.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding

from jaxunlearn.errors import InputError

Pytree = Any


def start(coordinator: str | None = None, processes: int | None = None, process: int | None = None) -> None:
    """Find the other processes; before anything else is done with JAX.

    Args:
      coordinator: host:port of process 0; None finds it, their number and ours in the environment, on TPU
        pods, under SLURM, Open MPI or Kubernetes.
      processes: how many.
      process: which of them this one is, from 0.

    Raises:
      InputError: if the others are not found.
    """
    given = (coordinator, processes, process)
    if any(value is None for value in given) and any(value is not None for value in given):
        raise InputError("give the coordinator, the number of processes and this one's number, or none")
    try:
        jax.distributed.initialize(coordinator, processes, process)
    except (ValueError, RuntimeError) as error:
        raise InputError(f"cannot join the other processes: {str(error).splitlines()[0]}") from error


def leads() -> bool:
    """Whether this process writes."""
    return jax.process_index() == 0


def wait(name: str) -> None:
    """Until every process is here."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(name)


def leader_first(action: Callable[[], None], name: str) -> None:
    """Process 0 acts, then the others do, who find what it did; all go on together."""
    if leads():
        action()
    wait(f"{name}: the first")
    if not leads():
        action()
    wait(f"{name}: all")


def anywhere(flag: bool) -> bool:
    """Whether it is so in any process."""
    if jax.process_count() == 1:
        return flag
    return bool(np.any(multihost_utils.process_allgather(np.array(flag))))


def whole(tree: Pytree) -> Pytree:
    """Arrays that may be spread over the processes as NumPy arrays in each of them."""

    def one(x: jax.Array | np.ndarray) -> np.ndarray:
        if isinstance(x, np.ndarray) or x.is_fully_addressable or x.is_fully_replicated:
            return np.asarray(x)
        return multihost_utils.process_allgather(x, tiled=True)

    return jax.tree.map(one, tree)


def from_leader(tree: Pytree) -> Pytree:
    """Process 0's arrays in every process: what each computed by itself may differ in its last bits."""
    if jax.process_count() == 1:
        return tree
    return jax.tree.map(jnp.asarray, multihost_utils.broadcast_one_to_all(tree))


def divided(action: Callable[[Sequence[int]], np.ndarray], items: Sequence[int]) -> np.ndarray:
    """`action(items)`, of which every process does a share and gets everything.

    Args:
      action: some items → an array with a row for each.
      items: at least one.

    Raises:
      InputError: if another process could not do its share; this one's own errors are raised as they are.
    """
    processes, error, own = jax.process_count(), None, None
    if processes == 1:
        return action(items)
    share = -(-len(items) // processes)
    first = jax.process_index() * share
    try:
        own = action([items[min(k, len(items) - 1)] for k in range(first, first + share)])
    except Exception as raised:  # the others are told before it goes on its way
        error = raised
    if anywhere(error is not None):
        raise error or InputError("another process could not do its part; its own message says why")
    return multihost_utils.process_allgather(own, tiled=True)[: len(items)]


def place(tree: Pytree, sharding: NamedSharding | None) -> Pytree:
    """Arrays, the same in every process, on the devices of a mesh of all processes; None leaves them."""
    if sharding is None:
        return tree
    if sharding.is_fully_addressable:
        return jax.device_put(tree, sharding)
    moved = jax.jit(lambda x: x, out_shardings=sharding)

    def one(x: jax.Array) -> jax.Array:
        if not x.is_fully_addressable:
            return moved(x)
        if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
            wrap = functools.partial(jax.random.wrap_key_data, impl=jax.random.key_impl(x))
            return jax.jit(wrap)(one(jax.random.key_data(x)))
        value = np.asarray(x)
        return jax.make_array_from_callback(value.shape, sharding, lambda index: value[index])

    return jax.tree.map(one, tree)
