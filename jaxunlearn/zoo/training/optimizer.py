"""Adam for the stored weights of an EG3D generator, schedules of learning rates, and moving averages."""

from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxunlearn.errors import InputError

BIAS_RATE = 0.2
"""Learning rate of biases, relative to that of the unit-variance weights."""

Arrays = dict[str, jax.Array]
"""Dotted path → array."""
Weights = TypeVar("Weights")
"""Any pytree of arrays."""


def rates(parameters: Arrays) -> dict[str, float]:
    """Return the learning rate of each parameter, relative to the others.

    Weights are stored with unit variance, those of the mapping network with variance 10⁴: EG3D slows its
    training down a hundredfold with `lr_multiplier`. This helps against an adversary. A regression has to
    learn z → w first. So each step is relative to the scale of the stored weight.
    """

    def rate(name: str) -> float:
        scale = 100.0 if name.startswith("backbone.mapping.fc") else 1.0
        return scale * (BIAS_RATE if name.endswith(".bias") else 1.0)

    return {name: rate(name) for name in parameters}


def learning_rate(
    step: int, *, peak: float, warmup: int, surface_steps: int, steps: int, volume_rate: float, final: float
) -> float:
    """Return the learning rate of a step.

    It rises during `warmup`, falls towards the end of the first phase, and falls as a cosine in the second.

    Args:
      step: number of the step, counted from 0.
      peak: highest rate.
      warmup: number of steps to reach it; with 0 the first step has it.
      surface_steps: number of steps of the first phase.
      steps: number of steps of both phases.
      volume_rate: share of `peak` at the end of the first and the start of the second phase.
      final: share of `peak` at the end of the second phase.
    """
    if step < surface_steps:
        late = np.clip((step / surface_steps - 0.6) / 0.4, 0, 1)
        factor = volume_rate + (1 - volume_rate) * 0.5 * (1 + np.cos(np.pi * late))
    else:
        share = (step - surface_steps) / max(steps - surface_steps, 1)
        factor = final + (volume_rate - final) * 0.5 * (1 + np.cos(np.pi * min(share, 1)))
    return float(peak * min(1, (step + 1) / max(warmup, 1)) * factor)


def rising_cosine(rate: Any, steps: int) -> optax.Schedule:
    """Return a learning rate that rises from 0 to its peak, and then falls as a cosine.

    Args:
      rate: the settings `peak`; `warmup`, the share of all steps to reach it; `final`, the share of it at the
        end.
      steps: number of all steps.

    Raises:
      InputError: if there are no steps, or none after those of `warmup`.
    """
    if steps < 1:
        raise InputError("config: the numbers of steps must not all be 0")
    if not 0 <= rate.warmup < 1:
        raise InputError(
            f"config.rate.warmup, a share of all steps, must be from 0 to below 1, not {rate.warmup}"
        )
    return optax.warmup_cosine_decay_schedule(
        0.0, rate.peak, int(rate.warmup * steps), steps, rate.peak * rate.final
    )


def adam(parameters: Arrays, *, clip: float) -> optax.GradientTransformation:
    """Return gradient clipping and Adam's direction, scaled by `rates`; the caller multiplies by the rate.

    The norm is that of gradients relative to the stored scale. Otherwise the mapping network would not count.
    """
    relative = rates(parameters)

    scale = optax.stateless(lambda updates, _: jax.tree.map(jnp.multiply, updates, relative))
    return optax.chain(scale, optax.clip_by_global_norm(clip), optax.scale_by_adam(b1=0.9, b2=0.99), scale)


def moving_average(average: Weights, parameters: Weights, step: jax.Array, decay: float) -> Weights:
    """Update an exponential moving average that forgets its start: the decay grows from 0.1 to `decay`."""
    decay_now = jnp.minimum(decay, (1 + step) / (10 + step))
    return jax.tree.map(lambda old, new: new + decay_now * (old - new), average, parameters)
