"""Cells of tables that several benchmarks write: counts, and intervals of shares."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jaxunlearn.evaluation.forgetting_by_judge import PLACES
from jaxunlearn.evaluation.statistics import share_of

NONE = "-"
FORGOTTEN_SAID = (
    "People whom no judge finds anywhere, of all, and of those of whom every judge knew a photo in the "
    "source; then, for each place, those whom at least one judge finds there; those who became their target "
    "to all judges. Then for each judge: people whom it finds nowhere; people whom it finds in another "
    "photo, of those of whom it knew one in the source: of all others it can say nothing there; and the "
    "photos in which it finds people, of those in which it knew them."
)
"""What stands above `forgotten_of_known`, `found_by_place`, `reached` and `by_judge`."""


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


def forgotten_of_known(people: Sequence[Mapping[str, Any]]) -> str:
    """Return how many are forgotten of those of whom every judge knew another photo in the source."""
    known = [
        person for person in people if all(judged["others_known"] for judged in person["judges"].values())
    ]
    return f"{sum(person['forgotten'] is True for person in known)} of {len(known)}"


def by_judge(people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return for each judge how many people it finds nowhere; in another photo; and in how many photos.

    Photos count where the judge knew the person in the source: it finds "5 of 6" people in "6 of 11" photos.
    """
    judged = {name: [person["judges"][name] for person in people] for name in people[0]["judges"]}
    nowhere = [counted(map(found_nowhere, each)) for each in judged.values()]
    found = [
        f"{sum(own['others_found'] > 0 for own in each)} of {sum(own['others_known'] > 0 for own in each)}"
        for each in judged.values()
    ]
    photos = [
        f"{sum(own['others_found'] for own in each)} of {sum(own['others_known'] for own in each)}"
        for each in judged.values()
    ]
    return nowhere + found + photos


def by_judge_head(people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the head of `by_judge`."""
    kinds = ("nowhere", "in a photo", "photos")
    return [f"{kind}: {name}" for kind in kinds for name in people[0]["judges"]]
