"""Colour of the skin, and of the shirt on the shoulders."""

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.geometry import (
    BEARD,
    EARS,
    LIPS,
    MOUTH,
    REST_X,
    REST_Y,
    REST_Z,
    SCALP,
    STUBBLE_AREA,
)
from jaxunlearn.zoo.synthetic.paint.beard import paint_beard
from jaxunlearn.zoo.synthetic.paint.brows import brow_at
from jaxunlearn.zoo.synthetic.paint.marks import mark_skin
from jaxunlearn.zoo.synthetic.paint.mixing import blend, darken, ramp
from jaxunlearn.zoo.synthetic.paint.table import (
    BLUSH,
    BROW_COLOUR,
    HAIR_COLOUR,
    LIP_COLOUR,
    SHIRT_COLOUR,
    SKIN_COLOUR,
    STUBBLE,
)


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def redden(a: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> None:
    """Redden the colour [3] of cheeks, ears, nose and chin, in place, and yellow the forehead a little."""
    x, y, z = abs(a[REST_X]), a[REST_Y], a[REST_Z]
    red = 0.30 * a[EARS]
    yellow = 0.0
    if z > 0.8:
        front = ramp(0.8, 1.2, z)
        blush = numbers[BLUSH]
        red += (0.10 + 0.65 * blush) * np.exp(-((x - 0.42) ** 2) / 0.04 - (y - 6.98) ** 2 / 0.035) * front
        red += (0.12 + 0.5 * blush) * np.exp(-(x**2) / 0.025 - (y - 6.93) ** 2 / 0.02) * ramp(1.4, 1.6, z)
        red += (0.06 + 0.2 * blush) * np.exp(-(x**2) / 0.03 - (y - 6.34) ** 2 / 0.02) * front
        yellow = ramp(7.5, 7.75, y) * ramp(0.6, 0.3, x) * front
    out[0] *= 1 - 0.04 * red
    out[1] *= 1 - 0.26 * red
    out[2] *= 1 - 0.22 * red - 0.05 * yellow


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def oiliness(x: float, y: float, z: float) -> float:
    """Return how much the skin shines at a rest position: most along the middle of the face."""
    shine = 0.035
    if z > 0.9:
        middle = np.exp(-(x * x) / 0.012) * ramp(6.85, 6.98, y) * ramp(7.5, 7.3, y)
        forehead = np.exp(-(x * x) / 0.10 - (y - 7.78) ** 2 / 0.025)
        cheekbone = np.exp(-((x - 0.44) ** 2) / 0.015 - (y - 7.09) ** 2 / 0.012)
        chin = np.exp(-(x * x) / 0.015 - (y - 6.32) ** 2 / 0.008)
        shine += 0.10 * middle + 0.05 * forehead + 0.06 * cheekbone + 0.04 * chin
    return shine


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def paint_lips(a: np.ndarray, share: float, colours: np.ndarray, out: np.ndarray) -> float:
    """Blend the lips into a colour [3], darker towards the line between them; return their shininess."""
    x, y = abs(a[REST_X]), a[REST_Y]
    blend(out, colours[LIP_COLOUR], share)
    parting = y - 6.612 + 0.02 * ramp(0.26, 0.1, x)
    darken(out, share * (0.30 * np.exp(-((parting / 0.022) ** 2)) + 0.10 * ramp(-0.01, 0.05, parting)))
    darken(out, 0.15 * share * ramp(0.18, 0.27, x))
    return 0.10 * share * np.exp(-(((parting + 0.062) / 0.03) ** 2) - (x / 0.13) ** 2)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def paint_skin(a: np.ndarray, colours: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> float:
    """Write the colour [3] of the skin at attributes `a`; return its shininess."""
    x, y, z = abs(a[REST_X]), a[REST_Y], a[REST_Z]
    out[:] = colours[SKIN_COLOUR]
    shirt = ramp(0.03, -0.03, y - (5.62 + 0.28 * ramp(0.35, 0.9, x) - 0.35 * ramp(0.2, 1.0, z)))
    if shirt > 0.99:
        out[:] = colours[SHIRT_COLOUR]
        return 0.0
    if a[MOUTH] > 0.5:
        out[0], out[1], out[2] = 0.34, 0.13, 0.13
        return 0.0
    shine = oiliness(x, y, z)
    redden(a, numbers, out)
    mark_skin(a[REST_X], y, z, numbers, out)
    stubble = numbers[STUBBLE] * a[STUBBLE_AREA]
    if stubble > 0.01:
        # Stumps under the skin: cooler and darker, by the colour of the hair.
        for channel in range(3):
            stump = 0.55 * colours[HAIR_COLOUR, channel] + 0.45 * out[channel] * (0.55 + 0.04 * channel)
            out[channel] += (stump - out[channel]) * 0.34 * stubble
        shine *= 1 - 0.5 * stubble
    beard = a[BEARD]
    if beard > 0.01:
        paint_beard(a, colours, out)
        shine *= 1 - beard
    lips = ramp(0.15, 0.7, a[LIPS])
    if lips > 0:
        shine = shine * (1 - 0.5 * lips) + paint_lips(a, lips, colours, out)
    if z > 0.85 and 0.08 < x < 0.72:
        brow = brow_at(x, y, numbers)
        blend(out, colours[BROW_COLOUR], 0.85 * brow)
        shine *= 1 - brow
    # Roots under the hair.
    roots = ramp(-0.05, 0.06, a[SCALP])
    blend(out, colours[HAIR_COLOUR], 0.85 * roots)
    shine *= 1 - roots
    if shirt > 0:
        blend(out, colours[SHIRT_COLOUR], shirt)
        shine *= 1 - shirt
    return shine
