"""Windows of a token map, and constants of the attention inside them.

Letters: `B` batch, `H` rows, `W` columns, `C` channels, `G` windows, `T` tokens of a window.
"""

import functools

import jax
import numpy as np

MASKED = -100.0
"""Added to the logits of tokens that are side by side only because of the cyclic shift."""


def split_windows(x: jax.Array, window: int) -> jax.Array:
    """Split `[B, H, W, C]` into windows `[B, G, T, C]`, both in row-major order."""
    batch, rows, columns, channels = x.shape
    x = x.reshape(batch, rows // window, window, columns // window, window, channels)
    return x.swapaxes(2, 3).reshape(batch, -1, window * window, channels)


def join_windows(x: jax.Array, resolution: int) -> jax.Array:
    """Join windows to a square map of this side: the inverse of `split_windows`."""
    batch, _, tokens, channels = x.shape
    window = int(tokens**0.5)
    across = resolution // window
    x = x.reshape(batch, across, across, window, window, channels)
    return x.swapaxes(2, 3).reshape(batch, resolution, resolution, channels)


@functools.cache
def relative_coordinates(window: int, pretrained_window: int) -> np.ndarray:
    """Return log-spaced relative positions (Swin V2, Eq. 4), `[2*window-1, 2*window-1, 2]` (row, column).

    Before the logarithm, positions are scaled so that the window of pre-training spans [-8, 8].
    """
    offsets = np.arange(1 - window, window, dtype=np.float32)
    scaled = 8 * offsets / ((pretrained_window or window) - 1 or 1)
    spaced = np.sign(scaled) * np.log2(np.abs(scaled) + 1) / np.log2(8)
    return np.stack(np.meshgrid(spaced, spaced, indexing="ij"), axis=-1).astype(np.float32)


@functools.cache
def relative_index(window: int) -> np.ndarray:
    """Return the index of each pair of tokens into the flattened table of relative positions, `[T, T]`."""
    row, column = (axis.ravel() for axis in np.indices((window, window)))
    rows = row[:, None] - row[None, :] + window - 1
    columns = column[:, None] - column[None, :] + window - 1
    return rows * (2 * window - 1) + columns


@functools.cache
def shift_mask(resolution: int, window: int, shift: int) -> np.ndarray:
    """Return logit offsets `[G, T, T]` that mask tokens of a window that are not adjacent in the image."""
    region = np.zeros(resolution, np.int32)
    region[resolution - window : resolution - shift] = 1
    region[resolution - shift :] = 2
    regions = (3 * region[:, None] + region[None, :])[None, :, :, None]
    regions = np.asarray(split_windows(regions, window))[0, :, :, 0]  # pyright: ignore[reportArgumentType]
    apart = regions[:, :, None] != regions[:, None, :]
    return np.where(apart, np.float32(MASKED), np.float32(0))
