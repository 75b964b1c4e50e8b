"""The three ImageNet backbones of LPIPS, with torchvision's layer numbers.

A layer's place in `Backbone.layers` is its index in torchvision's `features`. So its weights are called
`features.<index>.weight`. The classifiers are not part of LPIPS.
"""

import dataclasses
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import DTypeLike

from torch_layers import Conv2d, max_pool


@dataclasses.dataclass(frozen=True)
class Conv:
    """A convolution with bias; the ReLU after it is a separate layer."""

    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0


@dataclasses.dataclass(frozen=True)
class ReLU:
    """A ReLU."""


@dataclasses.dataclass(frozen=True)
class MaxPool:
    """Max pooling with stride 2; with `ceil` the last window may extend beyond the image."""

    kernel: int
    ceil: bool = False


@dataclasses.dataclass(frozen=True)
class Fire:
    """SqueezeNet's module: a 1x1 squeeze, then 1x1 and 3x3 expansions side by side, all with ReLU."""

    squeeze: int
    expand: int


Layer = Conv | ReLU | MaxPool | Fire


@dataclasses.dataclass(frozen=True)
class Backbone:
    """A stack of layers.

    Attributes:
      layers: in their order.
      taps: indices of the layers with the outputs that LPIPS compares.
      least_side: smallest height and width of images; of smaller ones the last tap has no pixel.
    """

    layers: tuple[Layer, ...]
    taps: tuple[int, ...]
    least_side: int

    def channels(self, index: int) -> int:
        """Return the number of channels after the layer `index`."""
        for layer in reversed(self.layers[: index + 1]):
            if isinstance(layer, Conv):
                return layer.channels
            if isinstance(layer, Fire):
                return 2 * layer.expand
        return 3


def _vgg_block(channels: int, convolutions: int) -> tuple[Layer, ...]:
    return (Conv(channels, 3, padding=1), ReLU()) * convolutions


_POOL, _CEIL_POOL = MaxPool(3), MaxPool(3, ceil=True)

BACKBONES: Mapping[str, Backbone] = {
    "vgg": Backbone(
        layers=(
            *_vgg_block(64, 2),
            *(MaxPool(2), *_vgg_block(128, 2)),
            *(MaxPool(2), *_vgg_block(256, 3)),
            *(MaxPool(2), *_vgg_block(512, 3)),
            *(MaxPool(2), *_vgg_block(512, 3)),
        ),
        taps=(3, 8, 15, 22, 29),
        least_side=16,
    ),
    "alex": Backbone(
        layers=(
            *(Conv(64, 11, stride=4, padding=2), ReLU(), _POOL),
            *(Conv(192, 5, padding=2), ReLU(), _POOL),
            *(Conv(384, 3, padding=1), ReLU()),
            *(Conv(256, 3, padding=1), ReLU()),
            *(Conv(256, 3, padding=1), ReLU()),
        ),
        taps=(1, 4, 7, 9, 11),
        least_side=31,
    ),
    "squeeze": Backbone(
        layers=(
            *(Conv(64, 3, stride=2), ReLU(), _CEIL_POOL),
            *(Fire(16, 64), Fire(16, 64), _CEIL_POOL),
            *(Fire(32, 128), Fire(32, 128), _CEIL_POOL),
            *(Fire(48, 192), Fire(48, 192), Fire(64, 256), Fire(64, 256)),
        ),
        taps=(1, 4, 7, 9, 10, 11, 12),
        least_side=17,
    ),
}
"""VGG16, AlexNet and SqueezeNet 1.1 under the names of the `lpips` package."""


class FireModule(nnx.Module):
    """Map `[B, H, W, in]` to `[B, H, W, 2 * expand]`."""

    def __init__(self, in_channels: int, layer: Fire, *, rngs: nnx.Rngs):
        self.squeeze = Conv2d(in_channels, layer.squeeze, 1, rngs=rngs)
        self.expand1x1 = Conv2d(layer.squeeze, layer.expand, 1, rngs=rngs)
        self.expand3x3 = Conv2d(layer.squeeze, layer.expand, 3, padding=1, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        squeezed = jax.nn.relu(self.squeeze(x))
        expanded = (self.expand1x1(squeezed), self.expand3x3(squeezed))
        return jax.nn.relu(jnp.concatenate(expanded, axis=-1))


class Features(nnx.Module):
    """A backbone: maps images to the activations that LPIPS compares."""

    SHIFT = np.array([-0.030, -0.088, -0.188], np.float32)
    SCALE = np.array([0.458, 0.448, 0.450], np.float32)
    """ImageNet's mean and standard deviation for images in [-1, 1], rounded as in the `lpips` package."""

    def __init__(self, backbone: Backbone, *, rngs: nnx.Rngs):
        self.backbone = backbone
        for index, layer in enumerate(backbone.layers):
            in_channels = backbone.channels(index - 1)
            if isinstance(layer, Conv):
                conv = Conv2d(
                    in_channels,
                    layer.channels,
                    layer.kernel,
                    stride=layer.stride,
                    padding=layer.padding,
                    rngs=rngs,
                )
                setattr(self, str(index), conv)
            elif isinstance(layer, Fire):
                setattr(self, str(index), FireModule(in_channels, layer, rngs=rngs))

    def __call__(self, images: jax.Array, *, dtype: DTypeLike = jnp.float32) -> tuple[jax.Array, ...]:
        """Compute the activations at the taps.

        Args:
          images: `[B, H, W, 3]` in [-1, 1], `H` and `W` at least `backbone.least_side`; not clamped.
          dtype: of the convolutions.

        Returns:
          One array `[B, h, w, C]` of `dtype` for each tap, shallowest first.

        Raises:
          ValueError: if images have another shape or are smaller; their distance would be NaN.
        """
        least = self.backbone.least_side
        if images.ndim != 4 or images.shape[3] != 3 or min(images.shape[1:3]) < least:
            raise ValueError(
                f"images must be [B, H, W, 3] with H and W of at least {least}, not {list(images.shape)}"
            )
        x = ((images - self.SHIFT) / self.SCALE).astype(dtype)
        taps = []
        for index, layer in enumerate(self.backbone.layers):
            if isinstance(layer, ReLU):
                x = jax.nn.relu(x)
            elif isinstance(layer, MaxPool):
                x = max_pool(x, layer.kernel, stride=2, ceil=layer.ceil)
            else:
                x = getattr(self, str(index))(x)
            if index in self.backbone.taps:
                taps.append(x)
        return tuple(taps)
