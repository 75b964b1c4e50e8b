"""Folders of several measured runs with the same people, without any training."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jaxunlearn.evaluation.forgetting import MeasuredPerson
from jaxunlearn.evaluation.protocol import PROTOCOL, Measured
from jaxunlearn.evaluation.retention import Retained
from jaxunlearn.evaluation.statistics.figures_file import figure_lines, write_figures
from jaxunlearn.evaluation.statistics.over_people import statistics_of
from jaxunlearn.reporting.page.many.compare_page import write_comparison
from jaxunlearn.reporting.page.run_page import write_run_page
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.workflows.sweep import remake_sweep_page
from tests.support.figures import of_person
from tests.support.page_folders import LONG, alone, begun, finish, strangers

MAIN, DLIB = "heads identity judge", "dlib"
NAMES = (LONG, *(f"person {k}" for k in range(11)))


def measured_run(path: Path, ids: Sequence[float], others: Sequence[float]) -> RunFolder:
    """Make the folder of a run that forgot `NAMES` together.

    Args:
      path: the folder.
      ids: similarity of each forgotten person before and after to the main judge; they are found from 0.7 on.
      others: similarity of each random person; they are lost below 0.7.
    """
    folder = begun(path, NAMES, together=True)
    finish(folder)
    people: list[Any] = [of_person({"id": each, "found": {"latent": each >= 0.7}}) for each in ids]
    kept: list[Any] = [
        {"judges": {MAIN: each, DLIB: 0.9}, "lost": each < 0.7, "groups": [], "nearest": 0, "distance": 1.5}
        for each in others
    ]
    nowhere = (np.zeros(1), np.zeros(1))
    nothing: Any = {}
    measured = Measured(
        {}, [MeasuredPerson(figures, [], nowhere) for figures in people], Retained(nothing, kept, [])
    )
    lines = figure_lines(NAMES, [measured])
    write_figures(folder.figures_file, lines)
    lost = sum(each < 0.7 for each in others)
    counts = {"share": lost / len(others), "low": 0.01, "high": 0.5, "number": lost, "people": len(others)}
    folder.add_to_summary(
        of_person({"id": float(np.mean(ids))})
        | {"others_id": float(np.mean(others)), "others_lost": counts["share"], "others_lost_counts": counts}
        | {"forgotten": sum(each < 0.7 for each in ids), "strangers": strangers(), "align": "fixed"}
        | {"people": {str(k): alone(figures) for k, figures in enumerate(people)}, "settings": {"views": 11}}
        | {"networks": {"identity": MAIN, "judges": [MAIN, DLIB], "frechet": "alexnet"}}
        | {"protocol": PROTOCOL, "counts": {"frechet": {"fid_pre": [64, 64]}}}
        | statistics_of(lines, MAIN)
    )
    write_run_page(folder)
    return folder


def two_runs(path: Path) -> list[Path]:
    """Make two runs: the second forgets clearly more of everybody, and keeps others as well as the first."""
    random = np.random.default_rng(0)
    ids, others = 0.5 + 0.1 * random.random(len(NAMES)), 0.8 + 0.15 * random.random(32)
    again = others + 0.02 * (np.arange(32) % 2 * 2 - 1)
    return [
        measured_run(path / "first", ids.tolist(), others.tolist()).path,
        measured_run(
            path / "second", (ids - 0.3 + 0.02 * random.random(len(ids))).tolist(), again.tolist()
        ).path,
    ]


def page_of_paired_runs(path: Path) -> Path:
    """Write the page of two runs that were measured alike."""
    return write_comparison(two_runs(path), path / "comparison.html")


def a_sweep(path: Path) -> Path:
    """Make the folder of a sweep of three distances, and its page; a greater distance forgets more."""
    distances = (0.7, -0.5, 0.35)
    for distance in distances:
        similarity = 0.8 - 0.9 * abs(distance)
        folder = measured_run(path / f"d{distance:+g}", [similarity] * len(NAMES), [0.9] * 15 + [similarity])
        config = json.loads(folder.path.joinpath("config.json").read_text())
        config["target"]["distance"] = distance
        folder.path.joinpath("config.json").write_text(json.dumps(config))
    (path / "sweep.json").write_text(json.dumps([{"distance": distance} for distance in distances]))
    remake_sweep_page(path)
    return path


def page_of_a_sweep(path: Path) -> Path:
    """Return the page of `a_sweep`."""
    return a_sweep(path) / "report.html"
