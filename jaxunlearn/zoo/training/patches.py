"""Parts of images: a few neighbouring rays, whose pixels are those of the whole image.

Super-resolution mixes neighbours, so that pixels near a cut differ from those of the whole image. They do not
count. Where a part touches the edge of the image, there is no cut.

`B` people, `V` views of each, `N` rays along a side of the whole image, `P` along a side of a part.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from eg3d_flax import GeneratorConfig

MARGIN = 4
"""Rays beside a cut whose pixels are not those of the whole image.

A "2X" module reads 4 rays around a ray: one for each convolution of its first block, and in its second, at
half the width, up to 2 for its filtered upsampling convolution, its second convolution, and the filter of the
image so far."""

SMALLEST_IMAGE = 32
"""Pixels along a side of the smallest image that LPIPS on AlexNet can compare; nothing is left of others."""


class Patches(NamedTuple):
    """One part of each image.

    Attributes:
      corner: `[B, V, 2]` int32, row and column of the first ray, from 0 to N - P.
      side: P.
    """

    corner: jax.Array
    side: int


def check_patch(patch: int, config: GeneratorConfig) -> None:
    """Refuse a number of rays that cannot be cut from the images of a generator.

    Raises:
      ValueError: if a part is too small for LPIPS or has no pixel of the whole image, or if the generator
        resizes its rays or adds noise.
    """
    whole = config.neural_rendering_resolution
    least = max(2 * MARGIN + 1, SMALLEST_IMAGE * whole // config.img_resolution)
    if not least <= patch <= whole:
        raise ValueError(f"must be from {least} to {whole} rays, not {patch}")
    module = config.superresolution_module
    if module != "none" and (module != "2X" or config.superresolution_input_resolution != whole):
        raise ValueError(f'needs a generator with "2X" super-resolution of all its {whole} x {whole} rays')
    if config.superresolution_noise_mode != "none":
        raise ValueError("needs super-resolution without noise")


def draw_patches(key: jax.Array, people: int, views: int, patch: int, whole: int) -> Patches:
    """Draw one part of each image.

    Every ray far from the edge counts equally often. Parts at the edge are as frequent as if they could reach
    beyond it by their margin.

    Args:
      key: random key; it is consumed.
      people: `B`.
      views: `V`.
      patch: `P`.
      whole: `N`.
    """
    drawn = jax.random.randint(key, (people, views, 2), -MARGIN, whole - patch + MARGIN + 1)
    return Patches(jnp.clip(drawn, 0, whole - patch), patch)


def cut(images: jax.Array, patches: Patches, *, pixels: int = 1) -> jax.Array:
    """Cut the parts from images or rays.

    Args:
      images: `[B, V, N * pixels, N * pixels, ...]`.
      patches: the parts.
      pixels: pixels of the image along the side of a ray.

    Returns:
      `[B, V, P * pixels, P * pixels, ...]`.
    """
    side = patches.side * pixels

    def of_one(image: jax.Array, corner: jax.Array) -> jax.Array:
        start = (corner[0] * pixels, corner[1] * pixels, *([0] * (image.ndim - 2)))
        return jax.lax.dynamic_slice(image, start, (side, side, *image.shape[2:]))

    return jax.vmap(jax.vmap(of_one))(images, patches.corner)


def true_pixels(patches: Patches, whole: int, *, pixels: int) -> jax.Array:
    """Mark the pixels that are those of the whole image.

    Args:
      patches: the parts.
      whole: `N`.
      pixels: pixels of the image along the side of a ray.

    Returns:
      `[B, V, P * pixels, P * pixels]` float32, 1 or 0.
    """
    ray = jnp.arange(patches.side * pixels) // pixels
    corner = patches.corner[..., None]  # [B, V, 2, 1]
    after_cut = (ray >= MARGIN) | (corner == 0)
    before_cut = (ray < patches.side - MARGIN) | (corner == whole - patches.side)
    along = (after_cut & before_cut).astype(jnp.float32)
    return along[:, :, 0, :, None] * along[:, :, 1, None, :]
