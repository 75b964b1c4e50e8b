"""Compare runs on one page: verdicts, frontier, people and settings side by side."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jaxunlearn.evaluation.frontier.files import thresholds_of
from jaxunlearn.methods.config.declaration import flat
from jaxunlearn.reporting.page.charts import LineChart, Series, line_chart
from jaxunlearn.reporting.page.frame import figure_text, write_page
from jaxunlearn.reporting.page.many.fronts import common_people
from jaxunlearn.reporting.page.many.paired_section import paired_section
from jaxunlearn.reporting.page.sections.curves_section import frontier_chart
from jaxunlearn.reporting.page.sections.figures_section import Table
from jaxunlearn.reporting.page.sections.run_data import RunData
from jaxunlearn.reporting.page.sections.run_section import cost_rows
from jaxunlearn.reporting.page.sections.verdict_section import Verdict, verdict_section
from jaxunlearn.training.storage.run_dir import RunFolder

_FIGURES = {
    "id": "similarity of the forgotten",
    "id_to_target": "similarity to the target",
    "id_others": "similarity in other photos",
    "others_id": "similarity of other people",
    "others_lost": "share of other people lost",
    "retained_lpips": "change of other people's pictures, LPIPS",
    "fid_pre": "Fréchet distance, other people",
}


@dataclasses.dataclass(frozen=True)
class ComparedRun:
    """A run: its name, its number from 0, and its verdict."""

    name: str
    number: int
    verdict: Verdict


def write_comparison(folders: Sequence[Path], out: Path) -> Path:
    """Write the page of several runs.

    Args:
      folders: of finished runs.
      out: the page.

    Returns:
      Path of the page.

    Raises:
      InputError: if a folder is not of a run.
    """
    names = names_of(folders)
    runs = {name: RunData.read(RunFolder(folder)) for name, folder in zip(names, folders, strict=True)}
    values = {**comparison_values(runs), "people": common_people(runs), "paired": paired_section(runs)}
    write_page(out, "compare.html", f"{len(runs)} runs side by side", values)
    return out


def comparison_values(runs: Mapping[str, RunData]) -> dict[str, Any]:
    """Return what every page of several runs has: verdicts, frontier, figures, settings and costs.

    Args:
      runs: name of a run → its folder's content.
    """
    return {
        "runs": [ComparedRun(name, k, verdict_section(run)) for k, (name, run) in enumerate(runs.items())],
        "figures": _figures(runs),
        "chart_data": _frontier(runs),
        "settings": _settings(runs),
        "costs": _costs(runs),
    }


def names_of(folders: Sequence[Path]) -> list[str]:
    """Return a different name for each folder: its last parts, as many as that takes."""
    paths = [folder.absolute() for folder in folders]
    for parts in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [f"{path.name} ({k + 1})" for k, path in enumerate(paths)]


def _figures(runs: Mapping[str, RunData]) -> Table:
    rows = []
    for name, label in _FIGURES.items():
        values = [run.summary.get(name) for run in runs.values()]
        if any(value is not None for value in values):
            rows.append((label, *(figure_text(value, 3) for value in values)))
    return Table(("figure", *runs), rows)


def _frontier(runs: Mapping[str, RunData]) -> LineChart | None:
    """Return the frontier: curves if the same judges measured all runs, else a point for each run."""
    curves = {name: run.frontier for name, run in runs.items() if run.frontier}
    thresholds = [thresholds_of(lines) for lines in curves.values()]
    if len(curves) == len(runs) and all(each == thresholds[0] for each in thresholds):
        return frontier_chart(curves)
    points = {
        name: (run.summary["id"], run.summary["others_id"])
        for name, run in runs.items()
        if run.measured and None not in (run.summary.get("id"), run.summary.get("others_id"))
    }
    if not points:
        return None
    first = next(run for run in runs.values() if run.measured)
    return line_chart(
        "Forgotten against others kept",
        [Series(name, np.array([[1.0, 1.0], point]), name[-18:]) for name, point in points.items()],
        labels=("similarity of the forgotten before and after", "similarity of other people"),
        summary="Left is more forgotten, up is more kept; all begin at the upper right. "
        + "; ".join(f"{name}: {figure_text(x)} and {figure_text(y)}" for name, (x, y) in points.items())
        + ".",
        upright=first.summary.get("threshold"),
    )


def _settings(runs: Mapping[str, RunData]) -> Table | None:
    """Return the settings that differ; None if all are the same."""
    every = [flat(run.config) for run in runs.values()]
    names = sorted({name for each in every for name in each})
    rows: list[tuple[str, ...]] = []
    for name in names:
        values: list[Any] = [each.get(name, "") for each in every]
        if any(value != values[0] for value in values):
            rows.append((name, *(str(value) for value in values)))
    return Table(("setting", *runs), rows) if rows else None


def _costs(runs: Mapping[str, RunData]) -> Table:
    every = [dict(cost_rows(run)) for run in runs.values()]
    labels = dict.fromkeys(label for each in every for label in each)
    return Table(("cost", *runs), [(label, *(each.get(label, "") for each in every)) for label in labels])
