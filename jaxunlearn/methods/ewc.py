"""Remembering by elastic weights (Kirkpatrick et al., 2017; SUGAR Eq. 7 and 8).

A diagonal Fisher says how much each parameter matters to what the generator shows around the forgotten
people, and a quadratic penalty keeps those that matter where they are.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

Pytree = Any
ProbeLoss = Callable[[Pytree, Pytree, jax.Array, jax.Array], jax.Array]
"""(parameters, context, one probe `[L, D]`, key) → a number."""


class Memory(NamedTuple):
    """What the penalty needs; pytrees of the trainable parameters' shapes."""

    fisher: Pytree
    """Importance of each parameter, not negative."""

    anchor: Pytree
    """Where the parameters were when the Fisher was taken."""

    weight: jax.Array
    """λ of Eq. 9."""


def penalty(trainable: Pytree, memory: Memory) -> jax.Array:
    """λ Σ F (θ - θ*)², without the usual half, as the official code has it."""

    def term(fisher: jax.Array, parameter: jax.Array, anchor: jax.Array) -> jax.Array:
        return jnp.sum(fisher * jnp.square(parameter - anchor))

    return memory.weight * optax.tree.sum(jax.tree.map(term, memory.fisher, trainable, memory.anchor))


def only_anchored(anchor: Pytree) -> Memory:
    """A memory that says where training starts and holds nothing there."""
    return Memory(jax.tree.map(jnp.zeros_like, anchor), anchor, jnp.zeros((), jnp.float32))


class Estimate(NamedTuple):
    """A diagonal Fisher, and where the parameters are afterwards."""

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
    """Mean over probes of the squared gradient of each parameter, in one scan; to be compiled.

    Args:
      loss: of one probe.
      parameters: where the gradients are taken.
      context: passed on to the loss.
      probes: `[N, L, D]`.
      keys: `[N]`, one for each probe.
      optimiser: the official code takes a step after each probe, on the loss it measures with; None stays.
      weights: `[N]`, what each probe counts for, in place of 1/N.
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
    """A random projection of all outputs, whose squared gradient is on average the Gauss-Newton diagonal.

    For M outputs y and standard normal v, E (∂ v·y/√M / ∂θ)² = Σ (∂y/∂θ)² / M: half the curvature of the
    mean squared difference from what the outputs are now. The literal Eq. 7 takes that difference's gradient,
    which is zero where nothing has changed yet.
    """
    direction = jax.random.normal(key, outputs.shape)
    return jnp.sum(direction * outputs) / jnp.sqrt(outputs.size)


def accumulated(before: Pytree | None, new: Pytree, decay: float = 1.0) -> Pytree:
    """Fishers of requests one after another: their sum, or with `decay` below 1 online EWC's fading one."""
    return new if before is None else jax.tree.map(lambda b, n: decay * b + n, before, new)


def largest(fisher: Pytree) -> float:
    """The greatest importance."""
    return max(float(jnp.max(leaf)) for leaf in jax.tree.leaves(fisher))
