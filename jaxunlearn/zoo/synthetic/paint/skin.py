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
from jaxunlearn.zoo.synthetic.paint.brows import brow_at, near_brow
from jaxunlearn.zoo.synthetic.paint.face_map import (
    BLUSH_MAP,
    CHANNELS,
    FRECKLE_MAP,
    FURROW_MAP,
    LASH_MAP,
    LID_MAP,
    MOTTLE_MAP,
    OIL_MAP,
    OLD_LID_MAP,
    RED_MAP,
    TIRED_MAP,
    YELLOW_MAP,
    look_up,
)  # fmt: skip
from jaxunlearn.zoo.synthetic.paint.marks import MOLES
from jaxunlearn.zoo.synthetic.paint.mixing import blend, cover, darken, ramp
from jaxunlearn.zoo.synthetic.paint.table import (
    AGE,
    BLUSH,
    BROW_COLOUR,
    FIRST_MOLE,
    FRECKLES,
    HAIR_COLOUR,
    LIP_COLOUR,
    SHIRT_COLOUR,
    SKIN_COLOUR,
    STUBBLE,
    TIRED,
)


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def mark_skin(x: float, y: float, marks: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> None:
    """Paint redness, freckles, moles and age onto a colour [3]; `marks` is the face map's at this place."""
    age = numbers[AGE]
    red = marks[RED_MAP] + numbers[BLUSH] * marks[BLUSH_MAP]
    blotch = marks[MOTTLE_MAP] * (0.035 + 0.05 * age)
    brown = numbers[FRECKLES] * marks[FRECKLE_MAP]
    furrow = age * marks[FURROW_MAP]
    shade = marks[LID_MAP] + numbers[TIRED] * marks[TIRED_MAP] + age * marks[OLD_LID_MAP]
    dark = 1 - marks[LASH_MAP]
    for n in range(MOLES.shape[0]):
        dx, dy = x - MOLES[n, 0], y - MOLES[n, 1]
        squared = dx * dx + dy * dy
        if squared < 0.004:
            dark *= 1 - 0.6 * numbers[FIRST_MOLE + n] * np.exp(-squared / 0.0007)
    out[0] *= dark * (1 + 0.5 * blotch) * (1 - 0.04 * red) * (1 - 0.22 * brown - 0.26 * furrow - 0.80 * shade)
    out[1] *= dark * (1 + blotch) * (1 - 0.26 * red) * (1 - 0.36 * brown - 0.33 * furrow - 1.15 * shade)
    out[2] *= dark * (1 + 0.9 * blotch) * (1 - 0.22 * red - 0.05 * marks[YELLOW_MAP])
    out[2] *= 1 - 0.46 * brown - 0.33 * furrow - shade


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def paint_lips(a: np.ndarray, share: float, colours: np.ndarray, out: np.ndarray) -> float:
    """Blend the lips into a colour [3], darker towards the line between them; return their shininess."""
    x, y = abs(a[REST_X]), a[REST_Y]
    blend(out, colours, LIP_COLOUR, share)
    parting = y - 6.612 + 0.02 * ramp(0.26, 0.1, x)
    darken(out, share * (0.30 * np.exp(-((parting / 0.022) ** 2)) + 0.10 * ramp(-0.01, 0.05, parting)))
    darken(out, 0.15 * share * ramp(0.18, 0.27, x))
    return 0.10 * share * np.exp(-(((parting + 0.062) / 0.03) ** 2) - (x / 0.13) ** 2)


@numba.njit(cache=True, fastmath=True, error_model="numpy", forceinline=True)
def paint_skin(
    a: np.ndarray,
    colours: np.ndarray,
    numbers: np.ndarray,
    table: np.ndarray,
    marks: np.ndarray,
    out: np.ndarray,
) -> float:
    """Write the colour [3] of the skin at attributes `a`; return its shininess.

    `table` is the face map, and `marks` [its channels] is scratch memory.
    """
    x, y, z = abs(a[REST_X]), a[REST_Y], a[REST_Z]
    cover(out, colours, SKIN_COLOUR)
    shirt = ramp(0.03, -0.03, y - (5.62 + 0.28 * ramp(0.35, 0.9, x) - 0.35 * ramp(0.2, 1.0, z)))
    if shirt > 0.99:
        cover(out, colours, SHIRT_COLOUR)
        return 0.0
    if a[MOUTH] > 0.5:
        out[0], out[1], out[2] = 0.34, 0.13, 0.13
        return 0.0
    shine = 0.035
    if z > 0.6:
        look_up(table, a[REST_X], y, marks)
        front = ramp(0.6, 1.0, z)
        shine += front * marks[OIL_MAP]
        for channel in range(CHANNELS):
            marks[channel] *= front
        mark_skin(a[REST_X], y, marks, numbers, out)
    ear = 0.30 * a[EARS]
    out[1] *= 1 - 0.26 * ear
    out[2] *= 1 - 0.22 * ear
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
    if near_brow(x, y, z):
        brow = brow_at(x, y, numbers)
        blend(out, colours, BROW_COLOUR, 0.85 * brow)
        shine *= 1 - brow
    # Roots under the hair.
    roots = ramp(-0.05, 0.06, a[SCALP])
    if roots > 0:
        blend(out, colours, HAIR_COLOUR, 0.85 * roots)
        shine *= 1 - roots
    if shirt > 0:
        blend(out, colours, SHIRT_COLOUR, shirt)
        shine *= 1 - shirt
    return shine
