"""Boxes in pixels: `[N, 4]` left, top, right, bottom, both ends inside, so a width is right - left + 1."""

from typing import Literal

import numpy as np


def sides(boxes: np.ndarray) -> np.ndarray:
    """Widths and heights, `[N, 2]`."""
    return boxes[:, 2:4] - boxes[:, 0:2] + 1.0


def suppress(
    boxes: np.ndarray,
    scores: np.ndarray,
    threshold: float,
    *,
    relative_to: Literal["union", "smaller"] = "union",
) -> np.ndarray:
    """Non-maximum suppression.

    Args:
      boxes: `[N, 4]`.
      scores: `[N]`.
      threshold: a box that overlaps a better one by more is dropped.
      relative_to: what the common area is divided by.

    Returns:
      Indices of the boxes kept, best first.
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
    """Boxes moved by offsets `[N, 4]` given in box sizes."""
    return boxes + np.tile(sides(boxes), 2) * offsets


def squares(boxes: np.ndarray) -> np.ndarray:
    """The smallest square around the centre of each box, on whole pixels."""
    side = sides(boxes)
    longest = side.max(axis=1, keepdims=True)
    corner = boxes[:, 0:2] + side * 0.5 - longest * 0.5
    return np.round(np.concatenate([corner, corner + longest - 1.0], axis=1))


def clipped(boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """Boxes cut to the pixels of a picture."""
    last = np.array([width - 1, height - 1, width - 1, height - 1])
    return np.clip(boxes, 0, last)
