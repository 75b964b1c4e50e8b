"""Landmarks of photos from a JSON file: name of a photo → its points.

    {"anna.jpg": [[x, y], ...],  "bob.jpg": {"points": [[x, y], ...]},  "both.jpg": [[[x, y], ...], ...]}

Five points or 68 a face, in pixels; several faces of a photo as a list of them. `jaxunlearn align` writes
such a file, too.
"""

from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import normalize

import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json

FARTHEST = 1e6
"""Pixels that a point may lie from the picture's corner."""


class Landmarks(NamedTuple):
    """What a file says of each photo.

    Attributes:
      points: name, with composed letters (NFC) → `[F, N, 2]` with N 5 or 68.
      refused: name → what is wrong with its entry.
    """

    points: dict[str, np.ndarray]
    refused: dict[str, str]


def read_landmarks(path: Path) -> Landmarks:
    """Read all of them; a bad entry concerns its own photo only.

    Raises:
      InputError: if the file cannot be read, or does not map names to points.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise InputError(f"{path}: must map names of photos to their points")
    found = Landmarks({}, {})
    for name, value in content.items():
        faces = _faces(value)
        if isinstance(faces, str):
            found.refused[normalize("NFC", name)] = faces
        else:
            found.points[normalize("NFC", name)] = faces
    return found


def _faces(value: Any) -> np.ndarray | str:
    """The points, or why they cannot be used."""
    if isinstance(value, dict):
        value = value.get("points")
    try:
        points = np.asarray(value)
    except ValueError:  # lists of different lengths
        points = np.zeros(0)
    if points.ndim == 2:
        points = points[None]
    if points.ndim != 3 or not len(points) or points.shape[1:] not in ((5, 2), (68, 2)):
        return "its landmarks need 5 or 68 points [x, y], or a list of such faces"
    if points.dtype.kind not in "iuf":
        return "its landmarks must be numbers"
    points = points.astype(np.float64)
    if not np.isfinite(points).all():
        return "its landmarks contain NaN or infinity"
    if np.abs(points).max() > FARTHEST:
        return f"its landmarks lie over {FARTHEST:.0f} pixels away"
    if (np.ptp(points, axis=1) == 0).any():
        return "its landmarks lie on one point or line"
    return points
