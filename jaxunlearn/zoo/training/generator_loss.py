"""The loss of a generator: at points of known depth, and of images after volume rendering.

`B` people, `V` views of each, `M` points of each, `R` pixels a side, `N` before super-resolution.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
from einops import rearrange, reduce

from eg3d_flax import TriPlaneGenerator
from eg3d_flax.camera import unflatten
from eg3d_flax.compute import Compute
from eg3d_flax.rays import sample_rays
from eg3d_flax.renderer import central_jitter, random_jitter, render_rays
from jaxunlearn.zoo.training.generator_data import Batch, Points, Views
from jaxunlearn.zoo.training.identity_data import to_range
from jaxunlearn.zoo.training.patches import Patches, cut, draw_patches, true_pixels
from lpips_flax import LPIPS

SOLID = 40.0
"""Raw density that surfaces should reach: opaque within two samples of a ray."""


@dataclasses.dataclass(frozen=True)
class Weights:
    """Weights of the loss terms.

    Attributes:
      surface: weight of all terms at points in the second phase; it is 1 in the first.
      squared: weight of the squared error beside the absolute error, of colours in [0, 1].
      solid: weight of missing density at surfaces.
      empty: weight of density in empty space.
      raw: weight of the volume rendering before super-resolution.
      lpips: weight of the perceptual distance.
    """

    surface: float
    squared: float
    solid: float
    empty: float
    raw: float
    lpips: float


class Images(NamedTuple):
    """Rendered views of each person, or parts of them."""

    image: jax.Array  # [B, V, R, R, 3]
    raw: jax.Array  # [B, V, N, N, 3]


def render_views(
    generator: TriPlaneGenerator,
    planes: jax.Array,
    ws: jax.Array,
    cameras: jax.Array,
    key: jax.Array | None,
    compute: Compute,
    patches: Patches | None = None,
) -> Images:
    """Render several views of each person from the same planes, as `TriPlaneGenerator.render` does for one.

    Args:
      generator: decoder and super-resolution.
      planes: `[B, 3, H, W, C]`, of each person.
      ws: `[B, num_ws, w_dim]`, for the super-resolution.
      cameras: `[B, V, 25]`.
      key: for the jitter of samples along rays; None puts them at the centres of their intervals.
      compute: forms and dtype.
      patches: the part of each view to render; None renders whole views.
    """
    config = generator.config
    batch, views = cameras.shape[:2]
    whole = side = config.neural_rendering_resolution
    rays = sample_rays(*unflatten(cameras.reshape(-1, 25)), whole)
    if patches is not None:
        side = patches.side
        grids = (rearrange(x, "(b v) (h w) xyz -> b v h w xyz", b=batch, h=whole) for x in rays)
        rays = (rearrange(cut(x, patches), "b v h w xyz -> (b v) (h w) xyz") for x in grids)
    origins, directions = (rearrange(x, "(b v) r xyz -> b (v r) xyz", b=batch) for x in rays)
    count = origins.shape[1]
    if key is None:
        jitter = central_jitter(batch, count, config)
    else:
        jitter = random_jitter(key, batch, count, config)
    rendering = render_rays(planes, origins, directions, jitter, generator.decoder, config, compute)
    features = rearrange(rendering.features, "b (v h w) c -> (b v) h w c", v=views, h=side)
    raw = image = features[..., :3]
    if generator.superresolution is not None:
        image = generator.superresolution(
            raw, features, jnp.repeat(ws, views, axis=0), resize=patches is None, compute=compute
        )
    return Images(*(rearrange(x, "(b v) h w c -> b v h w c", b=batch) for x in (image, raw)))


def colour_error(error: jax.Array, weight: jax.Array, squared: float) -> jax.Array:
    """Return the weighted mean of absolute and squared error of colours in [0, 1].

    Args:
      error: `[..., 3]`, differences of colours.
      weight: `[...]`, of each colour.
      squared: weight of the squared error beside the absolute error.
    """
    total = jnp.sum(weight) * error.shape[-1] + 1e-6
    return jnp.sum(weight[..., None] * (jnp.abs(error) + squared * jnp.square(error))) / total


def points_loss(
    generator: TriPlaneGenerator, planes: jax.Array, points: Points, weights: Weights, compute: Compute
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Return the loss of colour and density at points whose content is known, and its parts.

    Args:
      generator: its decoder is used.
      planes: `[B, 3, H, W, C]`, of each person.
      points: see `Points`.
      weights: weights of the terms.
      compute: forms and dtype.
    """
    count = points.surface.shape[1]
    positions = jnp.concatenate([points.surface, points.empty], axis=1)
    rgb, sigma = generator.query(planes, positions, compute=compute)
    error = rgb[:, :count, :3] - points.colour
    certain = jnp.sum(points.certain) + 1e-6
    missing = jax.nn.relu(1 - sigma[:, :count] / SOLID)
    solid = jnp.sum(points.solid * missing) / (jnp.sum(points.solid) + 1e-6)
    # The density is clipped, so that a few dense points do not outweigh all others.
    density = jnp.minimum(jax.nn.softplus(sigma[:, count:] - 1), 1.5 * SOLID) / SOLID
    empty = jnp.sum(points.free * density) / (jnp.sum(points.free) + 1e-6)
    mse = jnp.sum(points.certain[..., None] * jnp.square(error)) / (3 * certain)
    loss = (
        colour_error(error, points.certain, weights.squared) + weights.solid * solid + weights.empty * empty
    )
    return loss, {"surface_mse": mse, "solid": solid, "empty": empty}


