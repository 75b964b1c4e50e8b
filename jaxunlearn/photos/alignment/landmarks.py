"""Landmarks of photos from a JSON file: name of a photo → its points.

    {"anna.jpg": [[x, y], ...],  "bob.jpg": {"points": [[x, y], ...]},  "both.jpg": [[[x, y], ...], ...]}

A face has 5 or 68 points, see `photos.alignment.crop`, in pixels of the photo as EXIF turns it. Several faces
of a photo are a list of faces. `jaxunlearn align` writes such a file, too.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import normalize

import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json
from jaxunlearn.photos.alignment.crop import FARTHEST, NoSquare, five_points, from_left, is_mirrored


class Landmarks(NamedTuple):
    """The content of a file of landmarks.

    Attributes:
      points: name, with composed letters (NFC) → `[F, N, 2]` with N 5 or 68; faces from left to right.
      refused: name → what is wrong with its entry.
    """

    points: dict[str, np.ndarray]
    refused: dict[str, str]

    def entry_of(self, name: str) -> str | None:
        """Return the name of a photo's entry, with or without its folder; None if there is none."""
        names = (normalize("NFC", name), normalize("NFC", Path(name).name))
        return next((each for each in names if each in self.points or each in self.refused), None)


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


def faces_from_file(path: Path, names: Iterable[str]) -> Callable[[str, Any], np.ndarray]:
    """Return a function from the name of a photo (and the photo, unused) to the landmarks of its faces.

    The returned function gives `[F, N, 2]`, and raises `NoSquare` for a photo without a valid entry.

    Args:
      path: the file.
      names: the names of all photos.

    Raises:
      InputError: see `read_landmarks`; also if two of the photos would have the same entry.
    """
    known = read_landmarks(path)
    photo_of: dict[str, str] = {}
    for name in dict.fromkeys(names):
        entry = known.entry_of(name)
        if entry is not None and photo_of.setdefault(entry, name) != name:
            raise InputError(
                f"{path}: {photo_of[entry]} and {name} would share the entry {entry}; give each one of its "
                "own, named with the folder"
            )

    def faces(name: str, _: Any) -> np.ndarray:
        entry = known.entry_of(name)
        if entry is None:
            raise NoSquare(f"has no entry in {path}")
        if entry in known.refused:
            raise NoSquare(known.refused[entry])
        return known.points[entry]

    return faces


def _faces(value: Any) -> np.ndarray | str:
    """Return the points of a photo's faces from left to right, or why they cannot be used."""
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
    if np.abs(points).max() >= FARTHEST:
        return f"its landmarks lie over {FARTHEST:.0f} pixels away"
    if (np.ptp(points, axis=1) == 0).any():
        return "its landmarks lie on one point or line"
    if any(is_mirrored(five_points(points[k])) for k in range(len(points))):
        return "its landmarks are mirrored: points are [x, y], y downwards, the eye on the left first"
    return from_left(points)
