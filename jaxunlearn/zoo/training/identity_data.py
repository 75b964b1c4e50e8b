"""What the identity networks are shown: photographs of many people, never twice the same.

`N` people, `V` photographs of each, `B` in a batch, `R` pixels a side.
"""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxunlearn.zoo.synthetic.photographs import PhotographRequest, photograph_in_shards
from jaxunlearn.zoo.synthetic.scenarios import PLAIN_EVERY
from jaxunlearn.zoo.training.generator_data import on_white


@dataclasses.dataclass(frozen=True)
class Distortion:
    """How far images are changed at random; each bound is that of a uniform draw.

    Attributes:
      zoom: relative.
      shift: pixels.
      blur: standard deviations in pixels, from sharpest to softest. A generator's images are softer than
        renderings, which must not make them other people.
      gain, offset: of colours in [-1, 1].
    """

    zoom: float
    shift: float
    blur: tuple[float, float]
    gain: float
    offset: float


def identity_photographs(request: PhotographRequest, *, workers: int, folder: Path | None) -> np.ndarray:
    """Images `[N, V, R, R, 3]` uint8; those without a background of their own are put on white."""
    images = []
    for shard in photograph_in_shards(request, workers=workers, folder=folder):
        plain = dataclasses.replace(
            shard, image=shard.image[:, ::PLAIN_EVERY], coverage=shard.coverage[:, ::PLAIN_EVERY]
        )
        on_white(plain)  # in place: its image is a view of the shard's
        images.append(shard.image)
    return np.concatenate(images)


def draw_pairs(images: np.ndarray, *, people: int, seed: int, number: int) -> np.ndarray:
    """Batch `number` of a seed: two photographs each of so many people, `[2, B, R, R, 3]`."""
    rng = np.random.Generator(np.random.PCG64([seed, number]))
    available, each = images.shape[:2]
    person = rng.choice(available, people, replace=False)
    views = np.argsort(rng.random((people, each)), axis=1)[:, :2]
    return images[person, views.T]


def to_range(image: ArrayLike) -> jax.Array:
    """Bytes as float32 in [-1, 1]."""
    return jnp.asarray(image, jnp.float32) / 127.5 - 1


def distort(image: jax.Array, key: jax.Array, how: Distortion) -> jax.Array:
    """Images `[B, R, R, 3]` in [-1, 1], each zoomed, shifted, blurred and tinted in its own way."""
    batch, side = image.shape[:2]
    of_zoom, of_shift, of_blur, of_gain, of_offset = jax.random.split(key, 5)

    def draw(key: jax.Array, low: float, high: float, *shape: int) -> jax.Array:
        return jax.random.uniform(key, (batch, *shape), minval=low, maxval=high)

    zoom = draw(of_zoom, 1 - how.zoom, 1 + how.zoom)
    shift = draw(of_shift, -how.shift, how.shift, 2)
    blur = draw(of_blur, *how.blur)
    rows, columns = (gaussian_resampling(side, zoom, shift[:, axis], blur) for axis in range(2))
    image = jnp.einsum("bih,bhwc,bjw->bijc", rows, image, columns)
    gain = draw(of_gain, 1 - how.gain, 1 + how.gain)[:, None, None, None]
    offset = draw(of_offset, -how.offset, how.offset)[:, None, None, None]
    return jnp.clip(gain * image + offset, -1, 1)


def gaussian_resampling(side: int, zoom: jax.Array, shift: jax.Array, blur: jax.Array) -> jax.Array:
    """Matrices `[B, side, side]`: pixel i of the result is a Gaussian mean of pixels around its source.

    Args:
      side: pixels.
      zoom: `[B]` distance between neighbours' sources, in pixels.
      shift: `[B]` of the image's centre, in pixels.
      blur: `[B]` standard deviation in pixels; at 0.3 it is about as sharp as the source.
    """
    places = jnp.arange(side) - (side - 1) / 2
    source = zoom[:, None] * places + shift[:, None]
    exponent = -0.5 * jnp.square((places - source[..., None]) / blur[:, None, None])
    return jax.nn.softmax(exponent, axis=-1)
