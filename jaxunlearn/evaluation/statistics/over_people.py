"""Mean, deviation, interval, count and worst case of figures over people, from the lines of a run."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from jaxunlearn.evaluation.statistics.figures_file import Line
from jaxunlearn.evaluation.statistics.intervals import Interval, interval_of
from jaxunlearn.evaluation.statistics.shares import share_of_known

WORST: Mapping[str, Literal["highest", "lowest"]] = {
    "id": "highest",
    "id_wide": "highest",
    "id_others": "highest",
    "id_others_max": "highest",
    "id_target": "highest",
    "id_to_target": "lowest",
}
"""Figures of forgotten people, with the end at which they are worst."""

OTHERS = "others_id"
"""Similarity of a retained person before and after; the lowest is the worst."""


def statistics_of(lines: Sequence[Line], main_judge: str) -> dict[str, Any]:
    """Sum up figures over people.

    Args:
      lines: of a run, see `figure_lines`.
      main_judge: name of the judge whose figures are in `intervals`.

    Returns:
      `intervals`: name of a figure → its `Interval`, for figures of the main judge; `intervals_by_judge`: the
      same of every judge. They are over the forgotten people, and for `others_id` over the retained people,
      each as a mean over the copies. `shares`: `forgotten`, `forgotten_by` (for each place) and, if there is
      one generator, `others_lost` → the `Share` of people. People without the figure are left out.
    """
    by_judge = {
        judge: {name: interval._asdict() for name, interval in _intervals(lines, judge)}
        for judge in _judges(lines)
    }
    return {
        "intervals": by_judge.get(main_judge, {}),
        "intervals_by_judge": by_judge,
        "shares": _shares(lines),
    }


def person_values(lines: Iterable[Line], judge: str, name: str) -> dict[int, float]:
    """Return number of a forgotten person → a figure of a judge, for those who have it."""
    people = (line for line in lines if line["kind"] == "person" and judge in line["judges"])
    return _known((line["person"], line["judges"][judge].get(name)) for line in people)


def forgotten_people(lines: Iterable[Line]) -> dict[int, float]:
    """Return number of a forgotten person → 1 if they are forgotten, 0 if not."""
    return _known((line["person"], line["forgotten"]) for line in lines if line["kind"] == "person")


def retained_values(lines: Iterable[Line], judge: str) -> dict[int, float]:
    """Return number of a retained person → similarity before and after, a mean over the copies."""
    return _means((line["number"], line["judges"].get(judge)) for line in lines if line["kind"] == "retained")


def retained_losses(lines: Iterable[Line]) -> dict[int, float]:
    """Return number of a retained person → share of the copies in which they are lost."""
    return _means((line["number"], line["lost"]) for line in lines if line["kind"] == "retained")


def _known(values: Iterable[tuple[int, Any]]) -> dict[int, float]:
    return {number: float(value) for number, value in values if value is not None}


def _means(values: Iterable[tuple[int, Any]]) -> dict[int, float]:
    """Return the mean of the values of each number."""
    each: dict[int, list[float]] = {}
    for number, value in values:
        if value is not None:
            each.setdefault(number, []).append(float(value))
    return {number: float(np.mean(known)) for number, known in each.items()}


def _judges(lines: Iterable[Line]) -> list[str]:
    """Return the names of all judges, in the order of the lines."""
    return list(dict.fromkeys(judge for line in lines for judge in line["judges"]))


def _intervals(lines: Sequence[Line], judge: str) -> Iterable[tuple[str, Interval]]:
    for name, worst in WORST.items():
        values = person_values(lines, judge, name)
        if values:
            yield name, interval_of(list(values.values()), worst=worst)
    others = retained_values(lines, judge)
    if others:
        yield OTHERS, interval_of(list(others.values()), worst="lowest")


def _shares(lines: Sequence[Line]) -> dict[str, Any]:
    people = [line for line in lines if line["kind"] == "person"]
    retained = [line for line in lines if line["kind"] == "retained"]
    one_generator = len({line["copy"] for line in retained}) == 1
    return {
        "forgotten": share_of_known(line["forgotten"] for line in people)._asdict(),
        "forgotten_by": {
            place: share_of_known(line["forgotten_by"][place] for line in people)._asdict()
            for place in people[0]["forgotten_by"]
        },
        **(
            {"others_lost": share_of_known(line["lost"] for line in retained)._asdict()}
            if one_generator
            else {}
        ),
    }
