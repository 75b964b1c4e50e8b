"""Cut upright faces out of images: a similarity from five landmarks, and bilinear interpolation.

dlib calls such a crop a chip. A pixel's coordinates are whole numbers at its centre, x to the right and y
down.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.ndimage import map_coordinates

from dlib_flax.network import CHIP_SIZE

MEAN_FACE = np.array(
    [
        [0.22549, 0.21599],
        [0.75476, 0.21599],
        [0.490127, 0.515625],
        [0.254149, 0.780233],
        [0.726104, 0.780233],
    ]
)
"""Eyes, nose and corners of the mouth in the mean face of dlib's `get_face_chip_details`, in a unit square.

An eye is the mean of its six points, the nose is its tip.
"""

PADDING = 0.25
"""Border around the mean face, in sides of the unit square; the network was trained with it."""

TEMPLATE = (MEAN_FACE + PADDING) / (1 + 2 * PADDING) * CHIP_SIZE
"""Landmarks of a chip, `[5, 2]` (x, y) in pixels."""


def chip_similarity(landmarks: jax.Array | np.ndarray) -> jax.Array:
    """Fit the similarity (rotation, uniform scale, shift) that maps landmarks to the template.

    It is fitted by least squares in pixels of the chip, and never mirrors.

    Args:
      landmarks: `[..., 5, 2]` (x, y) in pixels of the image: eyes, nose, corners of the mouth; the first eye
        and the first corner are those on the left of the image.

    Returns:
      Matrices `[..., 2, 3]` float32 with template ≈ landmarks @ matrix[:, :2].T + matrix[:, 2]. They are NaN
      where all five landmarks are one point.
    """
    points = jnp.asarray(landmarks, jnp.float32)
    template = jnp.asarray(TEMPLATE, jnp.float32)
    centre, template_centre = points.mean(axis=-2), template.mean(axis=0)
    x, y = jnp.moveaxis(points - centre[..., None, :], -1, 0)
    u, v = jnp.moveaxis(template - template_centre, -1, 0)
    squared = (x * x + y * y).sum(axis=-1)
    # The matrix [[a, -b], [b, a]] as sums of products: a matrix product may not be float32 on every device.
    a = (x * u + y * v).sum(axis=-1) / squared
    b = (x * v - y * u).sum(axis=-1) / squared
    shift_x = template_centre[0] - (a * centre[..., 0] - b * centre[..., 1])
    shift_y = template_centre[1] - (b * centre[..., 0] + a * centre[..., 1])
    return jnp.stack([jnp.stack([a, -b, shift_x], axis=-1), jnp.stack([b, a, shift_y], axis=-1)], axis=-2)


def chips(images: jax.Array | np.ndarray, landmarks: jax.Array | np.ndarray) -> jax.Array:
    """Cut the face out of each image and turn it upright.

    Interpolation is bilinear; beyond the image its edge pixels are repeated. There is no antialiasing: first
    reduce an image whose face is much larger than 150 pixels.

    Args:
      images: `[B, H, W, 3]`, any range; the network takes 0 to 255.
      landmarks: `[B, 5, 2]` (x, y) in pixels, as for `chip_similarity`.

    Returns:
      `[B, 150, 150, 3]` float32 in the range of the images, not rounded; NaN where landmarks are NaN.

    Raises:
      ValueError: if the shapes are others.
    """
    if images.ndim != 4 or images.shape[-1] != 3:
        raise ValueError(f"images must be [B, H, W, 3], not {list(images.shape)}")
    if landmarks.shape != (len(images), *TEMPLATE.shape):
        raise ValueError(f"landmarks must be [{len(images)}, 5, 2], not {list(landmarks.shape)}")
    return jax.vmap(_chip)(jnp.asarray(images, jnp.float32), chip_similarity(landmarks))


def _chip(image: jax.Array, matrix: jax.Array) -> jax.Array:
    """Return the chip of an image `[H, W, 3]`; the matrix maps the image to the chip."""
    (a, _, shift_x), (b, _, shift_y) = matrix
    v, u = jnp.mgrid[:CHIP_SIZE, :CHIP_SIZE].astype(jnp.float32)
    squared = a * a + b * b
    x = (a * (u - shift_x) + b * (v - shift_y)) / squared
    y = (a * (v - shift_y) - b * (u - shift_x)) / squared
    sample = jax.vmap(lambda channel: map_coordinates(channel, [y, x], order=1, mode="nearest"), -1, -1)
    return sample(image)
