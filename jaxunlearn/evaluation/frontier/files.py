"""Read `frontier.jsonl`, an object for each measured step."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict

import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.files.json_lines import read_json_lines


class JudgedStep(TypedDict):
    """One judge at one step.

    Attributes:
      id: similarity of each forgotten person before and now, from the front; None without a face.
      others_id: mean similarity of other people before and now; None without a face.
      others_kept: share of other people whom the judge still accepts; None without a threshold.
      others: number of other people with a face, in all copies together.
      threshold: from this similarity on, two pictures count as one person.
    """

    id: list[float | None]
    others_id: float | None
    others_kept: float | None
    others: int
    threshold: float | None


class FrontierLine(TypedDict):
    """A line: `judges` has the name of a judge → its figures at a step.

    `measured_with` has what says who the other people and the strangers are, and how everybody is seen.
    """

    step: int
    judges: dict[str, JudgedStep]
    measured_with: dict[str, Any]


def read_frontier(path: Path) -> list[FrontierLine]:
    """Read the file of a run.

    Raises:
      InputError: if there is none, or it has another form.
    """
    if not path.is_file():
        raise InputError(
            f"{path}: no such file; the run needs --config.evaluation.frontier_every=N, N above 0"
        )
    return read_json_lines(path, FrontierLine)


def points_of(
    lines: Sequence[FrontierLine], judge: str, figure: Literal["others_id", "others_kept"] = "others_id"
) -> tuple[list[int], np.ndarray]:
    """Return the points of a frontier: step 0, where everything is 1, and the lines that have both figures.

    Args:
      lines: of a run.
      judge: name of a judge.
      figure: of the others.

    Returns:
      The steps `[S]`, and `[S, 2]`: mean similarity of the forgotten, and figure of the others.
    """
    steps, points = [0], [(1.0, 1.0)]
    for line in lines:
        judged = line["judges"][judge]
        people = [value for value in judged["id"] if value is not None]
        others = judged[figure]
        if people and others is not None:
            steps.append(line["step"])
            points.append((float(np.mean(people)), others))
    return steps, np.array(points)


def thresholds_of(lines: Sequence[FrontierLine]) -> dict[str, float | None]:
    """Return the name of a judge → its threshold, as the first line has them."""
    return {judge: figures["threshold"] for judge, figures in lines[0]["judges"].items()}