def images_loss(
    images: Images,
    target: jax.Array,
    weight: jax.Array,
    perceptual: LPIPS,
    weights: Weights,
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Return the loss of rendered images against photographs, and its parts.

    Args:
      images: views of each person, or parts of them.
      target: `[B, V, R, R, 3]`, the photographs or their parts.
      weight: `[B, V, R, R]`, 1 for the pixels that count after super-resolution, else 0.
      perceptual: LPIPS.
      weights: weights of the terms.
    """
    factor = target.shape[2] // images.raw.shape[2]
    small = reduce(target, "b v (h i) (w j) c -> b v h w c", "mean", i=factor, j=factor)
    fine, raw = (images.image - target) / 2, (images.raw - small) / 2
    # The pixels that do not count are the photograph's own.
    shown = jnp.where(weight[..., None] > 0, images.image, target)
    distance = jnp.mean(
        perceptual(rearrange(shown, "b v ... -> (b v) ..."), rearrange(target, "b v ... -> (b v) ..."))
    )
    loss = (
        colour_error(fine, weight, weights.squared)
        + weights.raw * colour_error(raw, jnp.ones(raw.shape[:-1]), weights.squared)
        + weights.lpips * distance
    )
    return loss, {
        "image_mse": jnp.sum(weight[..., None] * jnp.square(fine)) / (3 * jnp.sum(weight) + 1e-6),
        "raw_mse": jnp.mean(jnp.square(raw)),
        "lpips": distance,
    }


@dataclasses.dataclass(frozen=True)
class Rendered:
    """What of the views is rendered in a step.

    Attributes:
      views: number of each person's views.
      patch: side, in rays, of the part of each view; None renders whole views.
      perceptual: LPIPS, for what is rendered.
    """

    views: int
    patch: int | None
    perceptual: LPIPS


def rendered_loss(
    generator: TriPlaneGenerator,
    planes: jax.Array,
    ws: jax.Array,
    views: Views,
    key: jax.Array,
    rendered: Rendered,
    weights: Weights,
    compute: Compute,
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Return the loss of views, or of a random part of each, against photographs, and its parts.

    Args:
      generator: decoder and super-resolution.
      planes: `[B, 3, H, W, C]`, of each person.
      ws: `[B, num_ws, w_dim]`, for the super-resolution.
      views: photographs `[B, V, R, R, 3]` uint8 and cameras `[B, V, 25]`, see `Views`.
      key: for the jitter of samples along rays, and the parts of views.
      rendered: what of the views is rendered.
      weights: weights of the terms.
      compute: forms and dtype.
    """
    camera = jnp.asarray(views.camera[:, : rendered.views])
    target = to_range(views.image[:, : rendered.views])
    if rendered.patch is None:
        images = render_views(generator, planes, ws, camera, key, compute)
        weight = jnp.ones(target.shape[:-1])
        return images_loss(images, target, weight, rendered.perceptual, weights)
    whole = generator.config.neural_rendering_resolution
    pixels = target.shape[2] // whole
    where_key, key = jax.random.split(key)
    people, count = camera.shape[:2]
    patches = draw_patches(where_key, people, count, rendered.patch, whole)
    images = render_views(generator, planes, ws, camera, key, compute, patches)
    weight = true_pixels(patches, whole, pixels=pixels)
    return images_loss(images, cut(target, patches, pixels=pixels), weight, rendered.perceptual, weights)


def objective(
    generator: TriPlaneGenerator,
    batch: Batch,
    key: jax.Array,
    rendered: Rendered | None,
    weights: Weights,
    compute: Compute,
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Return the loss of a step and its parts.

    Args:
      generator: the network.
      batch: what to reproduce.
      key: for the jitter of samples along rays, and the parts of views.
      rendered: what is rendered; None in the first phase, which renders no image.
      weights: weights of the terms.
      compute: forms and dtype.
    """
    ws = generator.mapping(batch.views.z, batch.views.camera[:, 0])
    # The layers' noise stays at strength 0, so that the noise mode does not matter.
    planes = generator.planes(ws, noise_mode="none", compute=compute)
    loss, parts = points_loss(generator, planes, batch.points, weights, compute)
    if rendered is not None:
        image_loss, image_parts = rendered_loss(
            generator, planes, ws, batch.views, key, rendered, weights, compute
        )
        loss, parts = weights.surface * loss + image_loss, parts | image_parts
    return loss, parts | {"loss": loss}
