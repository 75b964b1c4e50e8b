"""The InceptionV3 of the Fréchet Inception distance (Heusel et al., NeurIPS 2017).

It is the network of `pytorch-fid`, which GUIDE's evaluation copies.
"""

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from inception_flax.blocks import (
    ConvBlock,
    InceptionA,
    InceptionB,
    InceptionC,
    InceptionD,
    InceptionE,
    InceptionEMax,
)
from torch_layers import max_pool

INPUT_SIZE = 299


class InceptionV3(nnx.Module):
    """Map an image to 2048 features; the checkpoint's classifier is not used."""

    def __init__(self, *, rngs: nnx.Rngs):
        self.Conv2d_1a_3x3 = ConvBlock(3, 32, 3, stride=2, rngs=rngs)
        self.Conv2d_2a_3x3 = ConvBlock(32, 32, 3, rngs=rngs)
        self.Conv2d_2b_3x3 = ConvBlock(32, 64, 3, padding=1, rngs=rngs)
        self.Conv2d_3b_1x1 = ConvBlock(64, 80, 1, rngs=rngs)
        self.Conv2d_4a_3x3 = ConvBlock(80, 192, 3, rngs=rngs)
        self.Mixed_5b = InceptionA(192, 32, rngs=rngs)
        self.Mixed_5c = InceptionA(256, 64, rngs=rngs)
        self.Mixed_5d = InceptionA(288, 64, rngs=rngs)
        self.Mixed_6a = InceptionB(288, rngs=rngs)
        self.Mixed_6b = InceptionC(768, 128, rngs=rngs)
        self.Mixed_6c = InceptionC(768, 160, rngs=rngs)
        self.Mixed_6d = InceptionC(768, 160, rngs=rngs)
        self.Mixed_6e = InceptionC(768, 192, rngs=rngs)
        self.Mixed_7a = InceptionD(768, rngs=rngs)
        self.Mixed_7b = InceptionE(1280, rngs=rngs)
        self.Mixed_7c = InceptionEMax(2048, rngs=rngs)

    def __call__(self, images: jax.Array, *, dtype: DTypeLike = jnp.float32) -> jax.Array:
        """Return the features of images.

        Args:
          images: `[B, H, W, 3]` in [0, 1], any size.
          dtype: of the convolutions.

        Returns:
          `[B, 2048]` float32.
        """
        return self.blocks(images, dtype=dtype)[-1]

    def blocks(self, images: jax.Array, *, dtype: DTypeLike = jnp.float32) -> tuple[jax.Array, ...]:
        """Return the features that `pytorch-fid` calls blocks 0 to 3; for the arguments see `__call__`.

        Returns:
          The maps after the first pooling `[B, 73, 73, 64]`, after the second `[B, 35, 35, 192]`, before the
          third `[B, 17, 17, 768]`, and the mean of the last map, `[B, 2048]` float32.
        """
        batch, _, _, channels = images.shape
        # The reference resizes without antialiasing, even when it shrinks images.
        x = jax.image.resize(images, (batch, INPUT_SIZE, INPUT_SIZE, channels), "linear", antialias=False)
        x = (2 * x - 1).astype(dtype)
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        block0 = max_pool(x, 3, stride=2)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(block0))
        block1 = max_pool(x, 3, stride=2)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(block1)))
        x = self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))
        block2 = self.Mixed_6e(self.Mixed_6d(x))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(block2)))
        features = x.astype(jnp.promote_types(dtype, jnp.float32)).mean(axis=(1, 2))
        return block0, block1, block2, features
