"""Density of the brows."""

import math

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.paint.mixing import ramp
from jaxunlearn.zoo.synthetic.paint.table import BROW_ARCH, BROW_THICKNESS, BROW_TILT


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def near_brow(x: float, y: float, z: float) -> bool:
    """Return whether a rest position lies where a brow may be; `x` counts from the middle of the face."""
    return z > 0.85 and 0.05 < x < 0.72 and 7.3 < y < 7.8


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def brow_at(x: float, y: float, numbers: np.ndarray) -> float:
    """Return how dense a brow is at a rest position, in [0, 1]; `x` counts from the middle of the face."""
    along = (x - 0.36) / 0.26
    centre = 7.535 + numbers[BROW_ARCH] * (1 - along * along) + numbers[BROW_TILT] * along
    centre -= 0.03 * max(along, 0.0) ** 2
    thickness = (
        numbers[BROW_THICKNESS] * (1 - 0.6 * ramp(-0.2, 1.1, along)) * (1 - 0.25 * ramp(-0.6, -1.1, along))
    )
    # Hairs stand up at the inner end and lie down towards the tail; they stick out of the soft edges.
    slant = 1.9 - 1.1 * ramp(-0.9, 0.2, along)
    hairs = math.sin(2 * math.pi / 0.062 * (x - (y - centre) / slant))
    reach = thickness * (1 + 0.09 * hairs)
    body = ramp(1.25 * reach, 0.30 * reach, abs(y - centre)) * (0.94 + 0.06 * hairs)
    return body * ramp(0.06, 0.19, x) * ramp(0.70, 0.54, x)
