"""Layers with PyTorch's parameter names.

Parameters are float32. Every layer computes in the dtype of its input, so a network chooses its dtype by
casting its first input. Shapes: `B` batch, `H` rows, `W` columns, `C` channels.
"""

import jax
import jax.numpy as jnp
from flax import nnx

_kernel_init = jax.nn.initializers.variance_scaling(2.0, "fan_in", "normal")


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


def _wide(x: jax.Array) -> jax.Array:
    """Cast to at least float32, for statistics."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


class Linear(nnx.Module):
    """`x @ weight + bias` over the last axis; `weight` is `[in, out]`."""

    def __init__(self, in_features: int, out_features: int, *, bias: bool = True, rngs: nnx.Rngs):
        self.weight = nnx.Param(_kernel_init(rngs.params(), (in_features, out_features)))
        self.bias = nnx.Param(jnp.zeros(out_features)) if bias else None

    def __call__(self, x: jax.Array) -> jax.Array:
        y = x @ self.weight[...].astype(x.dtype)
        return y if self.bias is None else y + self.bias[...].astype(x.dtype)


class Conv2d(nnx.Module):
    """Convolution of `[B, H, W, in]` with `weight` `[kh, kw, in, out]`; size pairs are (rows, columns)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int | tuple[int, int],
        *,
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
        bias: bool = True,
        rngs: nnx.Rngs,
    ):
        self.stride = stride
        self.padding = _pair(padding)
        shape = (*_pair(kernel), in_channels, out_channels)
        self.weight = nnx.Param(_kernel_init(rngs.params(), shape))
        self.bias = nnx.Param(jnp.zeros(out_channels)) if bias else None

    def __call__(self, x: jax.Array) -> jax.Array:
        rows, columns = self.padding
        y = jax.lax.conv_general_dilated(
            x,
            self.weight[...].astype(x.dtype),
            window_strides=(self.stride, self.stride),
            padding=((rows, rows), (columns, columns)),
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        return y if self.bias is None else y + self.bias[...].astype(x.dtype)


class PReLU(nnx.Module):
    """`x` where positive, `weight * x` elsewhere; each channel has its own slope."""

    def __init__(self, channels: int):
        self.weight = nnx.Param(jnp.full(channels, 0.25, jnp.float32))

    def __call__(self, x: jax.Array) -> jax.Array:
        return jnp.where(x >= 0, x, self.weight[...].astype(x.dtype) * x)


class BatchNorm(nnx.Module):
    """Normalise each channel of `[..., C]` by its statistics over all other axes, in at least float32.

    By default it uses the running statistics, as PyTorch's eval mode. With `train=True` it uses the batch's
    statistics and moves the running ones (`nnx.BatchStat`) a tenth of the way towards them, with the N-1
    correction of the variance, as PyTorch's training mode with its default momentum.
    """

    MOMENTUM = 0.1

    def __init__(self, channels: int, *, eps: float = 1e-5, affine: bool = True):
        self.eps = eps
        self.weight = nnx.Param(jnp.ones(channels)) if affine else None
        self.bias = nnx.Param(jnp.zeros(channels)) if affine else None
        self.running_mean = nnx.BatchStat(jnp.zeros(channels))
        self.running_var = nnx.BatchStat(jnp.ones(channels))

    def __call__(self, x: jax.Array, *, train: bool = False) -> jax.Array:
        wide = _wide(x)
        if train:
            mean, var = self._batch_statistics(wide)
        else:
            mean, var = self.running_mean[...], self.running_var[...]
        y = (wide - mean) / jnp.sqrt(var + self.eps)
        if self.weight is not None and self.bias is not None:
            y = y * self.weight[...] + self.bias[...]
        return y.astype(x.dtype)

    def _batch_statistics(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        axes = tuple(range(x.ndim - 1))
        mean, var = x.mean(axes), x.var(axes)
        count = x.size // x.shape[-1]
        for running, value in ((self.running_mean, mean), (self.running_var, var * count / (count - 1))):
            running[...] = (1 - self.MOMENTUM) * running[...] + self.MOMENTUM * jax.lax.stop_gradient(value)
        return mean, var


class LayerNorm(nnx.Module):
    """Normalise the last axis, in at least float32."""

    EPS = 1e-5
    """PyTorch's default."""

    def __init__(self, channels: int, *, affine: bool = True):
        self.weight = nnx.Param(jnp.ones(channels)) if affine else None
        self.bias = nnx.Param(jnp.zeros(channels)) if affine else None

    def __call__(self, x: jax.Array) -> jax.Array:
        wide = _wide(x)
        centred = wide - wide.mean(-1, keepdims=True)
        y = centred / jnp.sqrt(jnp.square(centred).mean(-1, keepdims=True) + self.EPS)
        if self.weight is not None and self.bias is not None:
            y = y * self.weight[...] + self.bias[...]
        return y.astype(x.dtype)
