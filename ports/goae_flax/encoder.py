"""GOAE estimates a photo's latents in the generator's W+ space (Yuan et al., ICCV 2023).

Letters: `B` batch, `L` codes, `P` positions, `C` channels.
"""

import dataclasses

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from goae_flax.config import GOAEConfig
from goae_flax.heads import CrossAttention, Perceptron
from goae_flax.swin import SwinMaps, SwinTransformer


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Memories:
    """Tokens that the queries of each group of layers attend to: `[B, P, w_dim]`, one per position."""

    coarse: jax.Array
    mid: jax.Array
    fine: jax.Array


class GOAEEncoder(nnx.Module):
    """Map an image to latents, given as offsets from the generator's mean latent.

    All layers share one base code. Every layer but the first adds its own detail, for which a query attends
    to the token map of its resolution. The reference's dropout and drop-path act only in training and are
    left out. (GUIDE and SUGAR leave them on by oversight when they encode.)
    """

    def __init__(self, config: GOAEConfig, *, rngs: nnx.Rngs):
        self.config = config
        swin, w_dim = config.swin, config.w_dim
        fine, mid, coarse, last = (swin.channels(stage) for stage in range(4))
        fine_positions, mid_positions, coarse_positions, positions = (
            swin.resolution(stage) ** 2 for stage in range(4)
        )
        self.swin_model = SwinTransformer(swin, rngs=rngs)

        def spatial(codes: int) -> Perceptron:
            return Perceptron((positions, positions, codes), rngs=rngs)

        def channel() -> Perceptron:
            return Perceptron((last, last, w_dim), rngs=rngs)

        def memory(*sizes: int) -> Perceptron:
            return Perceptron(sizes, activate_last=True, rngs=rngs)

        def attention() -> CrossAttention:
            return CrossAttention(w_dim, config.attention_heads, config.feed_forward, rngs=rngs)

        self.mapper_base_spatial, self.mapper_base_channel = spatial(1), channel()
        self.mapper_query_spatial_coarse, self.mapper_query_channel_coarse = spatial(config.coarse), channel()
        self.mapper_query_spatial_mid, self.mapper_query_channel_mid = spatial(config.mid), channel()
        self.mapper_query_spatial_fine, self.mapper_query_channel_fine = spatial(config.fine), channel()
        self.mapper_coarse_channel = memory(coarse, w_dim)
        self.mapper_mid_channel = memory(mid, w_dim)
        self.mapper_fine_channel = memory(fine, w_dim // 2, w_dim)
        self.mapper_coarse_to_mid_spatial = memory(coarse_positions, 2 * coarse_positions, mid_positions)
        self.mapper_mid_to_fine_spatial = memory(mid_positions, 2 * mid_positions, fine_positions)
        self.cross_att_coarse, self.cross_att_mid, self.cross_att_fine = attention(), attention(), attention()

    def __call__(self, images: jax.Array, *, dtype: DTypeLike = jnp.float32) -> tuple[jax.Array, jax.Array]:
        """Encode photos.

        Args:
          images: `[B, S, S, 3]` in [-1, 1], cropped like the generator's training images; `S` is the config's
            image size, 256 for the released weights.
          dtype: of the layers.

        Returns:
          The offsets of the latents from the mean latent, `[B, num_ws, w_dim]`, and the base code that is
          part of them, `[B, w_dim]`; both float32.
        """
        maps = self.swin_model(images.astype(dtype))
        base = self.base_code(maps)
        details = self.details(self.queries(maps), self.memories(maps))
        first_layer = jnp.zeros_like(base)[:, None]
        offsets = base[:, None] + jnp.concatenate([first_layer, *details], axis=1)
        wide = jnp.promote_types(dtype, jnp.float32)
        return offsets.astype(wide), base.astype(wide)

    def base_code(self, maps: SwinMaps) -> jax.Array:
        """Return the code that all layers share, `[B, w_dim]`."""
        return _codes(maps.base, self.mapper_base_spatial, self.mapper_base_channel)[:, 0]

    def queries(self, maps: SwinMaps) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Return the queries `[B, L, w_dim]` of the coarse, middle and fine layers."""
        return (
            _codes(maps.query, self.mapper_query_spatial_coarse, self.mapper_query_channel_coarse),
            _codes(maps.query, self.mapper_query_spatial_mid, self.mapper_query_channel_mid),
            _codes(maps.query, self.mapper_query_spatial_fine, self.mapper_query_channel_fine),
        )

    def memories(self, maps: SwinMaps) -> Memories:
        """Return the tokens to attend to; a finer memory adds the coarser one, mapped to its positions."""
        coarse = self.mapper_coarse_channel(_tokens(maps.coarse))
        mid = self.mapper_mid_channel(_tokens(maps.mid)) + _along_positions(
            self.mapper_coarse_to_mid_spatial, coarse
        )
        fine = self.mapper_fine_channel(_tokens(maps.fine)) + _along_positions(
            self.mapper_mid_to_fine_spatial, mid
        )
        return Memories(coarse, mid, fine)

    def details(
        self, queries: tuple[jax.Array, jax.Array, jax.Array], memories: Memories
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Return what the coarse, middle and fine layers add to the base code, `[B, L, w_dim]` each."""
        coarse, mid, fine = queries
        return (
            self.cross_att_coarse(coarse, memories.coarse),
            self.cross_att_mid(mid, memories.mid),
            self.cross_att_fine(fine, memories.fine),
        )


def _tokens(x: jax.Array) -> jax.Array:
    """Reshape `[B, H, W, C]` to `[B, P, C]`."""
    return x.reshape(len(x), -1, x.shape[-1])


def _along_positions(perceptron: Perceptron, x: jax.Array) -> jax.Array:
    """Apply a perceptron to the axis of positions of `[B, P, C]`."""
    return perceptron(x.swapaxes(1, 2)).swapaxes(1, 2)


def _codes(x: jax.Array, spatial: Perceptron, channel: Perceptron) -> jax.Array:
    """Return codes `[B, L, w_dim]` of a map: weighted sums over positions, plus each channel's maximum."""
    tokens = _tokens(x)
    return channel(_along_positions(spatial, tokens) + tokens.max(axis=1, keepdims=True))
