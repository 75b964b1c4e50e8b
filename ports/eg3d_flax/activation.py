"""Apply bias, activation, gain and clamp, as EG3D's `torch_utils.ops.bias_act`."""

from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp

Activation = Literal["linear", "relu", "lrelu", "tanh", "sigmoid", "softplus", "swish"]

SQRT2 = 2.0**0.5

DEFAULT_GAIN: dict[Activation, float] = {
    "linear": 1.0,
    "relu": SQRT2,
    "lrelu": SQRT2,
    "tanh": 1.0,
    "sigmoid": 1.0,
    "softplus": 1.0,
    "swish": SQRT2,
}

_FUNCTION: dict[Activation, Callable[[jax.Array], jax.Array]] = {
    "linear": lambda x: x,
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "swish": jax.nn.swish,
}


def bias_act(
    x: jax.Array,
    bias: jax.Array | None = None,
    *,
    act: Activation = "linear",
    alpha: float = 0.2,
    gain: float | None = None,
    clamp: float | None = None,
) -> jax.Array:
    """Add `bias` to the last axis, apply the activation, multiply by `gain`, clamp to ±`clamp`.

    Args:
      x: `[..., C]`.
      bias: `[C]`.
      act: name of the activation.
      alpha: slope of "lrelu" for negative values.
      gain: None uses the activation's default: √2 for "relu", "lrelu" and "swish", otherwise 1.
      clamp: None does not clamp.
    """
    if bias is not None:
        x = x + bias.astype(x.dtype)
    x = jax.nn.leaky_relu(x, alpha) if act == "lrelu" else _FUNCTION[act](x)
    factor = DEFAULT_GAIN[act] if gain is None else gain
    if factor != 1:
        x = x * factor
    return x if clamp is None else jnp.clip(x, -clamp, clamp)
