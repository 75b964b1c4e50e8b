"""The picture of the page: people and eight others, before, and after each way to forget the people."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.many_people_heads.cases import Case, config_of
from benchmarks.many_people_heads.runs import forget
from jaxunlearn.methods.config import from_config
from jaxunlearn.models.loading import Models
from jaxunlearn.reporting.before_after import RunPictures

_GAP, _MARGIN, _FONT = 16, 170, 14
_BEFORE, _AFTER = 0, -1
"""Rows of faces in a run's pictures; between them people have the row of their targets."""


def write_picture(models: Models, cases: Sequence[Case], runs: Path, alone: Path, path: Path) -> None:
    """Write the picture of runs that forgot the same people.

    Args:
      models: the bundled generator and its networks.
      cases: finished ones, a row each; "before" comes above.
      runs: the folder of all runs.
      alone: the folder of the runs of `one_person_heads.py`.
      path: of the picture.
    """
    rows = list[tuple[str, np.ndarray]]()
    for case in cases:
        result = forget(models, case, runs, alone).result
        shown = RunPictures(models.generator, result, from_config.compute(config_of(case)))
        people, others = shown.front(), shown.other_people(0)
        if not rows:
            rows.append(("before", _strip(people[_BEFORE], others[_BEFORE])))
        rows.append((case.row, _strip(people[_AFTER], others[_AFTER])))
    drawn(rows).save(path, quality=85, method=6)


def drawn(rows: Sequence[tuple[str, np.ndarray]]) -> Image.Image:
    """Return strips below each other, `[H, W, 3]` uint8, each with its name on the left."""
    height = rows[0][1].shape[0]
    margin = np.full((height, _MARGIN, 3), 255, np.uint8)
    picture = Image.fromarray(np.concatenate([np.concatenate([margin, strip], axis=1) for _, strip in rows]))
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(_FONT)
    for i, (name, _) in enumerate(rows):
        pen.text((_MARGIN - 8, height * (i + 0.5)), name, fill="black", font=font, anchor="rm")
    return picture


def _strip(people: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return faces `[N, H, W, 3]` side by side, people and others with a gap between."""
    gap = np.full((people.shape[1], _GAP, 3), 255, np.uint8)
    return np.concatenate([*people, gap, *others], axis=1)
