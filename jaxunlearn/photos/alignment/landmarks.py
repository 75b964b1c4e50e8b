"""Landmarks of photos from a JSON file: name of a photo → its points.

    {"anna.jpg": [[x, y], ...],  "bob.jpg": {"points": [[x, y], ...]},  "both.jpg": [[[x, y], ...], ...]}

A face has 5 or 68 points, in pixels. Several faces of a photo are a list of faces. `jaxunlearn align` writes
such a file, too.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import normalize

import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json
from jaxunlearn.photos.alignment.crop import NoSquare

FARTHEST = 1e6
"""Largest distance in pixels of a point from the picture's corner."""


class Landmarks(NamedTuple):
    """The content of a file of landmarks.

    Attributes:
      points: name, with composed letters (NFC) → `[F, N, 2]` with N 5 or 68.
      refused: name → what is wrong with its entry.
    """

    points: dict[str, np.ndarray]
    refused: dict[str, str]


def read_landmarks(path: Path) -> Landmarks:
    """Read all landmarks; an invalid entry affects only its own photo.

    Raises:
      InputError: if the file cannot be read, or does not map names to points.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise InputError(f"{path}: must map names of photos to their points")
    landmarks = Landmarks({}, {})
    for name, value in content.items():
        faces = _faces(value)
        if isinstance(faces, str):
            landmarks.refused[normalize("NFC", name)] = faces
        else:
            landmarks.points[normalize("NFC", name)] = faces
    return landmarks


def faces_from_file(path: Path) -> Callable[[str, Any], np.ndarray]:
    """Return a function from the name of a photo (and the photo, unused) to the landmarks of its faces.

    The returned function gives `[F, N, 2]`, and raises `NoSquare` for a photo whose entry is invalid.

    Raises:
      InputError: see `read_landmarks`.
    """
    known = read_landmarks(path)

    def faces(name: str, _: Any) -> np.ndarray:
        for key in (normalize("NFC", name), normalize("NFC", Path(name).name)):
            if key in known.refused:
                raise NoSquare(known.refused[key])
            if key in known.points:
                return known.points[key]
        return np.empty((0, 5, 2))

    return faces


def _faces(value: Any) -> np.ndarray | str:
    """Return the points of a photo's faces, or why they cannot be used."""
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
