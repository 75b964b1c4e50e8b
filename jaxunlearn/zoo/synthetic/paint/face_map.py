"""A table of the marks of the face over its front, made once per process and read for every sample.

The marks are sums of many exponentials and sines. The table gives them for the price of one.
"""

import functools

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.paint.marks import around_eye, freckle, furrows, mottle, oiliness, redness

(
    MOTTLE_MAP,
    FRECKLE_MAP,
    FURROW_MAP,
    LID_MAP,
    TIRED_MAP,
    OLD_LID_MAP,
    LASH_MAP,
    RED_MAP,
    BLUSH_MAP,
    YELLOW_MAP,
    OIL_MAP,
) = range(11)
"""Channels of the table."""
CHANNELS = 11
LEFT, BOTTOM, STEP = -0.85, 5.9, 0.0125
"""Rest x and y of the first entry and distance of entries, in template units."""
COLUMNS, ROWS = 137, 205


@functools.cache
def face_map() -> np.ndarray:
    """Return the table [ROWS, COLUMNS, CHANNELS]."""
    return _tabulate()


@numba.njit(cache=True, error_model="numpy")
def _tabulate() -> np.ndarray:
    table = np.empty((ROWS, COLUMNS, CHANNELS), np.float32)
    for row in range(ROWS):
        y = BOTTOM + STEP * row
        for column in range(COLUMNS):
            x = LEFT + STEP * column
            here = table[row, column]
            here[MOTTLE_MAP] = mottle(x, y)
            here[FRECKLE_MAP] = freckle(x, y)
            here[FURROW_MAP] = furrows(abs(x), y)
            here[LID_MAP], here[TIRED_MAP], here[OLD_LID_MAP], here[LASH_MAP] = around_eye(abs(x), y)
            here[RED_MAP], here[BLUSH_MAP], here[YELLOW_MAP] = redness(abs(x), y)
            here[OIL_MAP] = oiliness(abs(x), y)
    return table


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def look_up(table: np.ndarray, x: float, y: float, out: np.ndarray) -> None:
    """Write the channels [CHANNELS] of the table at a rest position, interpolated between entries."""
    column = min(max((x - LEFT) / STEP, 0.0), COLUMNS - 1.001)
    row = min(max((y - BOTTOM) / STEP, 0.0), ROWS - 1.001)
    j, i = int(column), int(row)
    fx, fy = column - j, row - i
    for channel in range(CHANNELS):
        low = table[i, j, channel] + fx * (table[i, j + 1, channel] - table[i, j, channel])
        high = table[i + 1, j, channel] + fx * (table[i + 1, j + 1, channel] - table[i + 1, j, channel])
        out[channel] = low + fy * (high - low)
