"""The page of one run for each distance d: a dial goes from run to run."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jaxunlearn.reporting.page.charts import LineChart, Series, line_chart
from jaxunlearn.reporting.page.frame import figure_text, minus, write_page
from jaxunlearn.reporting.page.many.compare_page import comparison_values
from jaxunlearn.reporting.page.many.fronts import common_people
from jaxunlearn.reporting.page.sections.run_data import RunData
from jaxunlearn.training.storage.run_dir import RunFolder

_UNITS = {"median_radius": "median radii", "absolute": ""}
_CURVES = {"id": "forgotten people", "others_id": "other people"}


@dataclasses.dataclass(frozen=True)
class Stop:
    """A place of the dial: its number from 0, its name, and a link to the page of the run."""

    number: int
    name: str
    link: str


def write_sweep_page(folders: Mapping[float, Path], out: Path) -> Path:
    """Write the page of runs with the same people and several distances of their targets.

    Args:
      folders: distance → folder of a finished run.
      out: the page; it links to the runs' pages.

    Returns:
      Path of the page.

    Raises:
      InputError: if a folder is not of a run.
    """
    by_distance = {distance: RunData.read(RunFolder(folders[distance])) for distance in sorted(folders)}
    unit = _UNITS[next(iter(by_distance.values())).config.unit]
    runs = {_name(distance): run for distance, run in by_distance.items()}
    values: dict[str, Any] = {
        **comparison_values(runs),
        "unit": unit,
        "stops": [Stop(k, name, _link(run.folder.report, out)) for k, (name, run) in enumerate(runs.items())],
        "people": common_people(runs),
        "along": _along(by_distance, unit),
    }
    write_page(out, "sweep.html", f"Forgetting at {len(runs)} distances d", values)
    return out


def _name(distance: float) -> str:
    return minus(f"{distance:g}")


def _link(page: Path, out: Path) -> str:
    """Return the address of a run's page from the page of the sweep; empty if it lies elsewhere."""
    inside = page.absolute().is_relative_to(out.absolute().parent)
    return page.absolute().relative_to(out.absolute().parent).as_posix() if inside else ""


def _along(runs: Mapping[float, RunData], unit: str) -> LineChart | None:
    """Return the chart of similarities over the distances; None for fewer than two measured runs."""
    series = []
    for figure, label in _CURVES.items():
        points = [(d, run.summary[figure]) for d, run in runs.items() if run.summary.get(figure) is not None]
        if len(points) > 1:
            series.append(Series(label, np.array(points), apart=figure == "others_id"))
    if not series:
        return None
    thresholds = [run.summary.get("threshold") for run in runs.values()]
    level = None if thresholds[0] is None else (float(thresholds[0]), "same person")
    return line_chart(
        "Similarity before and after, over the distance",
        series,
        labels=(f"distance d{', ' if unit else ''}{unit}", "similarity before and after"),
        summary=f"{_ends(series)}.",
        level=level,
    )


def _ends(series: Sequence[Series]) -> str:
    texts = [
        f"{each.name[:1].upper()}{each.name[1:]} go from {figure_text(each.points[0, 1])} at d "
        f"{_name(each.points[0, 0])} to {figure_text(each.points[-1, 1])} at d {_name(each.points[-1, 0])}"
        for each in series
    ]
    return "; ".join(texts)
