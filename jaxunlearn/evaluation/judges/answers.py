"""Sum up answers of judges: True, False, or None where a judge cannot say."""

from collections.abc import Iterable


def any_known(answers: Iterable[bool | None]) -> bool | None:
    """Return True if any answer is True; None if there is none but None."""
    known = [answer for answer in answers if answer is not None]
    return any(known) if known else None


def all_known(answers: Iterable[bool | None]) -> bool | None:
    """Return True if all answers are True, but for None; None if there is none but None."""
    known = [answer for answer in answers if answer is not None]
    return all(known) if known else None


def negated(answer: bool | None) -> bool | None:
    """Return the opposite of an answer; None stays None."""
    return None if answer is None else not answer
