"""Colour of the skin, and of the shirt on the shoulders."""

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.geometry import BEARD, EARS, LIPS, MOUTH, REST_X, REST_Y, REST_Z, SCALP
from jaxunlearn.zoo.synthetic.paint.brows import brow_at
from jaxunlearn.zoo.synthetic.paint.mixing import blend, darken, ramp
from jaxunlearn.zoo.synthetic.paint.table import (
    BLUSH,
    BROW_COLOUR,
    HAIR_COLOUR,
    LIP_COLOUR,
    SHIRT_COLOUR,
    SKIN_COLOUR,
)


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def redden(a: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> None:
    """Redden the colour [3] of cheeks, ears and the tip of the nose, in place."""
    x, y, z = abs(a[REST_X]), a[REST_Y], a[REST_Z]
    red = 0.25 * a[EARS]
    if z > 0.9:
        red += (
            numbers[BLUSH] * np.exp(-((x - 0.46) ** 2) / 0.035 - (y - 6.92) ** 2 / 0.03) * ramp(0.9, 1.2, z)
        )
    if z > 1.5:
        red += 0.5 * numbers[BLUSH] * np.exp(-(x**2) / 0.02 - (y - 6.88) ** 2 / 0.015) * ramp(1.5, 1.62, z)
    out[1] *= 1 - 0.26 * red
    out[2] *= 1 - 0.24 * red


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def paint_skin(a: np.ndarray, colours: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> float:
    """Write the colour [3] of the skin at attributes `a`; return its shininess."""
    x, y, z = abs(a[REST_X]), a[REST_Y], a[REST_Z]
    out[:] = colours[SKIN_COLOUR]
    shine = 0.08
    shirt = ramp(0.03, -0.03, y - (5.62 + 0.28 * ramp(0.35, 0.9, x) - 0.35 * ramp(0.2, 1.0, z)))
    if shirt > 0.99:
        out[:] = colours[SHIRT_COLOUR]
        return 0.0
    if a[MOUTH] > 0.5:
        out[0], out[1], out[2] = 0.30, 0.10, 0.10
        return 0.0
    redden(a, numbers, out)
    # Eye sockets: a soft shadow around, a firm line along the lashes.
    if z > 0.9 and abs(y - 7.31) < 0.3:
        socket = np.sqrt(((x - 0.31) / 0.24) ** 2 + ((y - 7.31) / 0.15) ** 2)
        darken(out, 0.20 * np.exp(-(((socket - 0.9) / 0.3) ** 2)))
        rim = np.sqrt(((x - 0.312) / 0.155) ** 2 + ((y - 7.285) / 0.085) ** 2)
        darken(out, 0.45 * ramp(1.25, 0.95, rim) * ramp(7.27, 7.33, y))
    beard = a[BEARD]
    if beard > 0.01:
        blend(out, colours[HAIR_COLOUR], 0.88 * ramp(0.02, 0.65, beard))
        shine *= 1 - beard
    lips = ramp(0.25, 0.65, a[LIPS])
    if lips > 0:
        blend(out, colours[LIP_COLOUR], lips)
        shine += 0.05 * lips
    if z > 0.85 and 0.08 < x < 0.72:
        brow = brow_at(x, y, numbers)
        blend(out, colours[BROW_COLOUR], 0.92 * brow)
        shine *= 1 - brow
    # Roots under the hair, and the shadow of the hair on the skin beside it.
    roots = ramp(-0.05, 0.06, a[SCALP])
    darken(out, 0.25 * ramp(-0.22, 0.0, a[SCALP]) * (1 - roots))
    blend(out, colours[HAIR_COLOUR], 0.85 * roots)
    shine *= 1 - roots
    if shirt > 0:
        blend(out, colours[SHIRT_COLOUR], shirt)
        shine *= 1 - shirt
    return shine
