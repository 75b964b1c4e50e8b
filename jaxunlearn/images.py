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


class Grid:
    """A grid of images of one size, which are added one after another; empty cells are white.

    Args:
      count: number of images.
      columns: images per row.
    """

    def __init__(self, count: int, columns: int):
        self._shape = -(-count // columns), columns
        self._cells = np.empty((0, 0, 0, 0, 3), np.uint8)
        self._added = 0

    def add(self, image: np.ndarray) -> None:
        """Put an image `[H, W, 3]` uint8 into the next cell, row by row."""
        if not self._added:
            (rows, columns), (height, width, _) = self._shape, image.shape
            self._cells = np.full((rows, height, columns, width, 3), 255, np.uint8)
        row, column = divmod(self._added, self._cells.shape[2])
        self._cells[row, :, column] = image
        self._added += 1

    def picture(self) -> np.ndarray:
        """Return the whole grid, `[rows * H, columns * W, 3]` uint8, without a copy."""
        rows, height, columns, width, _ = self._cells.shape
        return self._cells.reshape(rows * height, columns * width, 3)


def grid(images: np.ndarray, columns: int) -> np.ndarray:
    """Arrange images in a grid, row by row; empty cells are white.

    Args:
      images: `[N, H, W, 3]` uint8.
      columns: images per row.

    Returns:
      One image `[rows * H, columns * W, 3]` uint8.
    """
    cells = Grid(len(images), columns)
    for image in images:
        cells.add(image)
    return cells.picture()


def save_png(path: Path, image: np.ndarray) -> None:
    """Write an image `[H, W, 3]` uint8; the file appears complete or not at all."""
    with replacing(path) as temporary:
        Image.fromarray(image).save(temporary, format="PNG")
