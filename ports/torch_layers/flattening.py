"""Order of a Linear layer's inputs when it reads a flattened feature map.

PyTorch flattens `[C, H, W]`, we flatten `[H, W, C]`, so the rows of our `[in, out]` weight are permuted.
"""

import numpy as np


def flatten_rows(weight: np.ndarray, sizes: dict[str, int], *, source: str) -> np.ndarray:
    """Reorder the rows of a weight from PyTorch's flattening order to ours.

    Args:
      weight: `[C·H·W, out]`, rows in the order `source`.
      sizes: length of the axes "c", "h" and "w".
      source: the order PyTorch's module flattens in, outermost first, for example "chw".

    Returns:
      `[H·W·C, out]`.
    """
    grid = weight.reshape(*(sizes[axis] for axis in source), -1)
    return np.ascontiguousarray(
        grid.transpose(*(source.index(axis) for axis in "hwc"), 3).reshape(weight.shape)
    )


def unflatten_rows(weight: np.ndarray, sizes: dict[str, int], *, source: str) -> np.ndarray:
    """The inverse of `flatten_rows`: from our order back to `source`."""
    grid = weight.reshape(*(sizes[axis] for axis in "hwc"), -1)
    return np.ascontiguousarray(
        grid.transpose(*("hwc".index(axis) for axis in source), 3).reshape(weight.shape)
    )
