"""Cells of tables that several benchmarks write: counts, and intervals of shares."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jaxunlearn.evaluation.forgetting_by_judge import PLACES
from jaxunlearn.evaluation.statistics import share_of
from jaxunlearn.reporting.markdown import markdown_table

NONE = "-"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table in markdown, with an empty line after it."""
    return [*markdown_table(head, rows), ""]


def counted(answers: Iterable[bool | None]) -> str:
    """Return how many of the known answers are True: "3 of 6"."""
    known = [answer for answer in answers if answer is not None]
    return f"{sum(known)} of {len(known)}" if known else NONE


def interval(number: float, people: float) -> str:
    """Return a share's 95 % interval (Wilson) in percent."""
    share = share_of(round(number), round(people))
    if share.low is None or share.high is None:
        return NONE
    return f"{100 * share.low:.0f} to {100 * share.high:.0f} %"


def found_by_place(people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return for each of `PLACES` how many people at least one judge finds there: "3 of 20"."""
    judges = [person["judges"].values() for person in people]
    return [counted(any(judge["found"][place] for judge in each) for each in judges) for place in PLACES]
