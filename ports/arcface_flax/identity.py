"""The identity loss of GUIDE: a fixed crop of the face, and the cosine of two embeddings."""

import jax
import jax.numpy as jnp

from torch_layers import adaptive_average_matrix

ALIGNED_SIZE = 256
CROP_ROWS = slice(35, 223)
CROP_COLUMNS = slice(32, 220)


def identity_crop(images: jax.Array, *, size: int = 112) -> jax.Array:
    """Crop the face of images that are framed like FFHQ, as the official loss does.

    Images are resized to 256 x 256 (bilinear, without antialiasing) and cropped to rows 35 to 223 and columns
    32 to 220. Then adaptive average pooling with overlapping windows gives the final size. Values are not
    clamped.

    Args:
      images: `[B, H, W, 3]`, any size.
      size: side of the result in pixels; 112 for the released networks.

    Returns:
      `[B, size, size, 3]` in the range of the images; at least float32.
    """
    x = images.astype(jnp.promote_types(images.dtype, jnp.float32))
    batch, _, _, channels = x.shape
    x = jax.image.resize(x, (batch, ALIGNED_SIZE, ALIGNED_SIZE, channels), "linear", antialias=False)
    x = x[:, CROP_ROWS, CROP_COLUMNS]
    rows, columns = (adaptive_average_matrix(length, size) for length in x.shape[1:3])
    return jnp.einsum("ih,bhwc,jw->bijc", rows, x, columns, precision=jax.lax.Precision.HIGHEST)


def identity_loss(embeddings: jax.Array, target_embeddings: jax.Array) -> jax.Array:
    """Return one minus the cosine of unit vectors `[B, D]`: `[B]`, 0 for equal embeddings.

    The official loss is its mean over the batch, with `jax.lax.stop_gradient` around the target.
    """
    return 1 - (embeddings * target_embeddings).sum(axis=-1)
