"""How far a run is that is not finished."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from jaxunlearn.reporting.page.picture import PagePictures, Picture
from jaxunlearn.reporting.page.sections.run_data import RunData


@dataclasses.dataclass(frozen=True)
class Progress:
    """The steps taken, all steps, what is left in words, and the newest picture of the run."""

    step: int
    steps: int
    remaining: str
    picture: Picture | None


def progress_of(run: RunData, pictures: PagePictures) -> Progress | None:
    """Return how far a run is; None if it is finished."""
    if run.finished:
        return None
    last = run.metrics[-1] if run.metrics else {"step": 0, "seconds": 0.0}
    step, steps = last["step"], run.config.steps
    first = _first_of_call(run.metrics) if run.metrics else last
    taken = step - first["step"]
    seconds = last["seconds"] - first["seconds"]
    rest = "" if taken <= 0 or seconds <= 0 else _minutes((steps - step) * seconds / taken)
    if step == steps:
        rest = "What follows takes a while, too: the generator is written, then its pictures are drawn"
    drawn = [path for path in run.folder.images.glob("step*.png") if re.fullmatch(r"step\d+", path.stem)]
    newest = max(drawn, default=None)
    alt = f"Progress at step {step}: the first person, turned, before, target and now"
    return Progress(step, steps, rest, None if newest is None else pictures.file(newest, alt))


def _first_of_call(metrics: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the first line since the run began or resumed, where its seconds start anew."""
    falls = (k for k in range(1, len(metrics)) if metrics[k]["seconds"] < metrics[k - 1]["seconds"])
    return metrics[max(falls, default=0)]


def _minutes(seconds: float) -> str:
    return f"About {seconds / 60:.0f} minutes left" if seconds > 90 else f"About {seconds:.0f} seconds left"
