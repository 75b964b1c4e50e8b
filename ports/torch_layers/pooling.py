"""Pool images `[B, H, W, C]` with PyTorch's rules for borders and overlapping windows."""

import jax
import jax.numpy as jnp
import numpy as np


def _padding(size: int, kernel: int, stride: int, padding: int, ceil: bool) -> tuple[int, int]:
    """Return the padding before and after one axis.

    With `ceil` the last window may extend beyond the image if it starts inside.
    """
    span = size + 2 * padding - kernel
    windows = -(-span // stride) + 1 if ceil else span // stride + 1
    if ceil and (windows - 1) * stride >= size + padding:
        windows -= 1
    return padding, max(padding, (windows - 1) * stride + kernel - size - padding)


def max_pool(x: jax.Array, kernel: int, *, stride: int, padding: int = 0, ceil: bool = False) -> jax.Array:
    """Return the largest value of each window; `ceil` is PyTorch's `ceil_mode`."""
    pads = [_padding(size, kernel, stride, padding, ceil) for size in x.shape[1:3]]
    return jax.lax.reduce_window(
        x, -jnp.inf, jax.lax.max, (1, kernel, kernel, 1), (1, stride, stride, 1), ((0, 0), *pads, (0, 0))
    )


def average_pool(x: jax.Array, kernel: int, *, stride: int, padding: int = 0) -> jax.Array:
    """Return the mean of each window's pixels inside the image (`count_include_pad=False`)."""
    window, strides = (1, kernel, kernel, 1), (1, stride, stride, 1)
    pads = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    total = jax.lax.reduce_window(x, 0.0, jax.lax.add, window, strides, pads)
    inside = jnp.ones((1, *x.shape[1:3], 1), x.dtype)
    return total / jax.lax.reduce_window(inside, 0.0, jax.lax.add, window, strides, pads)


def adaptive_average_matrix(size: int, target: int) -> np.ndarray:
    """Return adaptive average pooling of one axis as a matrix.

    Row i averages the entries from floor(i·size/target) up to, but not including, ceil((i+1)·size/target). So
    windows overlap if `target` does not divide `size`.

    Returns:
      `[target, size]` float32; multiplying an axis by it pools the axis.
    """
    matrix = np.zeros((target, size), np.float32)
    for i in range(target):
        start, end = i * size // target, -(-(i + 1) * size // target)
        matrix[i, start:end] = 1 / (end - start)
    return matrix
