"""Share of people with a property, with its interval."""

from collections.abc import Iterable
from typing import NamedTuple

from scipy import stats

from jaxunlearn.evaluation.statistics.intervals import LEVEL


class Share(NamedTuple):
    """Share of people with a property; `share` and its interval are None without people."""

    share: float | None
    low: float | None
    high: float | None
    number: int
    """Number of people with the property."""

    people: int
    """Number of all people."""


def share_of(number: int, people: int) -> Share:
    """Return a share of people with its interval of 95 % (Wilson 1927).

    Unlike a bootstrap interval it has a width for 0 of n and n of n, too: 10 of 10 is 0.72 to 1.

    Args:
      number: number of people with the property.
      people: number of all people.

    Raises:
      ValueError: if `number` is negative or greater than `people`.
    """
    if not 0 <= number <= people:
        raise ValueError(f"{number} of {people} people is no share")
    if not people:
        return Share(None, None, None, 0, 0)
    ends = stats.binomtest(number, people).proportion_ci(LEVEL, method="wilson")
    return Share(number / people, float(ends.low), float(ends.high), number, people)


def share_of_known(answers: Iterable[bool | None]) -> Share:
    """Return the share of people of whom something is true, without those of whom it is unknown (None)."""
    known = [answer for answer in answers if answer is not None]
    return share_of(sum(known), len(known))
