"""Boxes in pixels: `[N, 4]` left, top, right, bottom; the last pixel is inside: width = right - left + 1."""

from typing import Literal

import numpy as np


def sides(boxes: np.ndarray) -> np.ndarray:
    """Return widths and heights, `[N, 2]`."""
    return boxes[:, 2:4] - boxes[:, 0:2] + 1.0


def suppress(
    boxes: np.ndarray,
    scores: np.ndarray,
    threshold: float,
    *,
    relative_to: Literal["union", "smaller"] = "union",
) -> np.ndarray:
    """Drop boxes that overlap better ones (non-maximum suppression).

    Args:
      boxes: `[N, 4]`.
      scores: `[N]`.
      threshold: largest allowed overlap with a better box.
      relative_to: the area that divides the common area.

    Returns:
      Indices of the kept boxes, best first.
    """
    areas = sides(boxes).prod(axis=1)
    waiting = np.argsort(scores)
    kept = []
    while len(waiting):
        best, waiting = waiting[-1], waiting[:-1]
        kept.append(best)
        low = np.maximum(boxes[best, 0:2], boxes[waiting, 0:2])
        high = np.minimum(boxes[best, 2:4], boxes[waiting, 2:4])
        common = np.maximum(0.0, high - low + 1.0).prod(axis=1)
        if relative_to == "union":
            overlap = common / (areas[best] + areas[waiting] - common)
        else:
            overlap = common / np.minimum(areas[best], areas[waiting])
        waiting = waiting[overlap <= threshold]
    return np.array(kept, np.intp)


def calibrated(boxes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Move boxes by offsets `[N, 4]`, given in box sizes."""
    return boxes + np.tile(sides(boxes), 2) * offsets


def squares(boxes: np.ndarray) -> np.ndarray:
    """Return the smallest square around each box with the same centre, rounded to pixels."""
    side = sides(boxes)
    longest = side.max(axis=1, keepdims=True)
    corner = boxes[:, 0:2] + side * 0.5 - longest * 0.5
    return np.round(np.concatenate([corner, corner + longest - 1.0], axis=1))


def clipped(boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """Clip boxes to an image of this size."""
    last = np.array([width - 1, height - 1, width - 1, height - 1])
    return np.clip(boxes, 0, last)
