"""Swin Transformer V2 (Liu et al., CVPR 2022): cosine attention in windows, normalisation after each branch.

Letters: `B` batch, `H` rows, `W` columns, `C` channels, `G` windows, `T` tokens of a window, `h` heads.
Token maps are `[B, H, W, C]`.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from goae_flax.config import SwinConfig
from goae_flax.windows import join_windows, relative_coordinates, relative_index, shift_mask, split_windows
from torch_layers import Conv2d, LayerNorm, Linear

_LOGIT_SCALE_LIMIT = float(np.log(100))
_POSITION_HIDDEN = 512


def _direction(x: jax.Array) -> jax.Array:
    """Scale the last axis to unit length, in at least float32; zero stays zero, with a finite gradient."""
    wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    squared = jnp.square(wide).sum(axis=-1, keepdims=True)
    return wide / jnp.sqrt(jnp.maximum(squared, 1e-24))


class WindowAttention(nnx.Module):
    """Attention among the tokens of each window, with cosine similarity, learned scale and position bias."""

    def __init__(self, channels: int, heads: int, window: int, *, pretrained_window: int = 0, rngs: nnx.Rngs):
        self.heads = heads
        self.window = window
        self.pretrained_window = pretrained_window
        self.logit_scale = nnx.Param(jnp.full((heads, 1, 1), np.log(10), jnp.float32))
        self.q_bias = nnx.Param(jnp.zeros(channels))
        self.v_bias = nnx.Param(jnp.zeros(channels))
        self.cpb_mlp: nnx.Dict[Any] = nnx.Dict(
            {
                "0": Linear(2, _POSITION_HIDDEN, rngs=rngs),
                "2": Linear(_POSITION_HIDDEN, heads, bias=False, rngs=rngs),
            }
        )
        self.qkv = Linear(channels, 3 * channels, bias=False, rngs=rngs)
        self.proj = Linear(channels, channels, rngs=rngs)

    def __call__(self, x: jax.Array, mask: jax.Array | np.ndarray | None = None) -> jax.Array:
        """Attend within windows.

        Args:
          x: `[B, G, T, C]`.
          mask: `[G, T, T]`, added to the logits.

        Returns:
          `[B, G, T, C]`.
        """
        batch, windows, tokens, channels = x.shape
        bias = jnp.concatenate([self.q_bias[...], jnp.zeros(channels), self.v_bias[...]])  # keys have no bias
        qkv = self.qkv(x) + bias.astype(x.dtype)
        q, k, v = jnp.moveaxis(qkv.reshape(batch, windows, tokens, 3, self.heads, -1), 3, 0)

        scale = jnp.exp(jnp.minimum(self.logit_scale[...], _LOGIT_SCALE_LIMIT))
        logits = jnp.einsum("bgqhd,bgkhd->bghqk", _direction(q), _direction(k)) * scale
        logits += self._position_bias()
        if mask is not None:
            logits += mask[:, None]
        weights = jax.nn.softmax(logits, axis=-1).astype(x.dtype)
        mixed = jnp.einsum("bghqk,bgkhd->bgqhd", weights, v)
        return self.proj(mixed.reshape(x.shape))

    def _position_bias(self) -> jax.Array:
        """Return the bias `[h, T, T]`: a small perceptron of the relative position, squashed to (0, 16)."""
        table = jnp.asarray(relative_coordinates(self.window, self.pretrained_window))
        hidden = jax.nn.relu(self.cpb_mlp["0"](table))
        bias = self.cpb_mlp["2"](hidden).reshape(-1, self.heads)[relative_index(self.window)]
        return 16 * jax.nn.sigmoid(jnp.moveaxis(bias, -1, 0))


class Mlp(nnx.Module):
    """Two linear layers with an exact GELU between them."""

    def __init__(self, channels: int, hidden: int, *, rngs: nnx.Rngs):
        self.fc1 = Linear(channels, hidden, rngs=rngs)
        self.fc2 = Linear(hidden, channels, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.fc2(jax.nn.gelu(self.fc1(x), approximate=False))


class SwinBlock(nnx.Module):
    """Window attention and a perceptron; the result of each is normalised before it is added."""

    def __init__(
        self,
        channels: int,
        heads: int,
        resolution: int,
        *,
        window: int,
        shifted: bool,
        pretrained_window: int = 0,
        mlp_ratio: int = 4,
        rngs: nnx.Rngs,
    ):
        self.resolution = resolution
        self.window = min(window, resolution)
        # A map of a single window is not shifted.
        self.shift = window // 2 if shifted and window < resolution else 0
        self.norm1 = LayerNorm(channels)
        self.attn = WindowAttention(
            channels, heads, self.window, pretrained_window=pretrained_window, rngs=rngs
        )
        self.norm2 = LayerNorm(channels)
        self.mlp = Mlp(channels, mlp_ratio * channels, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = x + self.norm1(self._attend(x))
        return x + self.norm2(self.mlp(x))

    def _attend(self, x: jax.Array) -> jax.Array:
        mask = shift_mask(self.resolution, self.window, self.shift) if self.shift else None
        shifted = jnp.roll(x, (-self.shift, -self.shift), axis=(1, 2))
        attended = self.attn(split_windows(shifted, self.window), mask)
        return jnp.roll(join_windows(attended, self.resolution), (self.shift, self.shift), axis=(1, 2))


class PatchMerging(nnx.Module):
    """Map `[B, H, W, C]` to `[B, H/2, W/2, 2C]`: join each 2 x 2 tokens, reduce, then normalise."""

    def __init__(self, channels: int, *, rngs: nnx.Rngs):
        self.reduction = Linear(4 * channels, 2 * channels, bias=False, rngs=rngs)
        self.norm = LayerNorm(2 * channels)

    def __call__(self, x: jax.Array) -> jax.Array:
        corners = (x[:, row::2, column::2] for column in (0, 1) for row in (0, 1))
        return self.norm(self.reduction(jnp.concatenate(tuple(corners), axis=-1)))


class PatchEmbed(nnx.Module):
    """Map an image `[B, H, W, 3]` to normalised tokens of its patches."""

    def __init__(self, config: SwinConfig, *, rngs: nnx.Rngs):
        self.proj = Conv2d(3, config.embed_dim, config.patch_size, stride=config.patch_size, rngs=rngs)
        self.norm = LayerNorm(config.embed_dim)

    def __call__(self, images: jax.Array) -> jax.Array:
        return self.norm(self.proj(images))


class Stage(nnx.Module):
    """Blocks of one resolution, every second with shifted windows; `downsample` leads to the next stage."""

    def __init__(self, config: SwinConfig, stage: int, *, rngs: nnx.Rngs):
        channels = config.channels(stage)
        self.blocks = nnx.List(
            [
                SwinBlock(
                    channels,
                    config.num_heads[stage],
                    config.resolution(stage),
                    window=config.window_size,
                    shifted=index % 2 == 1,
                    pretrained_window=config.pretrained_window_sizes[stage],
                    mlp_ratio=config.mlp_ratio,
                    rngs=rngs,
                )
                for index in range(config.depths[stage])
            ]
        )
        last = stage == len(config.depths) - 1
        self.downsample = None if last else PatchMerging(channels, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        for block in self.blocks:
            x = block(x)
        return x if self.downsample is None else self.downsample(x)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class SwinMaps:
    """Token maps of the stages; the shapes are for images of 256 x 256 pixels.

    Attributes:
      fine: before the first stage, `[B, 64, 64, 128]`.
      mid: before the second stage, `[B, 32, 32, 256]`.
      coarse: before the third stage, `[B, 16, 16, 512]`.
      query: before the fourth stage, `[B, 8, 8, 1024]`.
      base: after the fourth stage, normalised, `[B, 8, 8, 1024]`.
    """

    fine: jax.Array
    mid: jax.Array
    coarse: jax.Array
    query: jax.Array
    base: jax.Array


class SwinTransformer(nnx.Module):
    """The backbone of four stages."""

    def __init__(self, config: SwinConfig, *, rngs: nnx.Rngs):
        self.patch_embed = PatchEmbed(config, rngs=rngs)
        self.layers = nnx.List([Stage(config, stage, rngs=rngs) for stage in range(len(config.depths))])
        self.norm = LayerNorm(config.channels(len(config.depths) - 1))

    def __call__(self, images: jax.Array) -> SwinMaps:
        """Return the token maps of images `[B, S, S, 3]`, in the images' dtype."""
        x = self.patch_embed(images)
        before = []
        for stage in self.layers:
            before.append(x)
            x = stage(x)
        fine, mid, coarse, query = before
        return SwinMaps(fine, mid, coarse, query, self.norm(x))
