"""StyleGAN2's synthesis network ("skip" architecture), which maps ws to feature planes."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

import jax
import jax.numpy as jnp
from flax import nnx

from eg3d_flax.batch_padding import filled
from eg3d_flax.compute import DEFAULT, Compute
from eg3d_flax.layers import SynthesisLayer, ToRGBLayer
from eg3d_flax.randomness import per_sample
from eg3d_flax.resample import RESAMPLE_FILTER, upsample2d

NoiseMode = Literal["const", "none", "random"]
Noise = Mapping[str, jax.Array]
"""Layer name, such as "b8.conv0" → standard normal `[B or 1, resolution, resolution, 1]`."""
Features = Callable[[jax.Array], jax.Array]
"""A function of a block's features `[B, H, W, C]`, which returns others of the same shape and dtype."""
Adaptation = Mapping[str, Features]
"""Block name, such as "b8" → the function of its features between its last convolution and its ToRGB."""
NOTHING: Adaptation = MappingProxyType({})
"""The adaptation that changes nothing."""


class SynthesisBlock(nnx.Module):
    """The layers of one resolution: a learned constant or an upsampling convolution, a convolution, ToRGB.

    Attributes:
      in_channels: 0 for the first block, which starts from a learned constant.
      resolution: pixels along each side.
      up: 2 for the ordinary block, 1 for EG3D's `SynthesisBlockNoUp`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        w_dim: int,
        resolution: int,
        img_channels: int,
        up: int = 2,
        conv_clamp: float | None = None,
        rngs: nnx.Rngs,
    ):
        self.in_channels, self.resolution, self.up = in_channels, resolution, up
        shared = {"w_dim": w_dim, "conv_clamp": conv_clamp, "rngs": rngs}
        if in_channels == 0:
            shape = (resolution, resolution, out_channels)
            self.const = nnx.Param(jax.random.normal(rngs.params(), shape, jnp.float32))
        else:
            self.conv0 = SynthesisLayer(in_channels, out_channels, resolution=resolution, up=up, **shared)
        self.conv1 = SynthesisLayer(out_channels, out_channels, resolution=resolution, **shared)
        self.torgb = ToRGBLayer(out_channels, img_channels, **shared)
        self.num_conv = 1 if in_channels == 0 else 2

    @property
    def convolutions(self) -> dict[str, SynthesisLayer]:
        """The layers with noise by name, in order."""
        return {"conv1": self.conv1} if self.in_channels == 0 else {"conv0": self.conv0, "conv1": self.conv1}

    def __call__(
        self,
        x: jax.Array | None,
        img: jax.Array | None,
        ws: jax.Array,
        *,
        noise: Noise,
        images: int,
        adapt: Features | None = None,
        compute: Compute = DEFAULT,
    ) -> tuple[jax.Array, jax.Array]:
        """Apply the block.

        Args:
          x: `[B, H, W, in_channels]`, or None for the first block.
          img: skip image so far, `[images, H, W, img_channels]`, or None.
          ws: `[B, num_conv + 1, w_dim]`, one row per layer.
          noise: by "conv0" and "conv1"; other layers get no noise.
          images: number of skip images; further rows of the batch only fill it up, see `batch_padding`.
          adapt: changes the features after the last convolution, before ToRGB; None leaves them.
          compute: forms and dtype.

        Returns:
          Features `[B, resolution, resolution, out_channels]` in `compute.dtype` and the skip image
          `[images, resolution, resolution, img_channels]` in float32.
        """
        if self.in_channels == 0:
            const = self.const[...]
            x = jnp.broadcast_to(const, (ws.shape[0], *const.shape)).astype(compute.dtype)
        assert x is not None
        for row, (name, layer) in enumerate(self.convolutions.items()):
            x = layer(x, ws[:, row], noise=noise.get(name), compute=compute)
        if adapt is not None:
            x = adapt(x)
        rgb = self.torgb(x, ws[:, self.num_conv], compute=compute)[:images].astype(jnp.float32)
        if img is None:
            return x, rgb
        if self.up > 1:
            img = upsample2d(img, RESAMPLE_FILTER, up=self.up, compute=compute)
        return x, img + rgb


class SynthesisNetwork(nnx.Module):
    """Blocks `b4`, `b8`, … up to `img_resolution`; the result is the sum of their ToRGB outputs."""

    def __init__(
        self,
        w_dim: int,
        img_resolution: int,
        img_channels: int,
        *,
        channel_base: int = 32768,
        channel_max: int = 512,
        conv_clamp: float | None = None,
        rngs: nnx.Rngs,
    ):
        self.w_dim = w_dim
        self.resolutions = tuple(2**i for i in range(2, img_resolution.bit_length()))
        in_channels = 0
        for resolution in self.resolutions:
            out_channels = min(channel_base // resolution, channel_max)
            block = SynthesisBlock(
                in_channels,
                out_channels,
                w_dim=w_dim,
                resolution=resolution,
                img_channels=img_channels,
                conv_clamp=conv_clamp,
                rngs=rngs,
            )
            setattr(self, f"b{resolution}", block)
            in_channels = out_channels
        self.num_ws = sum(block.num_conv for block in self.blocks.values()) + 1

    @property
    def blocks(self) -> dict[str, SynthesisBlock]:
        """Blocks by name, from the coarsest to the finest."""
        return {f"b{resolution}": getattr(self, f"b{resolution}") for resolution in self.resolutions}

    @property
    def noise_layers(self) -> dict[str, SynthesisLayer]:
        """Layers with noise by name, such as "b8.conv0"."""
        return {
            f"{name}.{conv}": layer
            for name, block in self.blocks.items()
            for conv, layer in block.convolutions.items()
        }

    def draw_noise(self, key: jax.Array, batch: int) -> dict[str, jax.Array]:
        """Draw noise for every layer; for `key` see `randomness.per_sample`."""
        return {
            name: per_sample(jax.random.normal, key, batch, (layer.resolution, layer.resolution, 1), fold=i)
            for i, (name, layer) in enumerate(self.noise_layers.items())
        }

    def _noise(self, noise_mode: NoiseMode, key: jax.Array | None, noise: Noise | None, batch: int) -> Noise:
        if noise is not None:
            unknown = noise.keys() - self.noise_layers.keys()
            if unknown:
                raise ValueError(f"noise for layers that do not exist: {', '.join(sorted(unknown))}")
            return noise
        match noise_mode:
            case "none":
                return {}
            case "const":
                return {n: layer.noise_const[...][None, :, :, None] for n, layer in self.noise_layers.items()}
            case "random":
                if key is None:
                    raise ValueError('noise_mode="random" needs key= (or explicit noise=)')
                return self.draw_noise(key, batch)
        raise ValueError(f"noise_mode must be const, none or random, not {noise_mode!r}")

    def __call__(
        self,
        ws: jax.Array,
        *,
        noise_mode: NoiseMode = "const",
        key: jax.Array | None = None,
        noise: Noise | None = None,
        adapt: Adaptation = NOTHING,
        compute: Compute = DEFAULT,
    ) -> jax.Array:
        """Compute the planes.

        Args:
          ws: `[B, num_ws, w_dim]`.
          noise_mode: "const" uses the stored noise, "none" uses no noise, "random" draws noise with `key`.
          key: random key, or one key per latent.
          noise: noise by layer to use instead; other layers get no noise.
          adapt: functions of the features of some blocks. Their batch may be longer than B, see
            `batch_padding`.
          compute: forms and dtype.

        Returns:
          `[B, img_resolution, img_resolution, img_channels]` float32.

        Raises:
          ValueError: if ws have a wrong shape, `noise` or `adapt` names something unknown, or random noise
            has no key.
        """
        if ws.ndim != 3 or ws.shape[1:] != (self.num_ws, self.w_dim):
            raise ValueError(f"ws must be [B, {self.num_ws}, {self.w_dim}], not {list(ws.shape)}")
        if unknown := adapt.keys() - self.blocks.keys():
            raise ValueError(f"adapt names blocks that do not exist: {', '.join(sorted(unknown))}")
        by_layer = self._noise(noise_mode, key, noise, ws.shape[0])
        count = len(ws)
        ws, by_layer = filled(compute.batch_multiple, ws.astype(jnp.float32), by_layer)
        x = img = None
        row = 0
        for name, block in self.blocks.items():
            # ToRGB uses the same row as the first convolution of the next block.
            rows = ws[:, row : row + block.num_conv + 1]
            row += block.num_conv
            block_noise = {
                c: by_layer[f"{name}.{c}"] for c in block.convolutions if f"{name}.{c}" in by_layer
            }
            x, img = block(
                x, img, rows, noise=block_noise, images=count, adapt=adapt.get(name), compute=compute
            )
        assert img is not None
        return img
