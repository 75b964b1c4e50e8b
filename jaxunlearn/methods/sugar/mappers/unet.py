"""SUGAR's mapper as in its official code: a U-Net that reads ws as an image of one channel.

`B` latents, `L` rows of ws, `D` w_dim, `C` channels. Two levels, residual, ReLU before the convolutions, no
normalisation. Attribute paths are the official state dict's names.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import torch_bridge
from torch_layers import Conv2d, max_pool

_xavier = jax.nn.initializers.xavier_uniform()


class Convolution(nnx.Module):
    """A convolution under the name that the official code gives it."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, *, rngs: nnx.Rngs):
        self.conv_layer = Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.conv_layer(x)


class ResidualBlock(nnx.Module):
    """Two 3x3 convolutions beside a 1x1 one; the first block of the network does not rectify its input."""

    def __init__(self, in_channels: int, out_channels: int, *, first: bool = False, rngs: nnx.Rngs):
        self.first = first
        self.conv_residual = Convolution(in_channels, out_channels, 1, rngs=rngs)
        self.conv1 = Convolution(in_channels, out_channels, 3, rngs=rngs)
        self.conv2 = Convolution(out_channels, out_channels, 3, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        inner = self.conv1(x if self.first else jax.nn.relu(x))
        return self.conv2(jax.nn.relu(inner)) + self.conv_residual(x)


class Upsampling(nnx.Module):
    """A transposed convolution with kernel and stride 2: every pixel becomes 2x2, without overlap.

    `weight` is `[2, 2, in, out]`.
    """

    def __init__(self, channels: int, *, rngs: nnx.Rngs):
        self.weight = nnx.Param(_xavier(rngs.params(), (2, 2, channels, channels)))
        self.bias = nnx.Param(jnp.zeros(channels))

    def __call__(self, x: jax.Array) -> jax.Array:
        batch, rows, columns, _ = x.shape
        pixels = jnp.einsum("brci,yxio->brycxo", x, self.weight[...])
        return pixels.reshape(batch, 2 * rows, 2 * columns, -1) + self.bias[...]


class _Encoder(nnx.Module):
    def __init__(self, width: int, *, rngs: nnx.Rngs):
        self.encoding_blocks = nnx.Dict({"0": ResidualBlock(1, width, first=True, rngs=rngs)})


class _DecodingBlock(ResidualBlock):
    """Enlarges its input, and joins it with the encoder's output of the same size."""

    def __init__(self, width: int, *, rngs: nnx.Rngs):
        super().__init__(3 * width, width, rngs=rngs)
        self.upsample = Upsampling(2 * width, rngs=rngs)

    def join(self, encoded: jax.Array, x: jax.Array) -> jax.Array:
        return self(jnp.concatenate([encoded, self.upsample(x)], axis=-1))


class _Decoder(nnx.Module):
    def __init__(self, width: int, *, rngs: nnx.Rngs):
        self.decoding_blocks = nnx.Dict({"0": _DecodingBlock(width, rngs=rngs)})


class UNet2D(nnx.Module):
    """Identity offsets w - w̄ `[B, L, D]` → directions of the surrogates, the same shape.

    The output is the mean over the decoder's channels. The classifier is in the official files, but is never
    applied. An odd number of rows is filled up with zeros; the official 14 rows never need it.

    Args:
      width: channels of the outer level; 64 in the official code.
      rngs: random numbers for the weights.
    """

    def __init__(self, width: int = 64, *, rngs: nnx.Rngs):
        self.width = width
        self.encoder = _Encoder(width, rngs=rngs)
        self.bottom_block = ResidualBlock(width, 2 * width, rngs=rngs)
        self.decoder = _Decoder(width, rngs=rngs)
        self.classifier = Convolution(width, 2, 1, rngs=rngs)

    def __call__(self, w_id: jax.Array) -> jax.Array:
        """See the class."""
        rows, columns = w_id.shape[-2:]
        x = jnp.pad(w_id, ((0, 0), (0, rows % 2), (0, columns % 2)))[..., None]
        encoded = self.encoder.encoding_blocks["0"](x)
        deep = self.bottom_block(max_pool(encoded, 2, stride=2))
        joined = self.decoder.decoding_blocks["0"].join(encoded, deep)
        return jnp.mean(joined, axis=-1)[:, :rows, :columns]


def initialised_unet(seed: int = 0, width: int = 64) -> UNet2D:
    """Return a U-Net with the official initial weights: Xavier-uniform, biases uniform in ±1/√fan_in."""

    def make() -> UNet2D:
        return UNet2D(width, rngs=nnx.Rngs(0))

    shapes = torch_bridge.module_shapes(make)
    rng = np.random.default_rng(seed)

    def draw(name: str) -> np.ndarray:
        height, width, inputs, outputs = shapes[f"{name.rpartition('.')[0]}.weight"]
        fan_in, fan_out = height * width * inputs, height * width * outputs
        bound = (6 / (fan_in + fan_out)) ** 0.5 if name.endswith("weight") else fan_in**-0.5
        return rng.uniform(-bound, bound, shapes[name])

    return torch_bridge.module_from_arrays(make, {name: draw(name) for name in shapes})


def _axes(name: str, ndim: int) -> tuple[int, ...]:
    """Order of axes; transposed convolutions are stored `[in, out, kh, kw]`."""
    if name.endswith("upsample.weight"):
        return (2, 3, 0, 1)
    return torch_bridge.conv_and_linear_axes(name, ndim)


LAYOUT = torch_bridge.TorchLayout(_axes, ignored=(r".*\.block\.[01]\.(weight|bias)",))
"""Official files hold every convolution twice, as `conv_layer` and as a member of `block`."""


def from_torch(state_dict: Mapping[str, np.ndarray]) -> UNet2D:
    """Build the mapper from the official `trigger_model_E.pt`.

    Raises:
      torch_bridge.StateDictError: if a key is missing, unexpected, of the wrong shape or not finite.
    """
    stem = state_dict.get("encoder.encoding_blocks.0.conv1.conv_layer.bias")
    width = 64 if stem is None else len(stem)

    def make() -> UNet2D:
        return UNet2D(width, rngs=nnx.Rngs(0))

    arrays = torch_bridge.from_torch(state_dict, torch_bridge.module_shapes(make), LAYOUT)
    return torch_bridge.module_from_arrays(make, arrays)


def to_torch(module: UNet2D) -> dict[str, np.ndarray]:
    """Return the official state dict, with second names, so that official code loads it strictly."""
    state = torch_bridge.to_torch(torch_bridge.module_arrays(module), LAYOUT)
    return state | {_second_name(name): array for name, array in state.items() if ".conv_layer." in name}


def _second_name(name: str) -> str:
    """The name inside `block`; a ReLU before the convolution comes first there."""
    block, _, leaf = name.partition(".conv_layer.")
    rectified_before = block.endswith((".conv1", ".conv2")) and block != "encoder.encoding_blocks.0.conv1"
    return f"{block}.block.{int(rectified_before)}.{leaf}"
