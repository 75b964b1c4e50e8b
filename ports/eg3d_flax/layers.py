"""StyleGAN2's layers with EG3D's parameter names.

For equalised learning rates, weights are stored unscaled and multiplied by their gain at run time. `B` batch,
`H` height, `W` width, `I` input channels, `O` output channels.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from eg3d_flax.activation import DEFAULT_GAIN, Activation, bias_act
from eg3d_flax.compute import DEFAULT, Compute
from eg3d_flax.modulation import modulated_conv2d
from eg3d_flax.resample import RESAMPLE_FILTER, conv2d_resample


class Buffer(nnx.Variable):
    """An array of a network that is not trained by gradients."""


def _normal(rngs: nnx.Rngs, shape: tuple[int, ...]) -> jax.Array:
    return jax.random.normal(rngs.params(), shape, jnp.float32)


class FullyConnectedLayer(nnx.Module):
    """Dense layer; weight and bias are multiplied by `lr_multiplier` at run time."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bias: bool = True,
        activation: Activation = "linear",
        lr_multiplier: float = 1.0,
        bias_init: float = 0.0,
        rngs: nnx.Rngs,
    ):
        self.weight = nnx.Param(_normal(rngs, (in_features, out_features)) / lr_multiplier)
        self.bias = nnx.Param(jnp.full(out_features, bias_init, jnp.float32)) if bias else None
        self.activation: Activation = activation
        self.weight_gain = lr_multiplier / np.sqrt(in_features).item()
        self.bias_gain = lr_multiplier

    def scaled(self) -> tuple[jax.Array, jax.Array | None]:
        """Return weight `[I, O]` and bias `[O]`, multiplied by their gains."""
        bias = None if self.bias is None else self.bias[...] * self.bias_gain
        return self.weight[...] * self.weight_gain, bias

    def __call__(self, x: jax.Array, *, parts: int = 1) -> jax.Array:
        """Map `[..., parts * I]` to `[..., O]`, in the dtype of `x`; the product adds up the parts."""
        weight, bias = self.scaled()
        weight = jnp.tile(weight, (parts, 1))
        y = x @ weight.astype(x.dtype)
        return bias_act(y, bias, act=self.activation)


class Conv2dLayer(nnx.Module):
    """Convolution with optional resampling, bias and activation."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        bias: bool = True,
        activation: Activation = "linear",
        up: int = 1,
        down: int = 1,
        conv_clamp: float | None = None,
        rngs: nnx.Rngs,
    ):
        self.weight = nnx.Param(_normal(rngs, (kernel_size, kernel_size, in_channels, out_channels)))
        self.bias = nnx.Param(jnp.zeros(out_channels)) if bias else None
        self.activation: Activation = activation
        self.up, self.down, self.padding = up, down, kernel_size // 2
        self.conv_clamp = conv_clamp
        self.weight_gain = 1.0 / np.sqrt(in_channels * kernel_size**2).item()

    def __call__(self, x: jax.Array, *, gain: float = 1.0, compute: Compute = DEFAULT) -> jax.Array:
        """Map `[B, H, W, I]` to `[B, H * up / down, W * up / down, O]` in `compute.dtype`."""
        y = conv2d_resample(
            x.astype(compute.dtype),
            (self.weight[...] * self.weight_gain).astype(compute.dtype),
            RESAMPLE_FILTER,
            up=self.up,
            down=self.down,
            padding=self.padding,
            flip_weight=self.up == 1,
            compute=compute,
        )
        bias = None if self.bias is None else self.bias[...]
        return _activate(y, bias, self.activation, gain, self.conv_clamp)


def _activate(
    x: jax.Array, bias: jax.Array | None, act: Activation, gain: float, clamp: float | None
) -> jax.Array:
    """Apply `bias_act` with `gain` times the activation's gain; as in EG3D, `gain` also scales the clamp."""
    clamp = None if clamp is None else clamp * gain
    return bias_act(x, bias, act=act, gain=DEFAULT_GAIN[act] * gain, clamp=clamp)


class SynthesisLayer(nnx.Module):
    """Modulated convolution, noise, bias, leaky ReLU."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        w_dim: int,
        resolution: int,
        kernel_size: int = 3,
        up: int = 1,
        conv_clamp: float | None = None,
        rngs: nnx.Rngs,
    ):
        self.affine = FullyConnectedLayer(w_dim, in_channels, bias_init=1.0, rngs=rngs)
        self.weight = nnx.Param(_normal(rngs, (kernel_size, kernel_size, in_channels, out_channels)))
        self.bias = nnx.Param(jnp.zeros(out_channels))
        self.noise_const = Buffer(_normal(rngs, (resolution, resolution)))
        self.noise_strength = nnx.Param(jnp.zeros(()))
        self.resolution, self.up, self.padding = resolution, up, kernel_size // 2
        self.conv_clamp = conv_clamp

    def __call__(
        self,
        x: jax.Array,
        w: jax.Array,
        *,
        noise: jax.Array | None = None,
        gain: float = 1.0,
        compute: Compute = DEFAULT,
    ) -> jax.Array:
        """Apply the layer.

        Args:
          x: `[B, H, W, I]`.
          w: `[B, w_dim]`.
          noise: standard normal, `[B or 1, H * up, W * up, 1]`; the layer multiplies it by `noise_strength`.
            None adds no noise.
          gain: extra factor of the output.
          compute: forms and dtype.

        Returns:
          `[B, H * up, W * up, O]` in `compute.dtype`.
        """
        y = modulated_conv2d(
            x,
            self.weight[...],
            self.affine(w),
            noise=None if noise is None else noise * self.noise_strength[...],
            up=self.up,
            padding=self.padding,
            resample_filter=RESAMPLE_FILTER,
            flip_weight=self.up == 1,
            compute=compute,
        )
        return _activate(y, self.bias[...], "lrelu", gain, self.conv_clamp)


class ToRGBLayer(nnx.Module):
    """Modulated 1×1 convolution to image channels, without demodulation, noise or activation."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        w_dim: int,
        kernel_size: int = 1,
        conv_clamp: float | None = None,
        rngs: nnx.Rngs,
    ):
        self.affine = FullyConnectedLayer(w_dim, in_channels, bias_init=1.0, rngs=rngs)
        self.weight = nnx.Param(_normal(rngs, (kernel_size, kernel_size, in_channels, out_channels)))
        self.bias = nnx.Param(jnp.zeros(out_channels))
        self.conv_clamp = conv_clamp
        self.weight_gain = 1.0 / np.sqrt(in_channels * kernel_size**2).item()

    def __call__(self, x: jax.Array, w: jax.Array, *, compute: Compute = DEFAULT) -> jax.Array:
        """Map `[B, H, W, I]` and `[B, w_dim]` to `[B, H, W, O]` in `compute.dtype`."""
        styles = self.affine(w) * self.weight_gain
        y = modulated_conv2d(x, self.weight[...], styles, demodulate=False, compute=compute)
        return bias_act(y, self.bias[...], clamp=self.conv_clamp)
