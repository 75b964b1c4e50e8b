"""Images as people look at them. `N` images, `H` `W` height and width."""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from torch_bridge import replacing


def to_uint8(images: ArrayLike) -> np.ndarray:
    """Images in [-1, 1] → 0..255, as the official programs write them (x · 127.5 + 128, cut off)."""
    return np.clip(np.asarray(images, np.float32) * 127.5 + 128, 0, 255).astype(np.uint8)


def depth_to_uint8(depth: np.ndarray) -> np.ndarray:
    """Depth `[N, H, W, 1]` → grey `[N, H, W, 3]`, near white, far black, on one scale for all images."""
    near, far = float(depth.min()), float(depth.max())
    brightness = (far - depth) / max(far - near, 1e-6)
    return np.repeat((brightness * 255 + 0.5).astype(np.uint8), 3, axis=-1)


def grid(images: np.ndarray, columns: int) -> np.ndarray:
    """`[N, H, W, 3]` uint8 → one image, row by row, `columns` wide; what is left over stays white."""
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    cells = np.full((rows * columns, height, width, channels), 255, np.uint8)
    cells[:count] = images
    cells = cells.reshape(rows, columns, height, width, channels)
    return cells.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, channels)


def save_png(path: Path, image: np.ndarray) -> None:
    """Write `[H, W, 3]` uint8; the file appears complete or not at all."""
    with replacing(path) as temporary:
        Image.fromarray(image).save(temporary, format="PNG")
