"""Smooth steps, waves and mixing of colours, inlined into the paint of every part.

A paint is named by its row, since assigning a row to `colour[:]` would allocate memory for every sample.
"""

import math

import numba
import numpy as np


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def ramp(low: float, high: float, x: float) -> float:
    """Return a smooth step from 0 at `low` to 1 at `high`; `high` may be the smaller."""
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def wave(x: float) -> float:
    """Return the sine of `x`, right to 1e-6, in three quarters of the time that the exact one takes."""
    turns = x * (0.5 / math.pi)
    t = turns - math.floor(turns + 0.5)  # in [-0.5, 0.5]
    if t > 0.25:  # the same sine, nearer to 0
        t = 0.5 - t
    elif t < -0.25:
        t = -0.5 - t
    squared = t * t
    return t * (6.2831640 + squared * (-41.33713 + squared * (81.340357 - squared * 70.989627)))


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def cover(colour: np.ndarray, paints: np.ndarray, which: int) -> None:
    """Make a colour [3] one of the paints [., 3], in place."""
    for channel in range(3):
        colour[channel] = paints[which, channel]


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def blend(colour: np.ndarray, paints: np.ndarray, which: int, share: float) -> None:
    """Move a colour [3] towards one of the paints [., 3], in place."""
    for channel in range(3):
        colour[channel] += (paints[which, channel] - colour[channel]) * share


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def darken(colour: np.ndarray, share: float) -> None:
    """Darken a colour [3] by a share, in place."""
    for channel in range(3):
        colour[channel] *= 1 - share
