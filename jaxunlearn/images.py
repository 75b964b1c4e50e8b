"""Images as arrays and as PNG files. `N` images of height `H` and width `W`."""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from torch_bridge import replacing


def to_uint8(images: ArrayLike) -> np.ndarray:
    """Convert images in [-1, 1] to 8 bits as the official programs do: x · 127.5 + 128, clipped, cut off.

    Args:
      images: any shape; values outside of [-1, 1] are clipped.

    Returns:
      uint8, 0 to 255; of the same shape. The exact inverse of `to_float`.
    """
    return np.clip(np.asarray(images, np.float32) * 127.5 + 128, 0, 255).astype(np.uint8)


def to_float(levels: ArrayLike) -> np.ndarray:
    """Convert 8-bit images, 0 to 255, to float32 in [-1, 1]: x / 127.5 - 1, computed in float32."""
    return np.asarray(levels, np.float32) / 127.5 - 1


def depth_to_uint8(depth: np.ndarray) -> np.ndarray:
    """Convert depths to grey images on one scale: the nearest point of all is white, the farthest black.

    Args:
      depth: `[N, H, W, 1]`, in the unit of the cameras.

    Returns:
      `[N, H, W, 3]` uint8.
    """
    near, far = float(depth.min()), float(depth.max())
    brightness = (far - depth) / max(far - near, 1e-6)
    return np.repeat((brightness * 255 + 0.5).astype(np.uint8), 3, axis=-1)


def grid(images: np.ndarray, columns: int) -> np.ndarray:
    """Arrange images in a grid, row by row; empty cells are white.

    Args:
      images: `[N, H, W, 3]` uint8.
      columns: images per row.

    Returns:
      One image `[rows * H, columns * W, 3]` uint8.
    """
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    cells = np.full((rows * columns, height, width, channels), 255, np.uint8)
    cells[:count] = images
    cells = cells.reshape(rows, columns, height, width, channels)
    return cells.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, channels)


def save_png(path: Path, image: np.ndarray) -> None:
    """Write an image `[H, W, 3]` uint8; the file appears complete or not at all."""
    with replacing(path) as temporary:
        Image.fromarray(image).save(temporary, format="PNG")
