"""Elastic weight consolidation (EWC; Kirkpatrick et al., 2017; SUGAR Eq. 7 and 8).

A diagonal Fisher says how much each parameter matters to the images around the forgotten people. A quadratic
penalty holds the parameters that matter.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import optax

Pytree = Any
ProbeLoss = Callable[[Pytree, Pytree, jax.Array, jax.Array], jax.Array]
"""(parameters, context, one probe `[L, D]`, key) → a number."""


class Memory(NamedTuple):
    """The data of the penalty; both pytrees have the trainable parameters' shapes."""

    fisher: Pytree
    """Importance of each parameter, not negative."""

    anchor: Pytree
    """The parameters when the Fisher was measured."""

    weight: jax.Array
    """λ of Eq. 9."""


@jax.named_scope("ewc")
def penalty(trainable: Pytree, memory: Memory) -> jax.Array:
    """Return λ Σ F (θ - θ*)², without the usual half, as in the official code."""
    chex.assert_trees_all_equal_shapes(trainable, memory.fisher, memory.anchor)

    def term(fisher: jax.Array, parameter: jax.Array, anchor: jax.Array) -> jax.Array:
        return jnp.sum(fisher * jnp.square(parameter - anchor))

    return memory.weight * optax.tree.sum(jax.tree.map(term, memory.fisher, trainable, memory.anchor))


def only_anchored(anchor: Pytree) -> Memory:
    """Return a memory that only says where training starts; its penalty is 0."""
    return Memory(jax.tree.map(jnp.zeros_like, anchor), anchor, jnp.zeros((), jnp.float32))


class Estimate(NamedTuple):
    """A diagonal Fisher, and the parameters after its measurement."""

    fisher: Pytree
    parameters: Pytree


def diagonal_fisher(
    loss: ProbeLoss,
    parameters: Pytree,
    context: Pytree,
    probes: jax.Array,
    keys: jax.Array,
    optimiser: optax.GradientTransformation | None = None,
    weights: jax.Array | None = None,
) -> Estimate:
    """Average the squared gradient of each parameter over probes, in one scan; to be compiled.

    Args:
      loss: the loss of one probe.
      parameters: the point where gradients are taken.
      context: passed on to the loss.
      probes: `[N, L, D]`.
      keys: `[N]`, one for each probe.
      optimiser: takes a step on the same loss after each probe, as the official code does; None takes none.
      weights: `[N]`, the weight of each probe, in place of 1/N.
    """
    weights = jnp.full(len(probes), 1 / len(probes)) if weights is None else weights

    def visit(carry: Any, probe: Any) -> Any:
        parameters, moments, total = carry
        weight, *arguments = probe
        gradient = jax.grad(loss)(parameters, context, *arguments)
        total = jax.tree.map(lambda t, g: t + weight * jnp.square(g), total, gradient)
        if optimiser is not None:
            updates, moments = optimiser.update(gradient, moments, parameters)
            parameters = optax.apply_updates(parameters, updates)
        return (parameters, moments, total), None

    moments = None if optimiser is None else optimiser.init(parameters)
    start = (parameters, moments, jax.tree.map(jnp.zeros_like, parameters))
    (parameters, _, fisher), _ = jax.lax.scan(visit, start, (weights, probes, keys))
    return Estimate(fisher, parameters)


def projection(outputs: jax.Array, key: jax.Array) -> jax.Array:
    """Project all outputs at random: the squared gradient is on average the Gauss-Newton diagonal.

    For M outputs y and standard normal v, E (∂ v·y/√M / ∂θ)² = Σ (∂y/∂θ)² / M. This is half the curvature of
    the mean squared difference from the present outputs. Eq. 7, taken literally, uses the gradient of that
    difference, which is zero before the first change.
    """
    direction = jax.random.normal(key, outputs.shape)
    return jnp.sum(direction * outputs) / jnp.sqrt(outputs.size)


def accumulated(before: Pytree | None, new: Pytree, decay: float = 1.0) -> Pytree:
    """Add the Fisher of a new request to the earlier one, which fades by `decay` before (online EWC)."""
    return new if before is None else jax.tree.map(lambda b, n: decay * b + n, before, new)


def largest(fisher: Pytree) -> float:
    """Return the greatest importance; NaN if any importance is NaN."""
    return float(jnp.max(jnp.stack([jnp.max(leaf) for leaf in jax.tree.leaves(fisher)])))
