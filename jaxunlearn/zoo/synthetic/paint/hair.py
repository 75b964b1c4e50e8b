"""Colour of the hair on the head."""

import math

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.hair.strands import (
    ALONG,
    COSINE,
    LOCKS,
    OUTLINE,
    SINE,
    SPREAD,
    curls,
    strands,
)
from jaxunlearn.zoo.synthetic.paint.mixing import blend, ramp
from jaxunlearn.zoo.synthetic.paint.table import CURL, HAIR_COLOUR, SKIN_COLOUR


@numba.njit(cache=True, fastmath=True, error_model="numpy", forceinline=True)
def paint_hair(a: np.ndarray, colours: np.ndarray, numbers: np.ndarray, ny: float, out: np.ndarray) -> float:
    """Write the colour [3] of hair: strands and locks, darker at the roots; return the band of light on top.

    Light strands are warmer than dark ones. The band lies where the surface leans back, whatever the camera.
    """
    across, along = math.atan2(a[SINE], a[COSINE]), a[ALONG]
    curl = numbers[CURL]
    straight = strands(across, along, a[SPREAD])
    pattern = (1 - curl) * straight + curl * curls(across, along, a[SPREAD])
    tone = 0.90 + 0.14 * pattern + 0.12 * a[LOCKS]
    roots = (1 - 0.7 * curl) * ramp(0.16, 0.02, along)
    tone *= 1 - 0.30 * roots
    tone *= 0.80 + 0.20 * ramp(0.0, 0.25, a[OUTLINE])
    warmth = 0.05 * pattern
    out[0] = colours[HAIR_COLOUR, 0] * tone * (1 + warmth)
    out[1] = colours[HAIR_COLOUR, 1] * tone
    out[2] = colours[HAIR_COLOUR, 2] * tone * (1 - warmth)
    blend(out, colours, SKIN_COLOUR, 0.45 * (1 - curl) * ramp(0.035, 0.0, along))
    lean = (ny - 0.52 - 0.06 * pattern) / 0.24
    band = math.exp(-lean * lean) * (0.62 + 0.38 * pattern) * (1 - roots)
    return 0.17 * band * (1 - 0.55 * curl)
