"""Colour of the hair on the head."""

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.geometry import COSINE, HEIGHT, OUTLINE, SINE, WAVE
from jaxunlearn.zoo.synthetic.paint.mixing import ramp
from jaxunlearn.zoo.synthetic.paint.table import CURL, HAIR_COLOUR


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def paint_hair(a: np.ndarray, colours: np.ndarray, numbers: np.ndarray, ny: float, out: np.ndarray) -> float:
    """Write the colour [3] of hair: strands, darker at the outline; return the band of light on top."""
    azimuth = np.arctan2(a[SINE], a[COSINE])
    strands = np.sin(31 * azimuth + 2.0 * np.sin(2.3 * a[HEIGHT]) + 1.5 * a[WAVE])
    out[:] = colours[HAIR_COLOUR]
    tone = 0.90 + 0.09 * strands * (1 - 0.6 * numbers[CURL]) + 0.13 * a[WAVE]
    tone *= 0.82 + 0.18 * ramp(0.0, 0.18, a[OUTLINE])
    for channel in range(3):
        out[channel] *= tone
    band = np.exp(-(((ny - 0.55) / 0.22) ** 2)) * (0.7 + 0.3 * strands)
    return 0.16 * band * (1 - 0.6 * numbers[CURL])
