"""Many generator copies: do something for each, or for the pairs of all as one batch.

`K` copies, `P` pairs of a copy.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax

Pytree = Any


def for_each_copy(function: Callable[..., Any], *arguments: Pytree) -> Any:
    """Apply a function of one copy to `K` copies.

    A single copy is not vmapped, since convolutions with batched weights are slow.

    Args:
      function: of one copy.
      arguments: arrays with a leading axis `K`.

    Returns:
      The results, with a leading axis `K`.
    """
    if len(jax.tree.leaves(arguments)[0]) > 1:
        return jax.vmap(function)(*arguments)
    result = function(*jax.tree.map(lambda x: x[0], arguments))
    return jax.tree.map(lambda x: x[None], result)


def differentiated_for_each_copy(function: Callable[..., Any], *arguments: Pytree) -> Any:
    """Apply a function of one copy to `K` copies, and its gradient, too, as a function of one copy.

    The arguments and results are those of `for_each_copy`.

    Where JAX differentiated all copies at once, a person who diverged made the gradient of another copy NaN,
    on a CPU. Which operation did that was not found; single convolutions and the planes alone do not.
    """

    @jax.custom_vjp
    def applied(*arguments: Pytree) -> Any:
        return for_each_copy(function, *arguments)

    def forward(*arguments: Pytree) -> tuple[Any, Any]:
        return for_each_copy(functools.partial(jax.vjp, function), *arguments)

    def backward(pullback: Any, gradient: Pytree) -> Any:
        return for_each_copy(lambda pullback, gradient: pullback(gradient), pullback, gradient)

    applied.defvjp(forward, backward)
    return applied(*arguments)


def as_batch(tree: Pytree) -> Pytree:
    """Give the pairs of all copies one axis: arrays `[K, P, ...]` become `[K P, ...]`."""
    return jax.tree.map(lambda x: x.reshape(x.shape[0] * x.shape[1], *x.shape[2:]), tree)


def of_copies(tree: Pytree, copies: int) -> Pytree:
    """Undo `as_batch`."""
    return jax.tree.map(lambda x: x.reshape(copies, len(x) // copies, *x.shape[1:]), tree)
