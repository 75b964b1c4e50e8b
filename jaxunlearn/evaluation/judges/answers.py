"""Sum up what judges say: answers, None where a judge cannot say, and similarities, NaN without a face."""

from collections.abc import Iterable

import numpy as np


def any_known(answers: Iterable[bool | None]) -> bool | None:
    """Return True if any answer is True; None if there is none but None."""
    known = [answer for answer in answers if answer is not None]
    return any(known) if known else None


def all_known(answers: Iterable[bool | None]) -> bool | None:
    """Return True if all answers are True, but for None; None if there is none but None."""
    known = [answer for answer in answers if answer is not None]
    return all(known) if known else None


def count_true(answers: Iterable[bool | None]) -> int | None:
    """Return how many answers are True; None if there is none but None."""
    known = [answer for answer in answers if answer is not None]
    return sum(known) if known else None


def negated(answer: bool | None) -> bool | None:
    """Return the opposite of an answer; None stays None."""
    return None if answer is None else not answer


def number(value: float | np.floating) -> float | None:
    """Return a number for JSON; None for NaN."""
    return None if np.isnan(value) else float(value)


def mean(values: np.ndarray) -> float | None:
    """Return the mean of the values that are numbers; None if none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None
