"""How close generated people come to renderings of the same z that are in no batch."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from einops import reduce
from flax import nnx

from eg3d_flax import TriPlaneGenerator, camera
from eg3d_flax.compute import Compute
from jaxunlearn.batching import in_batches
from jaxunlearn.images import grid, to_float, to_uint8
from jaxunlearn.zoo.synthetic.cameras import look_at
from jaxunlearn.zoo.synthetic.geometry import build_head
from jaxunlearn.zoo.synthetic.person import person_from_latent
from jaxunlearn.zoo.synthetic.photographs import Photographs
from jaxunlearn.zoo.synthetic.render import render
from lpips_flax import LPIPS

CHUNK = 16
"""Images at a time."""
SMALL = 64
"""Side of reduced images, at which generators of different sizes are compared."""
PICTURE_PEOPLE = 8
PICTURE_YAWS = tuple(float(yaw) for yaw in np.deg2rad([-30, -15, 0, 15, 30]))


@functools.partial(jax.jit, static_argnames=("graph", "rendered", "compute"))
def _render(
    graph: nnx.GraphDef, state: nnx.State, z: jax.Array, c: jax.Array, *, rendered: bool, compute: Compute
) -> jax.Array:
    generator = nnx.merge(graph, state)
    out = generator.synthesis(generator.mapping(z, c), c, "none", compute=compute)
    return out.image if rendered else out.image_raw


def generate(
    generator: TriPlaneGenerator,
    z: np.ndarray,
    cameras: np.ndarray,
    compute: Compute,
    *,
    rendered: bool = True,
) -> np.ndarray:
    """Return images `[N, R, R, 3]` in [-1, 1] of latents `[N, z_dim]` from cameras `[N, 25]`.

    With `rendered=False` these are the volume renderings before super-resolution, enlarged to R without
    smoothing.
    """
    graph, state = nnx.split(generator)
    render_batch = functools.partial(_render, graph, state, rendered=rendered, compute=compute)
    images = in_batches(render_batch, CHUNK, z, cameras).clip(-1, 1)
    factor = generator.config.img_resolution // images.shape[1]
    return images.repeat(factor, axis=1).repeat(factor, axis=2)


def psnr(error: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Return the peak signal-to-noise ratio `[N]` in decibel.

    Args:
      error: `[N, R, R, 3]` differences of images in [-1, 1].
      weight: `[N, R, R]` share of each pixel; all count alike by default.
    """
    squared = np.mean(np.square(error / 2), axis=-1)
    shares = np.ones_like(squared) if weight is None else weight
    return -10 * np.log10((squared * shares).sum((1, 2)) / shares.sum((1, 2)))


def reduced(images: np.ndarray, side: int) -> np.ndarray:
    """Reduce images `[N, R, R, C]` to `[N, side, side, C]` by means over equal squares.

    Raises:
      ValueError: if R is not a multiple of `side`.
    """
    return reduce(images, "n (h i) (w j) c -> n h w c", "mean", h=side, w=side)


def evaluate(
    generator: TriPlaneGenerator,
    held_out: Photographs,
    perceptual: LPIPS,
    compute: Compute,
    *,
    people: int,
    rendered: bool = True,
) -> dict[str, float]:
    """Compare generated people with renderings of the same z.

    Args:
      generator: what is evaluated.
      held_out: renderings on white.
      perceptual: LPIPS.
      compute: forms and dtype.
      people: number of people, the first of `held_out`, with all their views.
      rendered: False takes the volume rendering before super-resolution.

    Returns:
      Means: `psnr` of the whole image and `psnr_head` of the pixels that the head covers, in dB; `lpips`.
      `psnr_64` of images reduced to 64 pixels, if they are larger. Also `images`, their number.
    """
    views = held_out.camera.shape[1]
    z = held_out.z[:people].repeat(views, axis=0)
    cameras = held_out.camera[:people].reshape(-1, 25)
    target = to_float(held_out.image[:people].reshape(-1, *held_out.image.shape[2:]))
    covered = held_out.coverage[:people].reshape(target.shape[:-1]).astype(np.float32) / 255
    images = generate(generator, z, cameras, compute, rendered=rendered)
    distances = in_batches(perceptual, CHUNK, images, target)
    side = images.shape[1]
    small = {}
    if side > SMALL and side % SMALL == 0:
        small["psnr_64"] = round(float(psnr(reduced(images - target, SMALL)).mean()), 3)
    return {
        "psnr": round(float(psnr(images - target).mean()), 3),
        **small,
        "psnr_head": round(float(psnr(images - target, covered).mean()), 3),
        "lpips": round(float(distances.mean()), 4),
        "images": len(images),
    }


def picture(
    generator: TriPlaneGenerator,
    held_out: Photographs,
    compute: Compute,
    *,
    rendered: bool = True,
) -> np.ndarray:
    """Draw two rows a person, rendered above generated, turning from left to right: `[H, W, 3]` uint8."""
    rows = []
    resolution = generator.config.img_resolution
    cameras = np.asarray(camera.camera_params(jnp.array(PICTURE_YAWS), jnp.zeros(len(PICTURE_YAWS))))
    for z in held_out.z[:PICTURE_PEOPLE]:
        head = build_head(person_from_latent(z))
        rows.append(
            [
                render(head, look_at(yaw, 0.0), resolution, background=(1.0, 1.0, 1.0)).levels
                for yaw in PICTURE_YAWS
            ]
        )
        many = np.repeat(z[None], len(PICTURE_YAWS), axis=0)
        rows.append(to_uint8(generate(generator, many, cameras, compute, rendered=rendered)))
    return grid(np.concatenate(rows), len(PICTURE_YAWS))
