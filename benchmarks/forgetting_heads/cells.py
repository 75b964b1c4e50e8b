"""Cells of the tables: counts with intervals, similarities, distances, of all runs of a row."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.forgetting_heads.lines import Line
from jaxunlearn.evaluation.forgetting_by_judge import PLACES
from jaxunlearn.evaluation.statistics import interval_of, share_of

NONE = "-"
FEWEST_FOR_INTERVAL = 5
"""People from which on a bootstrap interval is printed; with fewer it says nothing."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table in markdown, with an empty line after it."""
    lines = [head, ["---"] * len(head), *rows]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


def persons(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Return the forgotten people of all runs."""
    return [person for line in lines for person in line["persons"]]


def counted(answers: Iterable[bool | None]) -> str:
    """Return how many of the known answers are True: "3 of 6"."""
    known = [answer for answer in answers if answer is not None]
    return f"{sum(known)} of {len(known)}" if known else NONE


def forgotten(lines: Sequence[Line]) -> list[str]:
    """Return the cells on forgetting: in all, its interval, in each place, by each judge, target reached."""
    people = persons(lines)
    number = sum(person["forgotten"] is True for person in people)
    return [
        f"{number} of {len(people)}",
        interval(number, len(people)),
        *(counted(person["forgotten_by"][place] for person in people) for place in PLACES),
        *(counted(found_nowhere(person["judges"][name]) for person in people) for name in judges(lines)),
        counted(reached(person) for person in people),
    ]


def judges(lines: Sequence[Line]) -> list[str]:
    """Return the names of the judges."""
    return list(lines[0]["persons"][0]["judges"])


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


def similarity(lines: Sequence[Line], judge: str) -> list[str]:
    """Return the cells of one judge: mean, interval, highest, threshold, ranks among strangers.

    Everything is of the person before and after at their latent.
    """
    judged = [person["judges"][judge] for person in persons(lines)]
    values = [each["id"] for each in judged if each["id"] is not None]
    ranks = [each["stranger_rank"] for each in judged if each["stranger_rank"] is not None]
    if not values:
        return [NONE] * 6
    over = interval_of(values)
    wide = over.n >= FEWEST_FOR_INTERVAL and over.low is not None and over.high is not None
    return [
        f"{over.mean:.2f}",
        f"{over.low:.2f} to {over.high:.2f}" if wide else NONE,
        f"{over.worst:.2f}",
        f"{judged[0]['threshold']:.2f}",
        f"{100 * np.median(ranks):.0f} %" if ranks else NONE,
        f"{100 * min(ranks):.1f} %" if ranks else NONE,
    ]


def truncations(lines: Sequence[Line]) -> list[str]:
    """Return the psi at which people were looked for."""
    return list(lines[0]["persons"][0]["judges"][judges(lines)[0]]["truncated"])


def found(lines: Sequence[Line], judge: str) -> list[str]:
    """Return the cells on where one judge finds people: latent, wide, each psi, other photos."""
    judged = [person["judges"][judge] for person in persons(lines)]

    def place(name: str) -> str:
        return counted(each["found"][name] for each in judged)

    by_psi = [
        counted(each["truncated"][psi]["id"] >= each["threshold"] for each in judged)
        for psi in truncations(lines)
    ]
    return [place("latent"), place("wide"), *by_psi, place("photos")]


def others(lines: Sequence[Line]) -> list[str]:
    """Return the cells on everybody else: lost, interval, worst draw, near, worst twentieth, distances."""
    lost = [line["others"]["others_lost_counts"] for line in lines]
    worst = max(lost, key=lambda each: each["number"] / each["people"])
    radii = lines[0]["others"]["near"]
    return [
        *_lost(lost),
        f"{worst['number']:.0f} of {worst['people']:.0f}",
        *(_lost([line["others"]["near"][radius]["lost_counts"] for line in lines])[0] for radius in radii),
        mean_of(lines, "others_id_p5", "{:.2f}".format),
        mean_of(lines, "fid_pre", "{:.1f}".format),
        mean_of(lines, "kid_pre", "{:.2f}".format),
    ]


def _lost(counts: Sequence[Mapping[str, float]]) -> list[str]:
    number, people = (sum(each[name] for each in counts) for name in ("number", "people"))
    if not people:
        return [NONE, NONE]
    return [f"{number:.0f} of {people:.0f}", interval(number, people)]


def groups(lines: Sequence[Line]) -> list[str]:
    """Return the names of the groups of other people."""
    return list(lines[0]["others"]["others_lost_by_group"])


def lost_by_group(lines: Sequence[Line]) -> list[str]:
    """Return for each group how many people are lost: "3/20"."""
    counts = [[line["others"]["others_lost_by_group"][group] for line in lines] for group in groups(lines)]
    return [_lost(each)[0].replace(" of ", "/") for each in counts]


def mean_of(lines: Sequence[Line], name: str, form: Callable[[float], str]) -> str:
    """Return the mean over runs of a figure of everybody else; with several runs, the range in brackets."""
    values = [line["others"][name] for line in lines if line["others"][name] is not None]
    if not values:
        return NONE
    spread = f" ({form(min(values))} to {form(max(values))})" if len(values) > 1 else ""
    return form(float(np.mean(values))) + spread


def seconds(lines: Sequence[Line]) -> str:
    """Return the median of the seconds of training."""
    return f"{np.median([line['seconds'] for line in lines]):.0f}" if lines[0]["steps"] else NONE
