"""Smooth steps and mixing of colours, inlined into the paint of every part."""

import numba
import numpy as np


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def ramp(low: float, high: float, x: float) -> float:
    """Return a smooth step from 0 at `low` to 1 at `high`; `high` may be the smaller."""
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def blend(colour: np.ndarray, paint: np.ndarray, share: float) -> None:
    """Move a colour [3] towards a paint [3], in place."""
    for channel in range(3):
        colour[channel] += (paint[channel] - colour[channel]) * share


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def darken(colour: np.ndarray, share: float) -> None:
    """Darken a colour [3] by a share, in place."""
    for channel in range(3):
        colour[channel] *= 1 - share
