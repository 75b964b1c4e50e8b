"""Resampling and activation in plain PyTorch, as EG3D's reference operations (not its CUDA plugins) do them.

Images are `[B, C, H, W]`, convolution weights `[O, I, kh, kw]`.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def low_pass_filter() -> Tensor:
    """Return StyleGAN2's filter `[4, 4]`: the outer product of 1, 3, 3, 1, with sum 1."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return torch.outer(taps, taps) / taps.sum() ** 2


def upfirdn2d(x: Tensor, kernel: Tensor, *, up: int, padding: Sequence[int], gain: float) -> Tensor:
    """Insert zeros, pad, and filter each channel by one grouped convolution.

    Args:
      x: image.
      kernel: `[kh, kw]`.
      up: one pixel in `up` is an input, the rest are zeros.
      padding: left, right, top, bottom, in pixels of the image with zeros; not negative.
      gain: factor of the result.

    Returns:
      `[B, C, H * up + top + bottom - kh + 1, ...]`.
    """
    batch, channels, height, width = x.shape
    x = x.reshape(batch, channels, height, 1, width, 1)
    x = functional.pad(x, [0, up - 1, 0, 0, 0, up - 1])
    x = x.reshape(batch, channels, height * up, width * up)
    x = functional.pad(x, list(padding))
    weight = (kernel * gain).to(x.dtype).flip([0, 1])
    weight = weight[None, None].repeat(channels, 1, 1, 1)
    return functional.conv2d(x, weight, groups=channels)


def upsample2d(x: Tensor, kernel: Tensor) -> Tensor:
    """Double the sides of an image."""
    return upfirdn2d(x, kernel, up=2, padding=(2, 1, 2, 1), gain=4.0)


def convolve(x: Tensor, weight: Tensor, kernel: Tensor, *, up: int) -> Tensor:
    """Convolve with equal sides, or double the sides by a transposed convolution and a filter.

    Args:
      x: image.
      weight: 3 x 3 or 1 x 1; 3 x 3 for `up` = 2.
      kernel: low-pass filter for `up` = 2.
      up: 1 or 2.
    """
    if up == 1:
        return functional.conv2d(x, weight, padding=weight.shape[-1] // 2)
    x = functional.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
    return upfirdn2d(x, kernel, up=1, padding=(1, 1, 1, 1), gain=4.0)


def bias_act(x: Tensor, bias: Tensor, *, lrelu: bool, clamp: float | None = None) -> Tensor:
    """Add a bias `[C]`; then leaky ReLU times √2, if `lrelu`; then clamp to ±`clamp`."""
    x = x + bias.reshape(1, -1, *[1] * (x.ndim - 2))
    if lrelu:
        x = functional.leaky_relu(x, 0.2) * math.sqrt(2)
    return x if clamp is None else x.clamp(-clamp, clamp)
