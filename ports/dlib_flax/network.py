"""dlib's ResNet-29 for face recognition, as face-api computes it.

It was trained by Davis King on 3 million photographs of 7,485 people. It has no normalisation layers: every
convolution is followed by a fixed scale and shift of each channel.

Shapes: `B` batch, `H` rows, `W` columns, `C` channels.
"""

import dataclasses

import jax
import jax.numpy as jnp
from flax import nnx

from torch_layers import average_pool, max_pool

CHIP_SIZE = 150
"""Side of the network's input in pixels."""

DESCRIPTOR_SIZE = 128

MEAN_RGB = (122.782, 117.001, 104.298)
RANGE = 255.0
"""face-api's divisor; dlib divides by 256, so its input is 0.4 % smaller."""

_kernel_init = jax.nn.initializers.variance_scaling(2.0, "fan_in", "normal")


@dataclasses.dataclass(frozen=True)
class BlockSize:
    """Size of a residual block.

    Attributes:
      name: name in the weights' file.
      in_channels: channels of its input.
      out_channels: channels of its output.
      halved: True if the block halves the resolution.
    """

    name: str
    in_channels: int
    out_channels: int
    halved: bool = False


BLOCKS = (
    *(BlockSize(f"conv32_{k}", 32, 32) for k in (1, 2, 3)),
    BlockSize("conv64_down", 32, 64, halved=True),
    *(BlockSize(f"conv64_{k}", 64, 64) for k in (1, 2, 3)),
    BlockSize("conv128_down", 64, 128, halved=True),
    *(BlockSize(f"conv128_{k}", 128, 128) for k in (1, 2)),
    BlockSize("conv256_down", 128, 256, halved=True),
    *(BlockSize(f"conv256_{k}", 256, 256) for k in (1, 2)),
    BlockSize("conv256_down_out", 256, 256, halved=True),
)
"""The residual blocks in their order."""


class Convolution(nnx.Module):
    """Convolution of `[B, H, W, in]` with `filters` `[kh, kw, in, out]`, and a bias."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, *, stride: int, padding: int, rngs: nnx.Rngs
    ):
        self.stride = stride
        self.padding = padding
        self.filters = nnx.Param(_kernel_init(rngs.params(), (kernel, kernel, in_channels, out_channels)))
        self.bias = nnx.Param(jnp.zeros(out_channels))

    def __call__(self, x: jax.Array) -> jax.Array:
        y = jax.lax.conv_general_dilated(
            x,
            self.filters[...],
            window_strides=(self.stride, self.stride),
            padding=((self.padding, self.padding), (self.padding, self.padding)),
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            # A judge's distances should not depend on the device: full float32 products everywhere.
            precision=jax.lax.Precision.HIGHEST,
        )
        return y + self.bias[...]


class Scale(nnx.Module):
    """`x * weights + biases` for each channel."""

    def __init__(self, channels: int):
        self.weights = nnx.Param(jnp.ones(channels))
        self.biases = nnx.Param(jnp.zeros(channels))

    def __call__(self, x: jax.Array) -> jax.Array:
        return x * self.weights[...] + self.biases[...]


class ScaledConvolution(nnx.Module):
    """A convolution and its scale."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int = 0,
        rngs: nnx.Rngs,
    ):
        self.conv = Convolution(in_channels, out_channels, kernel, stride=stride, padding=padding, rngs=rngs)
        self.scale = Scale(out_channels)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.scale(self.conv(x))


