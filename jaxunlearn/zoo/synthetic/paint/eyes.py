"""Colour of the eyes."""

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.geometry import REST_X, REST_Y, REST_Z
from jaxunlearn.zoo.synthetic.paint.mixing import blend, darken, ramp
from jaxunlearn.zoo.synthetic.paint.table import IRIS_COLOUR

MIDDLE_X, MIDDLE_Y = 0.300, 7.288
"""Rest position of the middle of an iris; x counts from the middle of the face."""
IRIS_RADIUS = 0.070
PUPIL_RADIUS = 0.029
PUPIL = np.array([[0.03, 0.025, 0.025]], np.float32)


@numba.njit(cache=True, fastmath=True, error_model="numpy", forceinline=True)
def paint_eye(a: np.ndarray, colours: np.ndarray, out: np.ndarray) -> None:
    """Write the colour [3] of an eye: white, iris, pupil, fixed catch light."""
    side = 1.0 if a[REST_X] > 0 else -1.0
    x, y = a[REST_X] - side * MIDDLE_X, a[REST_Y] - MIDDLE_Y
    out[0], out[1], out[2] = 0.84, 0.815, 0.80
    # The white is rounder and redder at the corners, most towards the nose.
    inward = -side * x
    corner = max(ramp(0.06, 0.13, inward), 0.8 * ramp(0.08, 0.15, -inward))
    out[0] *= 1 - 0.10 * corner
    out[1] *= 1 - 0.22 * corner
    out[2] *= 1 - 0.22 * corner
    if a[REST_Z] > 1.2:
        distance = np.sqrt(x * x + y * y)
        share = distance / IRIS_RADIUS
        iris = ramp(IRIS_RADIUS + 0.010, IRIS_RADIUS - 0.008, distance)
        if iris > 0:
            angle = np.arctan2(y, x)
            # Fibres, a paler ring around the pupil, a dark rim, and light that collects below.
            tone = 1.08 + 0.10 * np.sin(5 * angle + 1.3) * ramp(0.4, 0.7, share) - 0.30 * y / IRIS_RADIUS
            tone += 0.22 * np.exp(-(((share - 0.55) / 0.16) ** 2))
            tone *= 1 - 0.55 * ramp(0.74, 1.02, share)
            for channel in range(3):
                out[channel] += (min(colours[IRIS_COLOUR, channel] * tone, 1.0) - out[channel]) * iris
        pupil = ramp(PUPIL_RADIUS + 0.008, PUPIL_RADIUS - 0.006, distance)
        blend(out, PUPIL, 0, 0.94 * pupil)
    # The upper lid and its lashes throw a shadow on the upper part of the eye.
    darken(out, 0.42 * ramp(0.0, 0.075, y))
    if a[REST_Z] > 1.2:
        catch = ramp(0.034, 0.012, np.sqrt((x - 0.026) ** 2 + (y - 0.026) ** 2))
        catch += 0.22 * ramp(0.034, 0.012, np.sqrt((x + 0.030) ** 2 + (y + 0.034) ** 2))
        for channel in range(3):
            out[channel] += (1 - out[channel]) * 0.92 * catch
