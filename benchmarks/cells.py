"""Cells of tables that several benchmarks write: counts, and intervals of shares."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jaxunlearn.evaluation.forgetting_by_judge import PLACES
from jaxunlearn.evaluation.statistics import share_of

NONE = "-"
FORGOTTEN_SAID = (
    "People whom no judge finds anywhere; then, for each place, those whom at least one judge finds "
    "there; those who became their target to all judges. Then for each judge: people whom it finds "
    "nowhere, and other photos in which it finds them, of those in which it knew them in the source."
)
"""What stands above `found_by_place`, `reached` and `by_judge`."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table in markdown, with an empty line after it."""
    lines = [head, ["---"] * len(head), *rows]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


def counted(answers: Iterable[bool | None]) -> str:
    """Return how many of the known answers are True: "3 of 6"."""
    known = [answer for answer in answers if answer is not None]
    return f"{sum(known)} of {len(known)}" if known else NONE


def found_nowhere(judged: Mapping[str, Any]) -> bool | None:
    """Return True if a judge finds the person in no place; None if it could look nowhere."""
    known = [found for found in judged["found"].values() if found is not None]
    return not any(known) if known else None


def reached(person: Mapping[str, Any]) -> bool | None:
    """Return True if the person after is their target to all judges; None if there is no target."""
    answers = [judged.get("reaches_target") for judged in person["judges"].values()]
    known = [answer for answer in answers if answer is not None]
    return all(known) if known else None


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


def by_judge(people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return for each judge how many people it finds nowhere; then for each, in how many other photos.

    Photos count where the judge knew the person in the source: "5 of 64".
    """
    judged = {name: [person["judges"][name] for person in people] for name in people[0]["judges"]}
    nowhere = [counted(map(found_nowhere, each)) for each in judged.values()]
    photos = [
        f"{sum(own['others_found'] for own in each)} of {sum(own['others_known'] for own in each)}"
        for each in judged.values()
    ]
    return nowhere + photos


def by_judge_head(people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the head of `by_judge`."""
    judges = list(people[0]["judges"])
    return [f"nowhere: {name}" for name in judges] + [f"photos: {name}" for name in judges]
