"""Places of the marks of the skin: mottling, freckles, moles, the lines of age, redness and shine.

Everything here depends only on the rest position, so `paint.face_map` tabulates it once. `x` is signed,
positive on the person's left; `side` is its absolute value. Nothing is finer than about 0.03 template units,
which is 1.5 pixels in an image of 128 pixels.
"""

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.paint.mixing import ramp

MOLES = np.array(
    [
        [0.20, 6.80], [-0.34, 6.98], [0.46, 6.74], [-0.16, 6.42], [0.52, 7.12], [-0.47, 6.62], [0.12, 7.72],
        [-0.56, 7.30],
    ],
    np.float32,
)  # fmt: skip
"""Rest positions (x, y) where a mole may be."""


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def mottle(x: float, y: float) -> float:
    """Return soft blotches of the skin, about in [-1, 1]."""
    broad = np.sin(9.1 * x + 2.0 * np.sin(5.3 * y + 1.0)) * np.sin(8.3 * y + 0.7)
    fine = np.sin(27.0 * x + 2.2 * np.sin(13.0 * y)) * np.sin(25.0 * y + 1.9)
    return 0.5 * broad + 0.5 * fine


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def freckle(x: float, y: float) -> float:
    """Return the density of freckles at a place of the cheeks and the nose, in [0, 1]."""
    side = abs(x)
    where = np.exp(-((y - 7.03) ** 2) / 0.045) * ramp(0.66, 0.42, side)
    where += 0.45 * np.exp(-((y - 7.72) ** 2) / 0.06) * ramp(0.5, 0.3, side)
    # Spots on two slanted, bent grids; a slow wave makes some of them fainter.
    u, v = x + 0.35 * y, y - 0.35 * x
    first = np.sin(44.0 * u + 1.2 * np.sin(15.0 * v)) * np.sin(47.0 * v + 1.2 * np.sin(13.0 * u + 1.0))
    u, v = x - 0.6 * y, y + 0.6 * x
    second = np.sin(37.0 * u + 1.1 * np.sin(17.0 * v)) * np.sin(36.0 * v + 1.3 * np.sin(11.0 * u) + 2.0)
    faint = 0.65 + 0.35 * np.sin(7.0 * x + 2.0) * np.sin(9.0 * y)
    spots = max(ramp(0.35, 0.85, first), 0.8 * ramp(0.4, 0.9, second))
    return where * (0.12 + 0.88 * faint * spots)


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def line(offset: float, width: float) -> float:
    """Return how deep a soft furrow is at a distance from its middle: 1 there, below 0 on its lit edge."""
    t = offset / width
    return np.exp(-t * t) - 0.35 * np.exp(-((t - 1.7) ** 2))


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def furrows(side: float, y: float) -> float:
    """Return the depth of the lines of age at a place of the face, about in [-0.4, 1]."""
    depth = 0.0
    if 6.56 < y < 7.02 and side < 0.5:
        # From the wing of the nose past the corner of the mouth.
        t = (6.98 - y) / 0.38
        middle = 0.185 + 0.155 * t * t * (1.4 - 0.4 * t)
        depth += line(side - middle, 0.028) * ramp(0.0, 0.25, t) * ramp(1.05, 0.75, t)
    if 6.3 < y < 6.62 and side < 0.45:
        depth += 0.6 * line(side - 0.275 - 0.2 * (6.6 - y), 0.028) * ramp(6.6, 6.54, y) * ramp(6.32, 6.42, y)
    if 7.58 < y < 8.0 and side < 0.55:
        # Three lines across the forehead, a little arched over each brow.
        arch = 0.03 * np.cos(6.5 * side)
        wave = 0.5 + 0.5 * np.cos((y + arch - 7.70) * 2 * np.pi / 0.105)
        depth += 0.75 * (wave**3 - 0.25) * ramp(0.48, 0.25, side) * ramp(7.6, 7.66, y) * ramp(7.98, 7.90, y)
    if 7.38 < y < 7.62 and side < 0.14:
        depth += 0.6 * line(side - 0.055, 0.024) * ramp(7.4, 7.46, y) * ramp(7.62, 7.54, y)
    if side > 0.44 and side < 0.66 and 7.12 < y < 7.46:
        # Three lines spread from the outer corner of the eye.
        dx, dy = side - 0.40, y - 7.29
        fan = 0.5 + 0.5 * np.cos(9.0 * np.arctan2(dy, dx))
        depth += 0.7 * (fan * fan - 0.3) * ramp(0.46, 0.50, side) * ramp(0.66, 0.58, side)
    return depth


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def around_eye(side: float, y: float) -> tuple[float, float, float, float]:
    """Return shade around an eye: of everybody's lid, of the tired, of the old, and of the lashes' roots."""
    dx, dy = side - 0.315, y - 7.285
    if abs(dx) > 0.3 or abs(dy) > 0.3:
        return 0.0, 0.0, 0.0, 0.0
    across = ramp(0.24, 0.10, abs(dx))
    crease = line(dy - 0.105 + 0.75 * dx * dx, 0.020) * ramp(0.19, 0.12, abs(dx + 0.01))
    # The lid is thinner skin: darker and redder.
    lid = np.exp(-((dx / 0.17) ** 4) - ((dy - 0.06) / 0.05) ** 2)
    under = np.exp(-((dx + 0.03) ** 2) / 0.018 - ((dy + 0.115) / 0.045) ** 2)
    bag = line(-dy - 0.155 + 0.9 * dx * dx, 0.022) * across
    rim = np.sqrt((dx / 0.155) ** 2 + (dy / 0.082) ** 2)
    lashes = 0.40 * ramp(1.22, 0.95, rim) * ramp(-0.01, 0.04, dy)
    lashes += 0.16 * ramp(1.2, 1.0, rim) * ramp(0.0, -0.04, dy)
    return (
        0.10 * lid + 0.05 * under + 0.13 * crease,
        0.13 * under + 0.05 * bag,
        0.05 * under + 0.14 * bag,
        lashes,
    )


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def redness(side: float, y: float) -> tuple[float, float, float]:
    """Return redness of cheeks, nose and chin, everybody's and the blushing; and yellow of the forehead."""
    cheek = np.exp(-((side - 0.42) ** 2) / 0.04 - (y - 6.98) ** 2 / 0.035)
    nose = np.exp(-(side**2) / 0.025 - (y - 6.93) ** 2 / 0.02)
    chin = np.exp(-(side**2) / 0.03 - (y - 6.34) ** 2 / 0.02)
    return (
        0.16 * cheek + 0.17 * nose + 0.08 * chin,
        0.65 * cheek + 0.5 * nose + 0.2 * chin,
        ramp(7.5, 7.75, y) * ramp(0.6, 0.3, side),
    )


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def oiliness(side: float, y: float) -> float:
    """Return how much the skin shines beyond the usual: most along the middle of the face."""
    middle = np.exp(-(side * side) / 0.012) * ramp(6.85, 6.98, y) * ramp(7.5, 7.3, y)
    forehead = np.exp(-(side * side) / 0.10 - (y - 7.78) ** 2 / 0.025)
    cheekbone = np.exp(-((side - 0.44) ** 2) / 0.015 - (y - 7.09) ** 2 / 0.012)
    chin = np.exp(-(side * side) / 0.015 - (y - 6.32) ** 2 / 0.008)
    return 0.10 * middle + 0.05 * forehead + 0.06 * cheekbone + 0.04 * chin
