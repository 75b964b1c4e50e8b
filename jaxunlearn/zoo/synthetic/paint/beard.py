"""Colour of beard and moustache."""

import math

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.geometry import BEARD, REST_X, REST_Y, REST_Z
from jaxunlearn.zoo.synthetic.paint.mixing import ramp
from jaxunlearn.zoo.synthetic.paint.table import HAIR_COLOUR


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def paint_beard(a: np.ndarray, colours: np.ndarray, out: np.ndarray) -> None:
    """Blend the beard at attributes `a` into a colour [3]: it grows down, thinner towards the edges."""
    x, y, z = abs(a[REST_X]), a[REST_Y], a[REST_Z]
    # Hair points down from the cheek, and forward under the chin.
    across = x + 0.5 * z
    hairs = 0.6 * math.sin(62 * across + 2.2 * math.sin(9 * y)) + 0.4 * math.sin(35 * across - 11 * y)
    cover = ramp(0.04, 0.62, a[BEARD] * (1 + 0.14 * hairs))
    tone = 0.96 + 0.07 * hairs
    for channel in range(3):
        out[channel] += (colours[HAIR_COLOUR, channel] * tone - out[channel]) * 0.90 * cover
