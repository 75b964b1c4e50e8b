"""The rule by which settings are chosen.

Of all candidates of a method at a number of people:

1. the fewer the places where any judge still finds somebody, the better. Places are the latent, the wide
   views and the truncated latents of each development person;
2. among candidates with equally many, the smaller the share of other people whom any judge calls somebody
   else, the better (counted over all runs of the candidate);
3. among equals in both, the lower Fréchet distance of other people (mean over the runs).

Other photos are not looked at, since they would take longer than the training. Candidates of both methods are
equally many, and each is trained on the same people.

Before the first run, 1. counted people whom no judge finds at any of these places. That was changed after
five runs of one person. No candidate could be told from another: to one judge even the mean face is this
person, so everybody is found at a truncated latent. Nothing was run on ten people before the change.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from benchmarks.forgetting_heads.lines import Line

PLACES = ("latent", "wide", "truncated")


class Score(NamedTuple):
    """How a candidate did on the development people; the smallest tuple is the best."""

    places_found: int
    """Places of people where a judge still finds them."""

    others_lost: float
    frechet: float
    people: int


def score(lines: Sequence[Line]) -> Score:
    """Return the score of all runs of one candidate; an unknown answer counts as found."""
    people = [person for line in lines for person in line["persons"]]
    lost = [line["others"]["others_lost_counts"] for line in lines]
    return Score(
        places_found=sum(person["forgotten_by"][place] is not True for person in people for place in PLACES),
        others_lost=sum(each["number"] for each in lost) / sum(each["people"] for each in lost),
        frechet=sum(line["others"]["fid_pre"] for line in lines) / len(lines),
        people=len(people),
    )


def scores(lines: Iterable[Line]) -> dict[tuple[str, int, str], Score]:
    """Return (row, people, candidate) → score."""
    groups: dict[tuple[str, int, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line["row"], line["people"], line["candidate"]), []).append(line)
    return {key: score(group) for key, group in groups.items()}


def best(lines: Iterable[Line], row: str, people: int) -> str:
    """Return the name of the candidate that the rule chooses; the first one among equals."""
    own = {
        name: value
        for (of_row, of_people, name), value in scores(lines).items()
        if (of_row, of_people) == (row, people)
    }
    return min(own, key=lambda name: own[name])
