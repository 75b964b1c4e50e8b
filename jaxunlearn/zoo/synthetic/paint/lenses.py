"""What the lenses of glasses do to the picture behind them: a slight tint and a fixed reflection."""

import math

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.geometry import LENS_X, LENS_Y

CLARITY = (0.93, 0.95, 0.96)
"""Share of red, green and blue light that passes."""
REFLECTION = 0.20
"""Brightness of the streak, which is a window's and stays where it is on the lens."""


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def add_lenses(
    image: np.ndarray,
    surface: np.ndarray,
    triangle: np.ndarray,
    inverse_depth: np.ndarray,
    barycentric: np.ndarray,
    lenses: np.ndarray,
    attributes: np.ndarray,
) -> None:
    """Draw lenses over an image [R, R, 3], in place.

    Args:
      image: as from `shade`.
      surface: [R, R] inverse depth of what the image shows, 0 beside the head.
      triangle: [R, R] of the lenses, as from `rasterize`.
      inverse_depth: [R, R] of the lenses, likewise.
      barycentric: [R, R, 2] of the lenses, likewise.
      lenses: [L, 3] vertex indices.
      attributes: [N, attributes] of the vertices.
    """
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            t = triangle[row, column]
            if t < 0 or surface[row, column] == 0 or surface[row, column] > inverse_depth[row, column]:
                continue
            i, j, k = lenses[t, 0], lenses[t, 1], lenses[t, 2]
            b0, b1 = barycentric[row, column, 0], barycentric[row, column, 1]
            b2 = 1 - b0 - b1
            x = b0 * attributes[i, LENS_X] + b1 * attributes[j, LENS_X] + b2 * attributes[k, LENS_X]
            y = b0 * attributes[i, LENS_Y] + b1 * attributes[j, LENS_Y] + b2 * attributes[k, LENS_Y]
            across, middle = (0.5 * x + 0.85 * y - 0.62) / 0.20, (x + 0.45) / 0.6
            streak = REFLECTION * math.exp(-across * across - middle * middle) + 0.02
            for channel in range(3):
                passed = image[row, column, channel] * CLARITY[channel]
                image[row, column, channel] = passed + streak * (1 - passed)
