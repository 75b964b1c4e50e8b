"""Between torch's array layouts, which the goldens use, and ours."""

from typing import Any

import jax.numpy as jnp
import numpy as np


def nhwc(x: np.ndarray) -> jnp.ndarray:
    """Transpose an image `[B, C, H, W]` → `[B, H, W, C]`."""
    return jnp.asarray(np.moveaxis(x, 1, -1))


def nchw(x: Any) -> np.ndarray:
    """Transpose an image `[B, H, W, C]` → `[B, C, H, W]`."""
    return np.moveaxis(np.asarray(x), -1, 1)


def hwio(w: np.ndarray) -> jnp.ndarray:
    """Transpose a convolution weight `[O, I, kh, kw]` → `[kh, kw, I, O]`."""
    return jnp.asarray(w.transpose(2, 3, 1, 0))


def oihw(w: Any) -> np.ndarray:
    """Invert `hwio`."""
    return np.asarray(w).transpose(3, 2, 0, 1)


def pool8(x: np.ndarray) -> np.ndarray:
    """Return 8×8 block averages of `[B, C, H, W]`."""
    b, c, h, w = x.shape
    return x.reshape(b, c, h // 8, 8, w // 8, 8).mean((3, 5), dtype=np.float64)
