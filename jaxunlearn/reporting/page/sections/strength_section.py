"""A person at other strengths of their adapters: a picture for each, a dial, and the figures."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from jaxunlearn.reporting.page.frame import figure_text
from jaxunlearn.reporting.page.picture import PagePictures, Picture
from jaxunlearn.reporting.page.sections.run_data import RunData
from jaxunlearn.reporting.sheets.sheet import sheet_name

AS_TRAINED = 1.0
"""The strength that the dial begins with."""


@dataclasses.dataclass(frozen=True)
class Step:
    """A strength: its number in words, its picture, and its figures in a sentence."""

    name: str
    picture: Picture
    words: str


@dataclasses.dataclass(frozen=True)
class Strengths:
    """All strengths of a person.

    Attributes:
      steps: from the source on.
      trained: number of the step that the run trained.
      head, rows: a table of the figures, a row for each strength.
    """

    steps: tuple[Step, ...]
    trained: int
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def strengths_of(run: RunData, person: int, pictures: PagePictures) -> Strengths | None:
    """Return the strengths of a person; None if the run has no sheet of them."""
    sheet, name = run.sheets.read(sheet_name("strength", person)), run.subjects[person]
    if sheet is None:
        return None
    thresholds = _thresholds(run, person)
    names = [f"{about['strength']:g}" for about in sheet.columns]
    steps = [
        Step(
            label,
            pictures(sheet.row("person")[column], f"{name} at strength {label}, seen from the front"),
            _words(label, about, thresholds),
        )
        for column, (label, about) in enumerate(zip(names, sheet.columns, strict=True))
    ]
    nearest = min(range(len(steps)), key=lambda k: abs(sheet.columns[k]["strength"] - AS_TRAINED))
    judges = list(sheet.columns[0]["judges"])
    head = ("strength", *(_judge(each, thresholds.get(each)) for each in judges), f"others to {judges[0]}")
    rows = [
        (label, *(figure_text(about["judges"][each]) for each in judges), figure_text(about["others"]))
        for label, about in zip(names, sheet.columns, strict=True)
    ]
    return Strengths(tuple(steps), nearest, head, tuple(rows))


def _thresholds(run: RunData, person: int) -> dict[str, float | None]:
    """Return judge → similarity from which on two people count as one, as far as the run was measured."""
    figures = run.figures_of(person)
    return {} if figures is None else {name: each["threshold"] for name, each in figures["judges"].items()}


def _judge(name: str, threshold: float | None) -> str:
    return name if threshold is None else f"{name} (same person from {figure_text(threshold)} on)"


def _words(label: str, about: Mapping[str, Any], thresholds: Mapping[str, float | None]) -> str:
    """Return the figures of a strength in words."""
    texts = []
    for judge, value in about["judges"].items():
        threshold = thresholds.get(judge)
        found = ""
        if value is not None and threshold is not None:
            found = ", found" if value >= threshold else ", not found"
        texts.append(f"{figure_text(value)} to {judge}{found}")
    return f"Strength {label}: similarity before and after {'; '.join(texts)}."
