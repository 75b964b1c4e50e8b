"""The identity loss of GUIDE: a fixed crop of the face, and the angle between two embeddings."""

import jax
import jax.numpy as jnp

from torch_layers import adaptive_average_matrix

ALIGNED_SIZE = 256
CROP_ROWS = slice(35, 223)
CROP_COLUMNS = slice(32, 220)


def identity_crop(images: jax.Array, *, size: int = 112) -> jax.Array:
    """The face region of images that are framed like FFHQ, as the official loss cuts it.

    Bilinear to 256² without antialiasing, rows 35 to 223 and columns 32 to 220, then adaptive average
    pooling, whose windows overlap; nothing is clamped.

    Args:
      images: `[B, H, W, 3]`, any size.
      size: side of the result; 112 for the released networks.

    Returns:
      `[B, size, size, 3]` in the range of the images, at least float32.
    """
    x = images.astype(jnp.promote_types(images.dtype, jnp.float32))
    batch, _, _, channels = x.shape
    x = jax.image.resize(x, (batch, ALIGNED_SIZE, ALIGNED_SIZE, channels), "linear", antialias=False)
    x = x[:, CROP_ROWS, CROP_COLUMNS]
    rows, columns = (adaptive_average_matrix(length, size) for length in x.shape[1:3])
    return jnp.einsum("ih,bhwc,jw->bijc", rows, x, columns, precision=jax.lax.Precision.HIGHEST)


def identity_loss(embeddings: jax.Array, target_embeddings: jax.Array) -> jax.Array:
    """One minus the cosine of the angle between unit vectors `[B, D]`: `[B]`, 0 for the same person.

    The official loss is the mean of this over the batch, with `jax.lax.stop_gradient` around the target.
    """
    return 1 - (embeddings * target_embeddings).sum(axis=-1)
