"""Reorder the inputs of a Linear layer that reads a flattened feature map.

PyTorch flattens `[C, H, W]`; we flatten `[H, W, C]`. So the rows of our weight `[in, out]` are permuted.
"""

import numpy as np


def flatten_rows(weight: np.ndarray, sizes: dict[str, int], *, source: str) -> np.ndarray:
    """Reorder the rows of a weight from PyTorch's flattening order to ours.

    Args:
      weight: `[C·H·W, out]`, with rows in the order `source`.
      sizes: lengths of the axes "c", "h" and "w".
      source: order of the axes in PyTorch's flattening, outermost first, for example "chw".

    Returns:
      `[H·W·C, out]`.
    """
    grid = weight.reshape(*(sizes[axis] for axis in source), -1)
    return np.ascontiguousarray(
        grid.transpose(*(source.index(axis) for axis in "hwc"), 3).reshape(weight.shape)
    )


def unflatten_rows(weight: np.ndarray, sizes: dict[str, int], *, source: str) -> np.ndarray:
    """Reorder the rows of a weight from our order to `source`: the inverse of `flatten_rows`."""
    grid = weight.reshape(*(sizes[axis] for axis in "hwc"), -1)
    return np.ascontiguousarray(
        grid.transpose(*("hwc".index(axis) for axis in source), 3).reshape(weight.shape)
    )
