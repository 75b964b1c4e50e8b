"""Render tri-planes as volumes: coarse pass, importance pass, compositing.

This module follows EG3D's `ImportanceRenderer`. `B` batch, `R` rays, `S` coarse samples per ray, `F` fine
samples per ray, `C` rendered features.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple, TypedDict

import jax
import jax.numpy as jnp
from einops import rearrange
from jax import lax

from eg3d_flax.compute import DEFAULT, Compute
from eg3d_flax.config import GeneratorConfig
from eg3d_flax.decoder import FEATURES, Decoded, OSGDecoder
from eg3d_flax.depths import importance_depths, stratified_depths
from eg3d_flax.fused_points import decode_fused
from eg3d_flax.marching import Composite, Samples, interval_weights, march
from eg3d_flax.planes import Texels, make_texels, merge_planes, places_of, sample_from_texels
from eg3d_flax.randomness import per_sample
from eg3d_flax.rays import auto_limits

Decoder = Callable[[jax.Array], Decoded]


class Jitter(TypedDict):
    """The random numbers of a rendering, in [0, 1)."""

    coarse: jax.Array
    """`[B, R, S, 1]`, position of each coarse sample in its bin."""

    fine: jax.Array
    """`[B, R, F]`, quantiles of the fine samples in the distribution of the coarse pass."""


class RayBundle(NamedTuple):
    """Rays, their limits and their random numbers."""

    origins: jax.Array  # [B, R, 3]
    directions: jax.Array  # [B, R, 3], unit
    near: jax.Array  # [B, R, 1]
    far: jax.Array  # [B, R, 1]
    coarse: jax.Array  # [B, R, S]
    fine: jax.Array  # [B, R, F]


class Trace(NamedTuple):
    """A rendering with its intermediate results."""

    composite: Composite
    depths_coarse: jax.Array  # [B, R, S]
    depths_fine: jax.Array | None  # [B, R, F], in the order of the jitter
    weights_coarse: jax.Array | None  # [B, R, S - 1]


class Rendering(NamedTuple):
    """Rendered rays."""

    features: jax.Array
    """`[B, R, C]` in about [-1, 1]."""

    depth: jax.Array
    """`[B, R, 1]`, distance along the ray, clamped to the range of all samples' depths in the batch."""

    opacity: jax.Array
    """`[B, R, 1]` in [0, 1]."""


def random_jitter(key: jax.Array, batch: int, rays: int, config: GeneratorConfig) -> Jitter:
    """Draw random numbers, as the official renderer does in every call; for `key` see `per_sample`."""
    coarse = per_sample(jax.random.uniform, key, batch, (rays, config.depth_resolution, 1), fold=0)
    fine = per_sample(jax.random.uniform, key, batch, (rays, config.depth_resolution_importance), fold=1)
    return {"coarse": coarse, "fine": fine}


def central_jitter(batch: int, rays: int, config: GeneratorConfig) -> Jitter:
    """Return jitter without randomness: the middle of every coarse bin, and evenly spaced quantiles.

    The official renderer has no such mode; it also jitters in evaluation.
    """
    count = config.depth_resolution_importance
    quantiles = (jnp.arange(count, dtype=jnp.float32) + 0.5) / max(count, 1)
    return {
        "coarse": jnp.full((batch, rays, config.depth_resolution, 1), 0.5),
        "fine": jnp.broadcast_to(quantiles, (batch, rays, count)),
    }


def merged_texels(planes: jax.Array, config: GeneratorConfig, compute: Compute) -> Texels:
    """Rearrange planes `[B, 3, H, W, C]` for a rendering, with two lookups a point where possible."""
    planes = planes.astype(jnp.promote_types(planes.dtype, compute.dtype))  # before sums are rounded
    return make_texels(merge_planes(planes, config.plane_axes), compute)


def decode_points(
    texels: Texels, points: jax.Array, decoder: Decoder, config: GeneratorConfig, compute: Compute
) -> Decoded:
    """Return colour features and raw density of points `[B, M, 3]`; `texels` are of `merged_texels`."""
    where = {"box_warp": config.box_warp, "plane_axes": config.plane_axes}
    if compute.fused:
        if not isinstance(decoder, OSGDecoder):
            raise TypeError(f"fused points need an OSGDecoder, not {type(decoder).__name__}")
        return decode_fused(texels.values, places_of(texels, points, **where), decoder, compute.dtype)
    return decoder(sample_from_texels(texels, points, **where, compute=compute))


def trace_rays(
    texels: Texels,
    rays: RayBundle,
    decoder: Decoder,
    config: GeneratorConfig,
    compute: Compute = DEFAULT,
) -> Trace:
    """Render rays and return intermediate results, too; depths are not clamped.

    Args:
      texels: of `merged_texels`.
      rays: of `bundle_rays`.
      decoder: maps features `[B, P, M, C]`, which it adds, to `Decoded`.
      config: rendering settings.
      compute: forms and dtype.
    """

    def sample(depths: jax.Array) -> Samples:
        points = rays.origins[:, :, None] + depths[..., None] * rays.directions[:, :, None]
        flat = rearrange(points, "b r s xyz -> b (r s) xyz")
        rgb, sigma = decode_points(texels, flat, decoder, config, compute)
        count = depths.shape[-1]
        return Samples(
            rearrange(rgb, "b (r s) c -> b r s c", s=count),
            rearrange(sigma, "b (r s) -> b r s", s=count),
            depths,
        )

    coarse = sample(
        stratified_depths(rays.near, rays.far, rays.coarse, disparity=config.disparity_space_sampling)
    )
    if config.depth_resolution_importance == 0:
        alone = march([coarse], white_back=config.white_back, compute=compute)
        return Trace(alone, coarse.depths, None, None)
    weights_coarse = interval_weights(coarse.sigma, coarse.depths)
    fine = sample(importance_depths(coarse.depths, weights_coarse, rays.fine, compute))
    composite = march([coarse, fine], white_back=config.white_back, compute=compute)
    return Trace(composite, coarse.depths, fine.depths, weights_coarse)


