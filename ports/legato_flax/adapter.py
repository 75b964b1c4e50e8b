"""One adapter: an ordinary differential equation over the features of a block, solved by Euler's method.

dx/dt = W2 lrelu(W1 x + b1) + b2, where W1 and W2 are 1x1 convolutions: products over the channels of a pixel.
"""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx

_SLOPE = 0.2
_ROUNDING = 1e-6
"""Shorter last steps are rounding of the times: 1.2000000000000002 takes three steps of 0.4."""


def euler_steps(end: float, step: float) -> tuple[float, ...]:
    """Return the lengths of the Euler steps from 0 to `end`; the last one is shortened to end there.

    `end` 0 takes no step. The official solver refuses it.
    """
    count = math.ceil(end / step - _ROUNDING)
    return (*[step] * (count - 1), end - step * (count - 1)) if count > 0 else ()


class Pointwise(nnx.Module):
    """1x1 convolution with bias, without gains; weights start He-uniform, or at 0."""

    def __init__(self, in_channels: int, out_channels: int, *, zero: bool, rngs: nnx.Rngs):
        shape, bound = (1, 1, in_channels, out_channels), math.sqrt(6 / in_channels)
        key = rngs.params()  # also where nothing is drawn: the next layer's key depends on it
        self.weight = nnx.Param(
            jnp.zeros(shape) if zero else jax.random.uniform(key, shape, jnp.float32, -bound, bound)
        )
        self.bias = nnx.Param(jnp.zeros(out_channels))

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map `[..., in_channels]` to `[..., out_channels]`, in the dtype of `x`."""
        return x @ self.weight[0, 0].astype(x.dtype) + self.bias[...].astype(x.dtype)


class Adapter(nnx.Module):
    """The adapter of a block with `C` channels; before training, it changes nothing."""

    def __init__(self, channels: int, hidden: int, *, rngs: nnx.Rngs):
        self.to_hidden = Pointwise(channels, hidden, zero=False, rngs=rngs)
        self.from_hidden = Pointwise(hidden, channels, zero=True, rngs=rngs)

    def velocity(self, x: jax.Array) -> jax.Array:
        """Return dx/dt at features `[..., C]`; time does not enter."""
        return self.from_hidden(jax.nn.leaky_relu(self.to_hidden(x), _SLOPE))

    @jax.named_scope("adapters")
    def states(self, x: jax.Array, steps: Sequence[float | jax.Array]) -> list[jax.Array]:
        """Return features `[..., C]` before and after each step: the first is `x`, the last the output.

        The gradient computes the hidden layers again. To keep them would take two arrays of their width for
        each step: over 1 GiB at full size.
        """
        velocity = jax.checkpoint(self.velocity)
        states = [x]
        for length in steps:
            states.append(states[-1] + length * velocity(states[-1]))
        return states

    def __call__(self, x: jax.Array, steps: Sequence[float]) -> jax.Array:
        """Return the features `[..., C]` after all steps."""
        return self.states(x, steps)[-1]