class ResidualBlock(nnx.Module):
    """Two convolutions beside a shortcut, `[B, H, W, in]` → `[B, H', W', out]`.

    A block that halves the resolution pools its shortcut, and its first convolution has stride 2 without
    padding. The smaller of both results is filled up with zeros: the shortcut after its last channel, the
    branch below its last row and right of its last column.
    """

    def __init__(self, size: BlockSize, *, rngs: nnx.Rngs):
        self.halved = size.halved
        stride, padding = (2, 0) if size.halved else (1, 1)
        self.conv1 = ScaledConvolution(
            size.in_channels, size.out_channels, 3, stride=stride, padding=padding, rngs=rngs
        )
        self.conv2 = ScaledConvolution(size.out_channels, size.out_channels, 3, padding=1, rngs=rngs)

    def inner(self, x: jax.Array) -> jax.Array:
        """Return the first convolution's output after its ReLU."""
        return jax.nn.relu(self.conv1(x))

    def outer(self, x: jax.Array, inner: jax.Array) -> jax.Array:
        """Return the block's output from its input and the result of `inner`."""
        branch = self.conv2(inner)
        shortcut = average_pool(x, 2, stride=2) if self.halved else x
        _, rows, columns, channels = (max(sizes) for sizes in zip(branch.shape, shortcut.shape, strict=True))
        return jax.nn.relu(
            _filled_up(branch, rows, columns, channels) + _filled_up(shortcut, rows, columns, channels)
        )


def _filled_up(x: jax.Array, rows: int, columns: int, channels: int) -> jax.Array:
    """Append zeros to rows, columns and channels up to these sizes."""
    _, height, width, depth = x.shape
    return jnp.pad(x, ((0, 0), (0, rows - height), (0, columns - width), (0, channels - depth)))


class DlibResNet(nnx.Module):
    """Map upright face crops to descriptors; their Euclidean distance measures identity.

    It is a judge: it measures, and is never part of a loss. Parameters and arithmetic are float32.
    """

    def __init__(self, *, rngs: nnx.Rngs):
        self.conv32_down = ScaledConvolution(3, 32, 7, stride=2, rngs=rngs)
        for size in BLOCKS:
            setattr(self, size.name, ResidualBlock(size, rngs=rngs))
        channels = BLOCKS[-1].out_channels
        self.fc = nnx.Param(_kernel_init(rngs.params(), (channels, DESCRIPTOR_SIZE)))

    def __call__(self, chips: jax.Array) -> jax.Array:
        """Return the descriptors of face crops.

        Args:
          chips: `[B, 150, 150, 3]` RGB in 0 to 255, integers or float; see `dlib_flax.chips`.

        Returns:
          `[B, 128]` float32, not normalised: their length is about 1.4. For several pictures of one person
          take the mean of the descriptors.

        Raises:
          ValueError: if the chips have another shape.
        """
        return self.layer_outputs(chips)["descriptor"]

    def layer_outputs(self, chips: jax.Array) -> dict[str, jax.Array]:
        """Return the outputs of all layers by name, in order; the arguments are those of `__call__`.

        The last one is `descriptor`. `BLOCK/inner` is a block's first convolution.
        """
        x = normalised(chips)
        outputs = {"normalised": x}
        x = outputs["conv32_down"] = jax.nn.relu(self.conv32_down(x))
        x = outputs["max_pool"] = max_pool(x, 3, stride=2)
        for size in BLOCKS:
            block: ResidualBlock = getattr(self, size.name)
            inner = outputs[f"{size.name}/inner"] = block.inner(x)
            x = outputs[size.name] = block.outer(x, inner)
        x = outputs["mean"] = x.mean(axis=(1, 2))
        outputs["descriptor"] = jnp.matmul(x, self.fc[...], precision=jax.lax.Precision.HIGHEST)
        return outputs


def normalised(chips: jax.Array) -> jax.Array:
    """Return face crops as the network takes them: minus the mean colour, divided by 255, float32.

    Raises:
      ValueError: if the chips are not `[B, 150, 150, 3]`.
    """
    if chips.ndim != 4 or chips.shape[1:] != (CHIP_SIZE, CHIP_SIZE, 3):
        raise ValueError(f"chips must be [B, {CHIP_SIZE}, {CHIP_SIZE}, 3], not {list(chips.shape)}")
    return (jnp.asarray(chips, jnp.float32) - jnp.asarray(MEAN_RGB, jnp.float32)) / jnp.float32(RANGE)


def distance(a: jax.Array, b: jax.Array) -> jax.Array:
    """Return the Euclidean distance of descriptors `[..., 128]`: `[...]`, 0 for equal ones.

    On photographs of real people, below 0.6 means one person. Rendered or generated faces, and means over
    several pictures, need a threshold of their own, set on different people's pictures of the same kind.
    """
    return jnp.linalg.norm(a - b, axis=-1)
