"""Inception blocks of FID's network: TensorFlow's InceptionV3 of 2015, which differs from torchvision's.

Average pools exclude the padding, the last block uses max pooling, and batch normalisation has epsilon 1e-3.
Attribute names are those of the checkpoint. Shapes: `[B, H, W, C]`.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from torch_layers import BatchNorm, Conv2d, average_pool, max_pool


class ConvBlock(nnx.Module):
    """Convolution without bias, batch normalisation, ReLU."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int | tuple[int, int],
        *,
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
        rngs: nnx.Rngs,
    ):
        self.conv = Conv2d(
            in_channels, out_channels, kernel, stride=stride, padding=padding, bias=False, rngs=rngs
        )
        self.bn = BatchNorm(out_channels, eps=1e-3)

    def __call__(self, x: jax.Array) -> jax.Array:
        return jax.nn.relu(self.bn(self.conv(x)))


def _row(in_channels: int, out_channels: int, length: int, rngs: nnx.Rngs) -> ConvBlock:
    """Make a 1 x `length` convolution that keeps the size."""
    return ConvBlock(in_channels, out_channels, (1, length), padding=(0, length // 2), rngs=rngs)


def _column(in_channels: int, out_channels: int, length: int, rngs: nnx.Rngs) -> ConvBlock:
    """Make a `length` x 1 convolution that keeps the size."""
    return ConvBlock(in_channels, out_channels, (length, 1), padding=(length // 2, 0), rngs=rngs)


def _average_3x3(x: jax.Array) -> jax.Array:
    return average_pool(x, 3, stride=1, padding=1)


class InceptionA(nnx.Module):
    """Branches at 35 x 35: 1x1, 5x5, two 3x3, and pooling."""

    def __init__(self, in_channels: int, pool_features: int, *, rngs: nnx.Rngs):
        self.branch1x1 = ConvBlock(in_channels, 64, 1, rngs=rngs)
        self.branch5x5_1 = ConvBlock(in_channels, 48, 1, rngs=rngs)
        self.branch5x5_2 = ConvBlock(48, 64, 5, padding=2, rngs=rngs)
        self.branch3x3dbl_1 = ConvBlock(in_channels, 64, 1, rngs=rngs)
        self.branch3x3dbl_2 = ConvBlock(64, 96, 3, padding=1, rngs=rngs)
        self.branch3x3dbl_3 = ConvBlock(96, 96, 3, padding=1, rngs=rngs)
        self.branch_pool = ConvBlock(in_channels, pool_features, 1, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        branches = (
            self.branch1x1(x),
            self.branch5x5_2(self.branch5x5_1(x)),
            self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x))),
            self.branch_pool(_average_3x3(x)),
        )
        return jnp.concatenate(branches, axis=-1)


class InceptionB(nnx.Module):
    """Reduction from 35 x 35 to 17 x 17."""

    def __init__(self, in_channels: int, *, rngs: nnx.Rngs):
        self.branch3x3 = ConvBlock(in_channels, 384, 3, stride=2, rngs=rngs)
        self.branch3x3dbl_1 = ConvBlock(in_channels, 64, 1, rngs=rngs)
        self.branch3x3dbl_2 = ConvBlock(64, 96, 3, padding=1, rngs=rngs)
        self.branch3x3dbl_3 = ConvBlock(96, 96, 3, stride=2, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        branches = (
            self.branch3x3(x),
            self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x))),
            max_pool(x, 3, stride=2),
        )
        return jnp.concatenate(branches, axis=-1)


class InceptionC(nnx.Module):
    """Branches at 17 x 17; 7x7 convolutions are factored into rows and columns."""

    def __init__(self, in_channels: int, channels_7x7: int, *, rngs: nnx.Rngs):
        inner = channels_7x7
        self.branch1x1 = ConvBlock(in_channels, 192, 1, rngs=rngs)
        self.branch7x7_1 = ConvBlock(in_channels, inner, 1, rngs=rngs)
        self.branch7x7_2 = _row(inner, inner, 7, rngs)
        self.branch7x7_3 = _column(inner, 192, 7, rngs)
        self.branch7x7dbl_1 = ConvBlock(in_channels, inner, 1, rngs=rngs)
        self.branch7x7dbl_2 = _column(inner, inner, 7, rngs)
        self.branch7x7dbl_3 = _row(inner, inner, 7, rngs)
        self.branch7x7dbl_4 = _column(inner, inner, 7, rngs)
        self.branch7x7dbl_5 = _row(inner, 192, 7, rngs)
        self.branch_pool = ConvBlock(in_channels, 192, 1, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        branches = (
            self.branch1x1(x),
            self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x))),
            self.branch7x7dbl_5(self.branch7x7dbl_4(double)),
            self.branch_pool(_average_3x3(x)),
        )
        return jnp.concatenate(branches, axis=-1)


class InceptionD(nnx.Module):
    """Reduction from 17 x 17 to 8 x 8."""

    def __init__(self, in_channels: int, *, rngs: nnx.Rngs):
        self.branch3x3_1 = ConvBlock(in_channels, 192, 1, rngs=rngs)
        self.branch3x3_2 = ConvBlock(192, 320, 3, stride=2, rngs=rngs)
        self.branch7x7x3_1 = ConvBlock(in_channels, 192, 1, rngs=rngs)
        self.branch7x7x3_2 = _row(192, 192, 7, rngs)
        self.branch7x7x3_3 = _column(192, 192, 7, rngs)
        self.branch7x7x3_4 = ConvBlock(192, 192, 3, stride=2, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        factored = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x)))
        branches = (
            self.branch3x3_2(self.branch3x3_1(x)),
            self.branch7x7x3_4(factored),
            max_pool(x, 3, stride=2),
        )
        return jnp.concatenate(branches, axis=-1)


class InceptionE(nnx.Module):
    """Branches at 8 x 8; 3x3 convolutions are split into a row and a column side by side."""

    def __init__(self, in_channels: int, *, rngs: nnx.Rngs):
        self.branch1x1 = ConvBlock(in_channels, 320, 1, rngs=rngs)
        self.branch3x3_1 = ConvBlock(in_channels, 384, 1, rngs=rngs)
        self.branch3x3_2a = _row(384, 384, 3, rngs)
        self.branch3x3_2b = _column(384, 384, 3, rngs)
        self.branch3x3dbl_1 = ConvBlock(in_channels, 448, 1, rngs=rngs)
        self.branch3x3dbl_2 = ConvBlock(448, 384, 3, padding=1, rngs=rngs)
        self.branch3x3dbl_3a = _row(384, 384, 3, rngs)
        self.branch3x3dbl_3b = _column(384, 384, 3, rngs)
        self.branch_pool = ConvBlock(in_channels, 192, 1, rngs=rngs)

    def pool(self, x: jax.Array) -> jax.Array:
        """Pool the input of the pooled branch."""
        return _average_3x3(x)

    def __call__(self, x: jax.Array) -> jax.Array:
        single = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        branches = (
            self.branch1x1(x),
            self.branch3x3_2a(single),
            self.branch3x3_2b(single),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
            self.branch_pool(self.pool(x)),
        )
        return jnp.concatenate(branches, axis=-1)


class InceptionEMax(InceptionE):
    """The last block: `InceptionE` with max pooling."""

    def pool(self, x: jax.Array) -> jax.Array:
        return max_pool(x, 3, stride=1, padding=1)
