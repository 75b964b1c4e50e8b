"""Compare runs on one page: verdicts, frontier, people and settings side by side."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jaxunlearn.evaluation.frontier.files import thresholds_of
from jaxunlearn.evaluation.protocol import comparable
from jaxunlearn.methods.config.declaration import flat
from jaxunlearn.reporting.page.charts import LineChart, Series, line_chart
from jaxunlearn.reporting.page.frame import figure_text, write_page
from jaxunlearn.reporting.page.many.fronts import common_people
from jaxunlearn.reporting.page.many.paired_section import paired_section
from jaxunlearn.reporting.page.sections.curves_section import frontier_chart
from jaxunlearn.reporting.page.sections.figures_section import Table
from jaxunlearn.reporting.page.sections.run_data import Figures, RunData
from jaxunlearn.reporting.page.sections.run_section import cost_rows
from jaxunlearn.reporting.page.sections.verdict_section import Verdict, verdict_section
from jaxunlearn.training.storage.run_dir import RunFolder

_FIGURES = {
    "id": ("similarity of the forgotten", "identity"),
    "id_to_target": ("similarity to the target", "identity"),
    "id_others": ("similarity in other photos", "identity"),
    "others_id": ("similarity of other people", "identity"),
    "others_lost": ("share of other people lost", "judges"),
    "retained_lpips": ("change of other people's pictures, LPIPS", "perceptual"),
    "fid_pre": ("Fréchet distance, other people", "frechet"),
}
"""Name of a figure → its label, and which of the `networks` of a summary measured it."""

_MEASUREMENT = {
    "identity": "main judge",
    "perceptual": "network of LPIPS",
    "frechet": "network of the Fréchet distances",
    "align": "what the main judge saw of faces (align)",
}
"""Name in `comparable` → its label, where the name alone says too little."""


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
        "same_judge": _same_judge(runs),
        "settings": _differing(runs, {name: flat(run.config) for name, run in runs.items()}),
        "measurement": _measurement(runs),
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
    """Return a row for each figure; where different networks measured, each value has its own beside it."""
    rows = []
    for name, (label, role) in _FIGURES.items():
        known = {run: each.summary[name] for run, each in runs.items() if each.summary.get(name) is not None}
        if not known:
            continue
        cells = {run: figure_text(known.get(run), 3) for run in runs}
        by = {run: _measured_by(runs[run].summary, role) for run in known}
        if len(set(by.values())) > 1:
            label += " (not comparable)"
            cells |= {run: f"{cells[run]} ({by[run]})" for run in known}
        rows.append((label, *cells.values()))
    return Table(("figure", *runs), rows)


def _measured_by(summary: Figures, role: str) -> str:
    """Return what measured a figure: where it differs, two values say nothing together."""
    networks = summary.get("networks", {})
    if role == "judges":
        return ", ".join(networks.get("judges", ()))
    if role == "identity":
        return f"{networks.get(role)}, align {summary.get('align')}"
    if role == "frechet":
        pictures = summary.get("counts", {}).get("frechet", {}).get("fid_pre", [None])[0]
        return str(networks.get(role)) + ("" if pictures is None else f", {pictures} pictures")
    return str(networks.get(role))


def _same_judge(runs: Mapping[str, RunData]) -> bool:
    """Return True if one judge, with one threshold, is the main judge of all runs that were measured."""
    summaries = [run.summary for run in runs.values() if run.measured]
    return len({(_measured_by(each, "identity"), each.get("threshold")) for each in summaries}) < 2


def _frontier(runs: Mapping[str, RunData]) -> LineChart | None:
    """Return the frontier: curves if the same judges measured all runs, else a point for each run.

    None if not even the main judge is the same: then no two points say anything together.
    """
    curves = {name: run.frontier for name, run in runs.items() if run.frontier}
    thresholds = [thresholds_of(lines) for lines in curves.values()]
    if len(curves) == len(runs) and all(each == thresholds[0] for each in thresholds):
        return frontier_chart(curves)
    points = {
        name: (run.summary["id"], run.summary["others_id"])
        for name, run in runs.items()
        if run.measured and None not in (run.summary.get("id"), run.summary.get("others_id"))
    }
    if not points or not _same_judge(runs):
        return None
    first = next(run for run in runs.values() if run.measured)
    return line_chart(
        "Forgotten against others kept",
        [
            Series(f"{number}: {name}", np.array([[1.0, 1.0], point]), str(number))
            for number, (name, point) in enumerate(points.items(), 1)
        ],
        labels=("similarity of the forgotten before and after", "similarity of other people"),
        summary="Left is more forgotten, up is more kept; all begin at the upper right. "
        + "; ".join(f"{name}: {figure_text(x)} and {figure_text(y)}" for name, (x, y) in points.items())
        + ".",
        upright=first.summary.get("threshold"),
    )


def _measurement(runs: Mapping[str, RunData]) -> Table | None:
    """Return how runs were measured, where that differs; None if those that were measured have it alike."""
    known = {}
    for name, run in runs.items():
        if run.measured:
            how = comparable({"networks": {}, "settings": {}} | dict(run.summary))
            how["threshold of the main judge"] = run.summary.get("threshold")
            known[name] = {_MEASUREMENT.get(each, each): value for each, value in how.items()}
    return _differing(runs, known)


def _differing(runs: Mapping[str, RunData], values: Mapping[str, Mapping[str, Any]]) -> Table | None:
    """Return a row for each name whose value differs; None if all are the same.

    Args:
      runs: all runs.
      values: name of a run → its values; runs without any have empty cells.
    """
    rows: list[tuple[str, ...]] = []
    for name in sorted({name for each in values.values() for name in each}):
        own = [each.get(name, "") for each in values.values()]
        if any(value != own[0] for value in own):
            rows.append((name, *(_plain(values.get(run, {}).get(name, "")) for run in runs)))
    return Table(("setting", *runs), rows) if rows else None


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _costs(runs: Mapping[str, RunData]) -> Table:
    every = [dict(cost_rows(run)) for run in runs.values()]
    labels = dict.fromkeys(label for each in every for label in each)
    return Table(("cost", *runs), [(label, *(each.get(label, "") for each in every)) for label in labels])
