"""Landmarks of photos from a JSON file: name of a photo → its points.

    {"anna.jpg": [[x, y], ...],  "bob.jpg": {"points": [[x, y], ...]},  "both.jpg": [[[x, y], ...], ...]}

Five points or 68 a face, in pixels; several faces of a photo as a list of them. `jaxunlearn align` writes
such a file, too.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from jaxunlearn.errors import InputError


def read_landmarks(path: Path) -> dict[str, np.ndarray]:
    """Read all of them.

    Returns:
      Name → `[F, N, 2]` with N 5 or 68.

    Raises:
      InputError: if the file cannot be read, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except ValueError as error:  # no UTF-8, no JSON
        raise InputError(f"{path}: not readable as JSON ({error})") from error
    if not isinstance(content, dict) or not content:
        raise InputError(f"{path}: must map names of photos to their points")
    return {name: _faces(path, name, value) for name, value in content.items()}


def _faces(path: Path, name: str, value: Any) -> np.ndarray:
    if isinstance(value, dict):
        value = value.get("points")
    try:
        points = np.asarray(value, np.float64)
    except (TypeError, ValueError):  # no numbers, or lists of different lengths
        points = np.zeros(0)
    if points.ndim == 2:
        points = points[None]
    if points.shape[1:] not in ((5, 2), (68, 2)):
        raise InputError(f"{path}: {name}: needs 5 or 68 points [x, y], or a list of such faces")
    return points
