"""The picture of the page: five people and eight others, before and after each method."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.forgetting_heads.candidates import GUIDE, PUBLISHED, RANDOM, SUGAR

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "present_methods.webp"
SHOWN = 5
"""People forgotten in the runs shown, those of the first draw."""

_ROWS = (GUIDE, SUGAR, PUBLISHED, RANDOM)
_GAP, _MARGIN, _FONT = 16, 150, 14
_BEFORE, _AFTER = 0, -1
"""Rows of faces in a run's pictures; between them people have the row of their targets."""


def draw(folder: Path, path: Path = PICTURE) -> None:
    """Write the picture `path` from those that the stage `table` left in a folder.

    Raises:
      FileNotFoundError: if a run's pictures are missing.
    """
    rows = [(row, *_faces(folder, row, _AFTER)) for row in _ROWS]
    rows.insert(0, ("before", *_faces(folder, GUIDE, _BEFORE)))
    height = rows[0][1].shape[0]
    gap = np.full((height, _GAP, 3), 255, np.uint8)
    margin = np.full((height, _MARGIN, 3), 255, np.uint8)
    picture = Image.fromarray(
        np.concatenate([np.concatenate([margin, people, gap, others], 1) for _, people, others in rows])
    )
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(_FONT)
    for i, (name, *_) in enumerate(rows):
        pen.text((_MARGIN - 8, height * (i + 0.5)), name, fill="black", font=font, anchor="rm")
    picture.save(path, quality=85, method=6)


def _faces(folder: Path, row: str, which: int) -> tuple[np.ndarray, np.ndarray]:
    """Return one row of faces, of the people and of others."""
    return _row(folder, row, "people", 3)[which], _row(folder, row, "others", 2)[which]


def _row(folder: Path, row: str, kind: str, count: int) -> list[np.ndarray]:
    """Return the rows of faces of a picture of a run."""
    pattern = f"{row.replace(' ', '-')}_*_{SHOWN}_0_{kind}.png"
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise FileNotFoundError(f"{folder / pattern}: {len(found)} pictures, not 1; run table first")
    return np.split(np.asarray(Image.open(found[0]).convert("RGB")), count)
