"""The three networks of MTCNN (Zhang et al., IEEE Signal Processing Letters 2016).

Inputs are `[B, H, W, 3]` pixels, normalised as `(pixel - 127.5) / 128`. Attribute names are those of the
released files.
"""

from typing import Any, Literal

import jax
from flax import nnx

from torch_layers import Conv2d, Linear, PReLU, max_pool

NetName = Literal["pnet", "rnet", "onet"]


class PNet(nnx.Module):
    """The proposal network: tells for each cell of 12 x 12 pixels if a face fills it, and the face's box.

    The reference normalises the scores along the image's width instead of over the two classes, and lowers
    the thresholds accordingly. This port does the same.
    """

    def __init__(self, *, rngs: nnx.Rngs):
        self.features: nnx.Dict[Any] = nnx.Dict(
            {
                "conv1": Conv2d(3, 10, 3, rngs=rngs),
                "prelu1": PReLU(10),
                "conv2": Conv2d(10, 16, 3, rngs=rngs),
                "prelu2": PReLU(16),
                "conv3": Conv2d(16, 32, 3, rngs=rngs),
                "prelu3": PReLU(32),
            }
        )
        self.conv4_1 = Conv2d(32, 2, 1, rngs=rngs)
        self.conv4_2 = Conv2d(32, 4, 1, rngs=rngs)

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return offsets `[B, h, w, 4]` of the box's edges in cell sizes, and scores `[B, h, w, 2]`."""
        offsets, logits = self.offsets_and_logits(x)
        return offsets, jax.nn.softmax(logits, axis=2)

    def offsets_and_logits(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return the same as `__call__`, with scores before normalisation."""
        f = self.features
        x = max_pool(f["prelu1"](f["conv1"](x)), 2, stride=2, ceil=True)
        x = f["prelu2"](f["conv2"](x))
        x = f["prelu3"](f["conv3"](x))
        return self.conv4_2(x), self.conv4_1(x)


class RNet(nnx.Module):
    """The refinement network: classifies crops of 24 x 24 pixels and corrects their boxes."""

    SIZE = 24

    def __init__(self, *, rngs: nnx.Rngs):
        self.features: nnx.Dict[Any] = nnx.Dict(
            {
                "conv1": Conv2d(3, 28, 3, rngs=rngs),
                "prelu1": PReLU(28),
                "conv2": Conv2d(28, 48, 3, rngs=rngs),
                "prelu2": PReLU(48),
                "conv3": Conv2d(48, 64, 2, rngs=rngs),
                "prelu3": PReLU(64),
                "conv4": Linear(576, 128, rngs=rngs),
                "prelu4": PReLU(128),
            }
        )
        self.conv5_1 = Linear(128, 2, rngs=rngs)
        self.conv5_2 = Linear(128, 4, rngs=rngs)

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return offsets `[B, 4]` in box sizes, and probabilities `[B, 2]` of no face and face."""
        f = self.features
        x = max_pool(f["prelu1"](f["conv1"](x)), 3, stride=2, ceil=True)
        x = max_pool(f["prelu2"](f["conv2"](x)), 3, stride=2, ceil=True)
        x = f["prelu3"](f["conv3"](x))
        x = f["prelu4"](f["conv4"](x.reshape(len(x), -1)))
        return self.conv5_2(x), jax.nn.softmax(self.conv5_1(x), axis=-1)


class ONet(nnx.Module):
    """The output network: like `RNet` on crops of 48 x 48 pixels, and also five landmarks."""

    SIZE = 48

    def __init__(self, *, rngs: nnx.Rngs):
        self.features: nnx.Dict[Any] = nnx.Dict(
            {
                "conv1": Conv2d(3, 32, 3, rngs=rngs),
                "prelu1": PReLU(32),
                "conv2": Conv2d(32, 64, 3, rngs=rngs),
                "prelu2": PReLU(64),
                "conv3": Conv2d(64, 64, 3, rngs=rngs),
                "prelu3": PReLU(64),
                "conv4": Conv2d(64, 128, 2, rngs=rngs),
                "prelu4": PReLU(128),
                "conv5": Linear(1152, 256, rngs=rngs),
                "prelu5": PReLU(256),
            }
        )
        self.conv6_1 = Linear(256, 2, rngs=rngs)
        self.conv6_2 = Linear(256, 4, rngs=rngs)
        self.conv6_3 = Linear(256, 10, rngs=rngs)

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Return landmarks `[B, 10]` (five x, five y, in box sizes), offsets and probabilities as `RNet`."""
        f = self.features
        x = max_pool(f["prelu1"](f["conv1"](x)), 3, stride=2, ceil=True)
        x = max_pool(f["prelu2"](f["conv2"](x)), 3, stride=2, ceil=True)
        x = max_pool(f["prelu3"](f["conv3"](x)), 2, stride=2, ceil=True)
        x = f["prelu4"](f["conv4"](x))
        x = f["prelu5"](f["conv5"](x.reshape(len(x), -1)))
        return self.conv6_3(x), self.conv6_2(x), jax.nn.softmax(self.conv6_1(x), axis=-1)


NETWORKS: dict[NetName, type[PNet] | type[RNet] | type[ONet]] = {"pnet": PNet, "rnet": RNet, "onet": ONet}
