"""The table of all candidates, also of those that were not chosen."""

from collections.abc import Sequence

import numpy as np

from benchmarks.forgetting_heads.candidates import CANDIDATES
from benchmarks.forgetting_heads.cells import counted, interval, judges, persons, table
from benchmarks.forgetting_heads.lines import Line
from benchmarks.forgetting_heads.rule import PLACES, best, score


def tuning_table(lines: Sequence[Line]) -> list[str]:
    """Return a row for each candidate that has a run; the one that the rule chooses is in bold."""
    if not lines:
        return []
    names = judges(lines)
    head = [
        "N",
        "method",
        "candidate",
        "people",
        "places where found ↓",
        *(f"forgotten, {place} ↑" for place in PLACES),
        *(f"mean similarity, {name}" for name in names),
        "others lost ↓",
        "interval",
        "Fréchet of others ↓",
        "steps",
        "seconds",
    ]
    rows = []
    for (row, people), candidates in CANDIDATES.items():
        tried = [name for name in candidates if _runs(lines, row, people, name)]
        for name in tried:
            chosen = len(tried) == len(candidates) and best(lines, row, people) == name
            label = f"**{name}**" if chosen else name
            rows.append([str(people), row, label, *_cells(_runs(lines, row, people, name), names)])
    return table(head, rows)


def _runs(lines: Sequence[Line], row: str, people: int, name: str) -> list[Line]:
    return [x for x in lines if (x["row"], x["people"], x["candidate"]) == (row, people, name)]


def _cells(runs: list[Line], names: list[str]) -> list[str]:
    points, people = score(runs), persons(runs)
    counts = [line["others"]["others_lost_counts"] for line in runs]
    lost, others = (sum(each[name] for each in counts) for name in ("number", "people"))
    means = [
        np.mean([x for x in (person["judges"][name]["id"] for person in people) if x is not None])
        for name in names
    ]
    return [
        str(points.people),
        f"{points.places_found} of {len(PLACES) * len(people)}",
        *(counted(person["forgotten_by"][place] for person in people) for place in PLACES),
        *(f"{mean:.2f}" for mean in means),
        f"{lost:.0f} of {others:.0f}",
        interval(lost, others),
        f"{points.frechet:.1f}",
        str(runs[0]["steps"]),
        f"{np.median([line['seconds'] for line in runs]):.0f}",
    ]
