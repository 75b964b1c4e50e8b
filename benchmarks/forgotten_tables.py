"""Who is forgotten, in three tables: by place, by judge, and in other photos."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.cells import counted, found_by_place, interval, table
from jaxunlearn.evaluation.forgetting_by_judge import PLACES

Groups = Mapping[tuple[str, ...], Sequence[Mapping[str, Any]]]
"""First cells of a row → figures of the people whom the row counts."""


def forgotten_tables(head: Sequence[str], groups: Groups) -> list[str]:
    """Return the section on who is forgotten.

    Args:
      head: above the first cells of the rows.
      groups: what the rows count.
    """
    judges = list(next(iter(groups.values()))[0]["judges"])
    return [
        "## Forgotten",
        "",
        "People whom no judge finds anywhere, of all, and of those whom every judge recognised in a photo in "
        "the source; then, for each place, those whom at least one judge finds there; those who became their "
        "target to all judges.",
        "",
        *table(
            [*head, "forgotten", "interval", "recognised by all: forgotten", *PLACES, "target"],
            [[*names, *_by_place(people)] for names, people in groups.items()],
        ),
        "People whom each judge finds nowhere:",
        "",
        *table(
            [*head, *judges],
            [[*names, *_nowhere(people, judges)] for names, people in groups.items()],
        ),
        "Other photos. First people whom a judge finds in one, of those whom it recognised in one in the "
        "source; of all others it can say nothing there. Then the photos in which it finds people, of those "
        "in which it recognised them.",
        "",
        *table(
            [*head, *(f"{kind}: {judge}" for kind in ("people", "photos") for judge in judges)],
            [
                [*names, *in_a_photo(people).values(), *_photos(people, judges)]
                for names, people in groups.items()
            ],
        ),
    ]


def forgotten_of_recognised(people: Sequence[Mapping[str, Any]]) -> str:
    """Return how many are forgotten of those whom every judge recognised in another photo in the source."""
    known = [
        person for person in people if all(judged["others_known"] for judged in person["judges"].values())
    ]
    return f"{sum(person['forgotten'] is True for person in known)} of {len(known)}"


def in_a_photo(people: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return for each judge whom it finds in another photo, of those whom it recognised in one: "5 of 6"."""
    return {
        judge: f"{sum(own['others_found'] > 0 for own in judged)} of "
        f"{sum(own['others_known'] > 0 for own in judged)}"
        for judge, judged in ((judge, _judged(people, judge)) for judge in people[0]["judges"])
    }


def _judged(people: Sequence[Mapping[str, Any]], judge: str) -> list[Mapping[str, Any]]:
    return [person["judges"][judge] for person in people]


def _by_place(people: Sequence[Mapping[str, Any]]) -> list[str]:
    number = sum(person["forgotten"] is True for person in people)
    return [
        f"{number} of {len(people)}",
        interval(number, len(people)),
        forgotten_of_recognised(people),
        *found_by_place(people),
        counted(map(_reached, people)),
    ]


def _reached(person: Mapping[str, Any]) -> bool | None:
    """Return True if the person after is their target to all judges; None if there is no target."""
    answers = [judged.get("reaches_target") for judged in person["judges"].values()]
    known = [answer for answer in answers if answer is not None]
    return all(known) if known else None


def _nowhere(people: Sequence[Mapping[str, Any]], judges: Sequence[str]) -> list[str]:
    return [counted(map(_found_nowhere, _judged(people, judge))) for judge in judges]


def _found_nowhere(judged: Mapping[str, Any]) -> bool | None:
    """Return True if a judge finds the person in no place; None if it could look nowhere."""
    known = [found for found in judged["found"].values() if found is not None]
    return not any(known) if known else None


def _photos(people: Sequence[Mapping[str, Any]], judges: Sequence[str]) -> list[str]:
    return [
        f"{sum(own['others_found'] for own in judged)} of {sum(own['others_known'] for own in judged)}"
        for judged in (_judged(people, judge) for judge in judges)
    ]
