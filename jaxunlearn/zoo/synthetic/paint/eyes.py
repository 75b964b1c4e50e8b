"""Colour of the eyes."""

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.geometry import REST_X, REST_Y, REST_Z
from jaxunlearn.zoo.synthetic.paint.mixing import blend, darken, ramp
from jaxunlearn.zoo.synthetic.paint.table import IRIS_COLOUR


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def paint_eye(a: np.ndarray, colours: np.ndarray, out: np.ndarray) -> float:
    """Write the colour [3] of an eye: white, iris with a dark ring, pupil, fixed catchlight; return 0."""
    side = 1.0 if a[REST_X] > 0 else -1.0
    x, y = a[REST_X] - side * 0.298, a[REST_Y] - 7.288
    distance = np.sqrt(x * x + y * y)
    out[0], out[1], out[2] = 0.95, 0.94, 0.93
    corner = ramp(0.07, 0.14, abs(x))
    out[1] *= 1 - 0.10 * corner
    out[2] *= 1 - 0.10 * corner
    front = 1.0 if a[REST_Z] > 1.2 else 0.0
    iris = ramp(0.092, 0.078, distance) * front
    blend(out, colours[IRIS_COLOUR], iris)
    darken(out, 0.65 * iris * ramp(0.058, 0.082, distance))
    darken(out, 0.95 * ramp(0.046, 0.034, distance) * front)
    darken(out, 0.35 * ramp(0.03, 0.09, y))
    highlight = ramp(0.034, 0.018, np.sqrt((x - 0.028) ** 2 + (y - 0.03) ** 2)) * front
    for channel in range(3):
        out[channel] += (1 - out[channel]) * 0.9 * highlight
    return 0.0