class _Pixels(NamedTuple):
    """The results of a chunk of `r` rays."""

    rgb: jax.Array  # [B, r, C]
    depth: jax.Array  # [B, r]
    opacity: jax.Array  # [B, r]
    nearest: jax.Array  # [B, r]
    farthest: jax.Array  # [B, r]


def _in_chunks(
    render: Callable[[Texels, RayBundle], _Pixels], texels: Texels, rays: RayBundle, compute: Compute
) -> _Pixels:
    """Apply `render` to `compute.ray_chunk` rays of one image at a time; the gradient computes them again.

    The loop over images is outside, so that a chunk's gradient is as large as one image's planes.
    """

    def of_image(image: tuple[Texels, RayBundle]) -> _Pixels:
        texels, rays = jax.tree.map(lambda x: x[None], image)
        return jax.tree.map(lambda x: x[0], _of_one_image(functools.partial(render, texels), rays, compute))

    return lax.map(of_image, (texels, rays))


def _of_one_image(render: Callable[[RayBundle], _Pixels], rays: RayBundle, compute: Compute) -> _Pixels:
    """Apply `render` to the rays `[1, R, ...]` of an image, chunk by chunk."""
    assert compute.ray_chunk is not None
    chunk = compute.ray_chunk
    count = rays.origins.shape[1]
    chunks = -(-count // chunk)
    # The last chunk is filled up with copies of the last ray, which do not change the range of depths.
    index = jnp.minimum(jnp.arange(chunks * chunk), count - 1)
    padded = jax.tree.map(lambda x: x if chunks * chunk == count else x[:, index], rays)
    split = jax.tree.map(lambda x: rearrange(x, "b (n r) ... -> n b r ...", n=chunks), padded)
    kept = jax.checkpoint_policies.save_only_these_names(*([FEATURES] if compute.keep_features else []))
    rendered = lax.map(jax.checkpoint(render, policy=kept), split)
    joined = jax.tree.map(lambda x: rearrange(x, "n b r ... -> b (n r) ..."), rendered)
    return jax.tree.map(lambda x: x[:, :count], joined)


def bundle_rays(
    origins: jax.Array, directions: jax.Array, jitter: Jitter, config: GeneratorConfig
) -> RayBundle:
    """Add limits and random numbers to rays `[B, R, 3]`.

    Raises:
      ValueError: if the jitter's shape does not fit the rays and the config's numbers of samples.
    """
    batch, count = origins.shape[:2]
    expected = {
        "coarse": (batch, count, config.depth_resolution, 1),
        "fine": (batch, count, config.depth_resolution_importance),
    }
    for name, shape in expected.items():
        if jitter[name].shape != shape:
            raise ValueError(f"jitter[{name!r}] must be {list(shape)}, not {list(jitter[name].shape)}")
    if config.ray_start == "auto" or config.ray_end == "auto":
        near, far = auto_limits(origins, directions, config.box_warp)
    else:
        near = jnp.full((batch, count, 1), config.ray_start, jnp.float32)
        far = jnp.full((batch, count, 1), config.ray_end, jnp.float32)
    return RayBundle(origins, directions, near, far, jitter["coarse"][..., 0], jitter["fine"])


@jax.named_scope("rays")
def render_rays(
    planes: jax.Array,
    origins: jax.Array,
    directions: jax.Array,
    jitter: Jitter,
    decoder: Decoder,
    config: GeneratorConfig,
    compute: Compute = DEFAULT,
) -> Rendering:
    """Render rays through planes.

    Args:
      planes: `[B, 3, H, W, C]`.
      origins: `[B, R, 3]`.
      directions: `[B, R, 3]`, unit vectors.
      jitter: random numbers.
      decoder: maps features `[B, P, M, C]`, which it adds, to `Decoded`.
      config: rendering settings.
      compute: forms, dtype, and `ray_chunk`.
    """
    rays = bundle_rays(origins, directions, jitter, config)
    texels = merged_texels(planes, config, compute)  # once for all chunks

    def render(texels: Texels, rays: RayBundle) -> _Pixels:
        trace = trace_rays(texels, rays, decoder, config, compute)
        rgb, depth, weights, depths = trace.composite
        return _Pixels(rgb, depth, weights.sum(-1), depths[..., 0], depths[..., -1])

    chunk = compute.ray_chunk
    if chunk is None or chunk >= origins.shape[1]:
        pixels = render(texels, rays)
    else:
        pixels = _in_chunks(render, texels, rays, compute)
    depth = jnp.clip(pixels.depth, jnp.min(pixels.nearest), jnp.max(pixels.farthest))
    return Rendering(pixels.rgb, depth[..., None], pixels.opacity[..., None])
