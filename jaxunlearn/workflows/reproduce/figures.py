"""Figures of a run as a table shows them, what its judges say, and rows compared over the same people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jaxunlearn.evaluation.statistics.intervals import interval_of
from jaxunlearn.evaluation.statistics.paired import compare_pairs
from jaxunlearn.evaluation.statistics.shares import Share, share_of, share_of_known
from jaxunlearn.workflows.reproduce.declaration import COLUMNS, Figure, Table
from jaxunlearn.workflows.reproduce.folder import CellJson, CountJson, JudgedJson


def figures_of(
    table: Table, subjects: Sequence[str], summary: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the figures of a measured run.

    Args:
      table: says which.
      subjects: names of the forgotten people.
      summary: `summary.json` of the run.

    Returns:
      Key of a figure → for one that everybody has, see `statistics.intervals.Interval`; also `worst_person`
      and `people`, name → value. For a figure of a generator only `mean`. Figures that were not measured are
      left out.
    """
    made: dict[str, dict[str, Any]] = {}
    for figure in {figure.key: figure for sheet in table.sheets for figure in sheet.figures}.values():
        if not figure.each:
            if (value := _dug(summary, figure)) is not None:
                made[figure.key] = {"mean": value}
            continue
        own = {name: _dug(summary["people"][str(k)], figure) for k, name in enumerate(subjects)}
        people = {name: float(value) for name, value in own.items() if value is not None}
        if people:
            high = figure.better == "lower"
            interval = interval_of(list(people.values()), worst="highest" if high else "lowest")
            worst = (max if high else min)(people, key=people.__getitem__)
            made[figure.key] = {**interval._asdict(), "worst_person": worst, "people": people}
    return made


def _dug(figures: Any, figure: Figure) -> Any:
    """Return a figure by its place; None if it was not measured."""
    for key in figure.place or (figure.key,):
        if not isinstance(figures, Mapping):
            return None
        if key == "*":
            figures = next(iter(figures.values()), None)
        else:
            figures = figures.get(key)
    return figures


def judged_of(summary: Mapping[str, Any], number: int) -> JudgedJson:
    """Return what the judges say of a measured run.

    Args:
      summary: `summary.json` of the run.
      number: of its forgotten people.
    """
    people = [summary["people"][str(k)] for k in range(number)]
    generators = people if "others_lost_counts" in people[0] else [summary]  # one for all people
    near = [at["lost_counts"] for each in generators for at in each["near"].values()]
    return JudgedJson(
        forgotten=_count(share_of_known(each["forgotten"] for each in people)),
        at_latent=_found(people, "latent"),
        in_photos=_found(people, "photos"),
        others_lost=_added([each["others_lost_counts"] for each in generators]),
        near_lost=_added(near),
    )


def _found(people: Sequence[Mapping[str, Any]], place: str) -> CountJson:
    hidden = (each["forgotten_by"][place] for each in people)
    return _count(share_of_known(None if each is None else not each for each in hidden))


def _added(counts: Sequence[Mapping[str, Any]]) -> CountJson:
    """Add counts up; their interval takes the people of all generators as independent."""
    return _count(share_of(sum(each["number"] for each in counts), sum(each["people"] for each in counts)))


def _count(share: Share) -> CountJson:
    return CountJson(number=share.number, people=share.people, low=share.low, high=share.high)


def compared(table: Table, cells: Sequence[CellJson]) -> list[dict[str, Any]]:
    """Compare each row with those that the table names, over the people of both.

    Returns:
      For each column, row and figure: their keys, `against`, and the fields of
      `statistics.paired.PairedDifference`.
    """
    by_place = {(cell["column"], cell["row"]): cell for cell in cells}
    made = []
    for column in COLUMNS:
        for row, against in ((each, key) for each in table.rows for key in each.against):
            cell, other = by_place.get((column, row.key)), by_place.get((column, against))
            if cell is not None and other is not None:
                place = {"column": column, "row": row.key, "against": against}
                made += [{**place, **each} for each in _differences(other["figures"], cell["figures"])]
    return made


def _differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Compare the figures of two runs that the same people have."""
    for key, figure in second.items():
        before, now = first.get(key, {}).get("people", {}), figure.get("people", {})
        people = [name for name in now if name in before]
        if people:
            pairs = compare_pairs([before[name] for name in people], [now[name] for name in people])
            yield {"figure": key, **pairs._asdict()}
