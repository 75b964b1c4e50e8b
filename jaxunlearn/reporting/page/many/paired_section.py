"""How runs differ over the same people: each against the first, with intervals of 95 %."""

import dataclasses
from collections.abc import Iterator, Mapping

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.statistics.compare_runs import RunComparison, compare_runs
from jaxunlearn.evaluation.statistics.over_people import OTHERS
from jaxunlearn.evaluation.statistics.paired import PairedDifference
from jaxunlearn.reporting.page.frame import figure_text, minus
from jaxunlearn.reporting.page.sections.run_data import RunData

WIDTH, HEIGHT = 220, 28
"""Pixels of the drawing of an interval."""
CHANCE = 0.05
"""From this p-value of the permutation test on, a difference counts as chance."""

_SHARES = {"forgotten": ("share of people who are forgotten", 1), "others_lost": ("share of others lost", -1)}
_JUDGED = {
    "id": ("similarity of the forgotten", -1),
    "id_wide": ("similarity from the sides", -1),
    "id_others": ("similarity in other photos", -1),
    "id_to_target": ("similarity to the target", 1),
    OTHERS: ("similarity of other people", 1),
}
"""Name of a figure → its label, and 1 if higher is better, -1 if lower is."""


@dataclasses.dataclass(frozen=True)
class Bar:
    """An interval as it is drawn, in pixels: its ends, the difference, and no difference."""

    low: float
    high: float
    at: float
    zero: float


@dataclasses.dataclass(frozen=True)
class Row:
    """A figure of both runs over the same people.

    Attributes:
      label: what is compared, and to which judge.
      first, second: means over people.
      difference: second minus first, with its interval.
      bar: the interval; None without one.
      answer: in words.
      state: "good" if the second run is better, "bad" if it is worse, else "unknown".
      people: their number.
    """

    label: str
    first: str
    second: str
    difference: str
    bar: Bar | None
    answer: str
    state: str
    people: int


@dataclasses.dataclass(frozen=True)
class Paired:
    """A run against the first one: both names, the rows, and why there are none."""

    first: str
    second: str
    rows: tuple[Row, ...]
    refusal: str


def paired_section(runs: Mapping[str, RunData]) -> list[Paired]:
    """Compare each run with the first over the same people, as far as both were measured alike.

    Args:
      runs: name of a run → its folder's content.
    """
    (first, base), *others = runs.items()
    return [_paired(first, base, name, run) for name, run in others]


def _paired(first: str, base: RunData, second: str, run: RunData) -> Paired:
    try:
        comparison = compare_runs(base.folder.path, run.folder.path)
    except InputError as refusal:  # of other people, or measured in another way: the page says so
        return Paired(first, second, (), str(refusal))
    found = list(_differences(comparison))
    ends = [end for _, _, each in found for end in (each.low, each.high) if end is not None]
    reach = max([abs(end) for end in ends], default=0.0) or 1.0
    return Paired(first, second, tuple(_row(label, better, each, reach) for label, better, each in found), "")


def _differences(comparison: RunComparison) -> Iterator[tuple[str, int, PairedDifference]]:
    for name, (label, better) in _SHARES.items():
        if name in comparison.shares:
            yield label, better, comparison.shares[name]
    for judge, figures in comparison.judges.items():
        for name, (label, better) in _JUDGED.items():
            if name in figures:
                yield f"{label}, {judge}", better, figures[name]


def _row(label: str, better: int, found: PairedDifference, reach: float) -> Row:
    interval, bar, answer, state = "", None, "one person has no interval", "unknown"
    if found.low is not None and found.high is not None:
        interval = f" ({_signed(found.low)} to {_signed(found.high)})"
        bar = Bar(*(_place(value, reach) for value in (found.low, found.high, found.difference, 0.0)))
        answer, state = _answer(found.low, found.high, found.p, better)
    return Row(
        label,
        figure_text(found.first),
        figure_text(found.second),
        f"{_signed(found.difference)}{interval}",
        bar,
        answer,
        state,
        found.n,
    )


def _answer(low: float, high: float, p: float, better: int) -> tuple[str, str]:
    """Return the answer and its state; of a few people who differ alike the interval alone leaves out 0."""
    if low == high == 0:
        return "the same", "unknown"
    if low <= 0 <= high or p >= CHANCE:
        return "no clear difference", "unknown"
    return ("better", "good") if (low > 0) == (better > 0) else ("worse", "bad")


def _place(value: float, reach: float) -> float:
    """Return where a difference between -reach and reach is drawn."""
    return round(WIDTH / 2 + (WIDTH / 2 - 8) * value / reach, 1)


def _signed(value: float) -> str:
    text = minus(f"{value:+.2f}")
    return "0.00" if text[1:] == "0.00" else text
