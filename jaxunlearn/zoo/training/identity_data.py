"""Batches for identity networks: photographs of many people, distorted differently each time.

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
    """Bounds of the random changes of an image; each change is uniform within its bounds.

    Attributes:
      zoom: largest relative change of size.
      shift: largest shift in pixels.
      blur: smallest and largest standard deviation in pixels. A generator's images are softer than
        renderings, and must still count as the same people.
      gain, offset: largest relative change and largest shift of colours in [-1, 1].
    """

    zoom: float
    shift: float
    blur: tuple[float, float]
    gain: float
    offset: float


def identity_photographs(request: PhotographRequest, *, workers: int, folder: Path | None) -> np.ndarray:
    """Photograph people: `[N, V, R, R, 3]` uint8; plain backgrounds become white."""
    images = []
    for shard in photograph_in_shards(request, workers=workers, folder=folder):
        plain = dataclasses.replace(
            shard, image=shard.image[:, ::PLAIN_EVERY], coverage=shard.coverage[:, ::PLAIN_EVERY]
        )
        on_white(plain)  # changes the shard, too: the image is a view of its image
        images.append(shard.image)
    return np.concatenate(images)


def draw_pairs(images: np.ndarray, *, people: int, seed: int, number: int) -> np.ndarray:
    """Draw batch `number` of a seed: two photographs of each of `people` people, `[2, B, R, R, 3]`."""
    rng = np.random.default_rng([seed, number])
    available, each = images.shape[:2]
    person = rng.choice(available, people, replace=False)
    views = np.argsort(rng.random((people, each)), axis=1)[:, :2]
    return images[person, views.T]


def to_range(image: ArrayLike) -> jax.Array:
    """Return bytes as float32 in [-1, 1]."""
    return jnp.asarray(image, jnp.float32) / 127.5 - 1


def distort(image: jax.Array, key: jax.Array, how: Distortion) -> jax.Array:
    """Zoom, shift, blur and tint images `[B, R, R, 3]` in [-1, 1], each in its own way."""
    batch, side = image.shape[:2]
    zoom_key, shift_key, blur_key, gain_key, offset_key = jax.random.split(key, 5)

    def draw(key: jax.Array, low: float, high: float, *shape: int) -> jax.Array:
        return jax.random.uniform(key, (batch, *shape), minval=low, maxval=high)

    zoom = draw(zoom_key, 1 - how.zoom, 1 + how.zoom)
    shift = draw(shift_key, -how.shift, how.shift, 2)
    blur = draw(blur_key, *how.blur)
    rows, columns = (gaussian_resampling(side, zoom, shift[:, axis], blur) for axis in range(2))
    image = jnp.einsum("bih,bhwc,bjw->bijc", rows, image, columns)
    gain = draw(gain_key, 1 - how.gain, 1 + how.gain)[:, None, None, None]
    offset = draw(offset_key, -how.offset, how.offset)[:, None, None, None]
    return jnp.clip(gain * image + offset, -1, 1)


def gaussian_resampling(side: int, zoom: jax.Array, shift: jax.Array, blur: jax.Array) -> jax.Array:
    """Return matrices `[B, side, side]` that make each pixel a Gaussian mean of pixels around its source.

    Args:
      side: number of pixels.
      zoom: `[B]` distance between the sources of adjacent pixels, in pixels.
      shift: `[B]` shift of the image's centre, in pixels.
      blur: `[B]` standard deviation in pixels; at 0.3 the result is about as sharp as the source.
    """
    places = jnp.arange(side) - (side - 1) / 2
    source = zoom[:, None] * places + shift[:, None]
    exponent = -0.5 * jnp.square((places - source[..., None]) / blur[:, None, None])
    return jax.nn.softmax(exponent, axis=-1)
