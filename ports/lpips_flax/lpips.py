"""LPIPS v0.1 (Zhang et al., CVPR 2018; package `lpips` 0.1.4): a perceptual distance of two images.

Shapes: `B` batch, `H` rows, `W` columns, `C` channels.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from lpips_flax.backbones import BACKBONES, Features
from torch_layers import Conv2d

Net = Literal["vgg", "alex", "squeeze"]


def check_net(net: str) -> None:
    """Refuse unknown backbones.

    Raises:
      ValueError: naming those that there are.
    """
    if net not in get_args(Net):
        raise ValueError(f"unknown LPIPS network {net!r}; choose from {', '.join(get_args(Net))}")


class Head(nnx.Module):
    """The learned weights of a tap's channels; non-negative in the released files."""

    def __init__(self, channels: int, *, rngs: nnx.Rngs):
        self.model = nnx.Dict({"1": Conv2d(channels, 1, 1, bias=False, rngs=rngs)})

    @property
    def weight(self) -> jax.Array:
        """Weights `[C]`."""
        return self.model["1"].weight[...][0, 0, :, 0]


class LPIPS(nnx.Module):
    """The perceptual distance of images.

    `module(x, y)` is `module.distance(module.features(x), module.features(y))`. The features of a fixed
    target can be computed once and reused.
    """

    def __init__(self, net: Net = "vgg", *, rngs: nnx.Rngs):
        check_net(net)
        self.net = net
        backbone = BACKBONES[net]
        self.features = Features(backbone, rngs=rngs)
        for k, tap in enumerate(backbone.taps):
            setattr(self, f"lin{k}", Head(backbone.channels(tap), rngs=rngs))

    def __call__(self, x: jax.Array, y: jax.Array, *, dtype: DTypeLike = jnp.float32) -> jax.Array:
        """Return the distance of two batches of images, pair by pair.

        Args:
          x: `[B, H, W, 3]` in [-1, 1], see `Features`; not clamped.
          y: the same.
          dtype: of the convolutions; distances are summed in at least float32.

        Returns:
          `[B]` float32, 0 for identical images.
        """
        return self.distance(self.features(x, dtype=dtype), self.features(y, dtype=dtype))

    def distance(self, features_x: Sequence[jax.Array], features_y: Sequence[jax.Array]) -> jax.Array:
        """Return the distance `[B]` of two results of `features`."""
        return self.layer_distances(features_x, features_y).sum(axis=-1)

    def layer_distances(self, features_x: Sequence[jax.Array], features_y: Sequence[jax.Array]) -> jax.Array:
        """Return the contribution of each tap to the distance, `[B, taps]`."""
        terms = []
        for k, (x, y) in enumerate(zip(features_x, features_y, strict=True)):
            squared = jnp.square(unit_normalise(x) - unit_normalise(y))
            head: Head = getattr(self, f"lin{k}")
            # A sum of products stays float32 on every device; a matrix product may not.
            terms.append((squared * head.weight).sum(axis=-1).mean(axis=(1, 2)))
        return jnp.stack(terms, axis=-1)


def unit_normalise(features: jax.Array) -> jax.Array:
    """Scale the channels of every pixel to unit length, in at least float32; pixels of zeros stay zero.

    The square root has infinite slope at zero, so plain differentiation gives NaN at pixels of zeros. Both
    branches of the `where` are finite, so that the gradient at these pixels is zero.
    """
    x = features.astype(jnp.promote_types(features.dtype, jnp.float32))
    squared = jnp.square(x).sum(axis=-1, keepdims=True)
    nonzero = squared > 0
    length = jnp.sqrt(jnp.where(nonzero, squared, 1.0))
    return jnp.where(nonzero, x / (length + 1e-10), 0.0)
