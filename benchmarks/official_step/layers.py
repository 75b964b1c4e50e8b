"""Layers of StyleGAN2 as EG3D runs them in train mode: activations are scaled, kernels are not fused.

`B` batch, `I` and `O` channels, `D` length of a latent row. Names of parameters are the official ones.
"""

import math

import torch
from torch import Tensor, nn

from benchmarks.official_step.resampling import bias_act, convolve, low_pass_filter, upsample2d


class FullyConnectedLayer(nn.Module):
    """A linear layer with weights scaled at run time."""

    def __init__(
        self, inputs: int, outputs: int, *, lrelu: bool = False, rate: float = 1.0, bias: float = 0.0
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full([outputs], bias))
        self.weight_gain, self.rate, self.lrelu = rate / math.sqrt(inputs), rate, lrelu

    def forward(self, x: Tensor) -> Tensor:
        """Map `[B, I]` to `[B, O]` in the dtype of `x`."""
        weight = self.weight.to(x.dtype) * self.weight_gain
        bias = self.bias.to(x.dtype)
        if self.rate != 1:
            bias = bias * self.rate
        if self.lrelu:
            return bias_act(x.matmul(weight.t()), bias, lrelu=True)
        return torch.addmm(bias[None], x, weight.t())


def modulated_conv2d(
    x: Tensor,
    weight: Tensor,
    styles: Tensor,
    kernel: Tensor,
    *,
    noise: Tensor | None = None,
    up: int = 1,
    demodulate: bool = True,
) -> Tensor:
    """Scale the input channels, convolve, and scale the output channels (`fused_modconv=False`).

    Args:
      x: `[B, I, H, W]`, float32 or float16.
      weight: `[O, I, kh, kw]` float32.
      styles: `[B, I]`, float32 or float64.
      kernel: low-pass filter for `up` = 2.
      noise: added last.
      up: 1 or 2.
      demodulate: True scales each output channel by the inverse norm of its modulated kernel.

    Returns:
      `[B, O, H * up, W * up]` in the dtype of `x`.
    """
    batch = x.shape[0]
    if x.dtype == torch.float16 and demodulate:  # keeps float16 from overflowing; the factors cancel
        largest = weight.norm(float("inf"), dim=[1, 2, 3], keepdim=True)
        weight = weight * (1 / math.sqrt(weight[0].numel()) / largest)
        styles = styles / styles.norm(float("inf"), dim=1, keepdim=True)
    factors = None
    if demodulate:
        modulated = weight[None] * styles.reshape(batch, 1, -1, 1, 1)
        factors = (modulated.square().sum(dim=[2, 3, 4]) + 1e-8).rsqrt()
    x = x * styles.to(x.dtype).reshape(batch, -1, 1, 1)
    x = convolve(x, weight.to(x.dtype), kernel, up=up)
    if factors is None:
        return x
    factors = factors.to(x.dtype).reshape(batch, -1, 1, 1)
    return x * factors if noise is None else torch.addcmul(noise.to(x.dtype), x, factors)


class SynthesisLayer(nn.Module):
    """A modulated 3 x 3 convolution with noise, bias and leaky ReLU."""

    resample_filter: Tensor

    def __init__(
        self, inputs: int, outputs: int, *, w_dim: int, resolution: int, up: int = 1, clamp: float | None
    ):
        super().__init__()
        self.up, self.clamp, self.resolution = up, clamp, resolution
        self.affine = FullyConnectedLayer(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.noise_strength = nn.Parameter(torch.zeros([]))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("noise_const", torch.randn(resolution, resolution))
        self.register_buffer("resample_filter", low_pass_filter())

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """Map `[B, I, H, W]` to `[B, O, H * up, W * up]`; `noise` is standard normal or None."""
        if noise is not None:
            noise = noise * self.noise_strength
        styles = self.affine(w)
        x = modulated_conv2d(x, self.weight, styles, self.resample_filter, noise=noise, up=self.up)
        return bias_act(x, self.bias.to(x.dtype), lrelu=True, clamp=self.clamp)


class ToRGBLayer(nn.Module):
    """A modulated 1 x 1 convolution without demodulation."""

    def __init__(self, inputs: int, outputs: int, *, w_dim: int, clamp: float | None):
        super().__init__()
        self.clamp, self.weight_gain = clamp, 1 / math.sqrt(inputs)
        self.affine = FullyConnectedLayer(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor, w: Tensor, kernel: Tensor) -> Tensor:
        """Map `[B, I, H, W]` to `[B, O, H, W]`."""
        styles = self.affine(w) * self.weight_gain
        x = modulated_conv2d(x, self.weight, styles, kernel, demodulate=False)
        return bias_act(x, self.bias.to(x.dtype), lrelu=False, clamp=self.clamp)


class SynthesisBlock(nn.Module):
    """The layers of one resolution and its share of the skip image.

    Attributes:
      up: 2 for the ordinary block, 1 for EG3D's `SynthesisBlockNoUp`.
      float16: True computes in float16 on CUDA; other devices compute in float32, as in the official code.
    """

    resample_filter: Tensor

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        w_dim: int,
        resolution: int,
        img_channels: int,
        up: int = 2,
        clamp: float | None = None,
        float16: bool = False,
    ):
        super().__init__()
        self.up, self.float16 = up, float16
        self.register_buffer("resample_filter", low_pass_filter())
        self.conv_names = ("conv0", "conv1") if inputs else ("conv1",)
        if inputs:
            self.conv0 = SynthesisLayer(
                inputs, outputs, w_dim=w_dim, resolution=resolution, up=up, clamp=clamp
            )
        else:
            self.const = nn.Parameter(torch.randn(outputs, resolution, resolution))
        self.conv1 = SynthesisLayer(outputs, outputs, w_dim=w_dim, resolution=resolution, clamp=clamp)
        self.torgb = ToRGBLayer(outputs, img_channels, w_dim=w_dim, clamp=clamp)

    def forward(
        self, x: Tensor | None, image: Tensor | None, ws: Tensor, noise: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Apply the block.

        Args:
          x: `[B, I, H, W]`, or None for the first block.
          image: skip image `[B, C, H, W]` float32, or None.
          ws: `[B, number of convolutions + 1, D]`.
          noise: by "conv0" and "conv1"; absent means none.

        Returns:
          Features and the skip image, both of this block's resolution.
        """
        rows = list(ws.unbind(dim=1))
        dtype = torch.float16 if self.float16 and ws.device.type == "cuda" else torch.float32
        if x is None:
            x = self.const.to(dtype)[None].repeat(ws.shape[0], 1, 1, 1)
        x = x.to(dtype)
        for name in self.conv_names:
            x = getattr(self, name)(x, rows.pop(0), noise.get(name))
        assert x is not None
        if image is not None and self.up == 2:
            image = upsample2d(image, self.resample_filter)
        y = self.torgb(x, rows.pop(0), self.resample_filter).to(torch.float32)
        return x, y if image is None else image.add_(y)
