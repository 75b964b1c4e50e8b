"""The page of `one_person_heads.py`: who is forgotten, who is lost, and what differs between the methods."""

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.cells import interval, table
from benchmarks.forgotten_tables import forgotten_tables
from benchmarks.one_person_runs import Measured, MeasuredRun
from jaxunlearn.evaluation.statistics import compare_pairs

METHODS = {"guide": "GUIDE", "legato": "LEGATO"}


class Case(NamedTuple):
    """A run: a method, a person, and the seed of the run."""

    method: str
    seed: int
    draw: int


class Line(MeasuredRun):
    """A measured run of this benchmark.

    Attributes:
      method: one of `METHODS`.
      draw: seed of the run.
      processor: of the machine.
    """

    method: str
    draw: int
    processor: str


def case_of(line: Line) -> Case:
    """Return the case of a line."""
    return Case(line["method"], line["seed"], line["draw"])


def places_found(line: Measured) -> int:
    """Return in how many places judges find somebody, added up over the judges."""
    judges = line["figures"]["judges"].values()
    return sum(bool(found) for judge in judges for found in judge["found"].values())


def photos_found(line: Measured) -> int:
    """Return in how many other photos the judge finds somebody who finds most."""
    return max(judge["others_found"] for judge in line["figures"]["judges"].values())


def lost(line: Measured) -> int:
    """Return how many other people are somebody else afterwards to at least one judge."""
    return round(line["figures"]["others_lost_counts"]["number"])


def lost_near(line: Measured) -> int:
    """Return how many people one median radius from the person are somebody else afterwards to a judge."""
    return round(line["figures"]["near"]["1.0"]["lost_counts"]["number"])


def people_counted(lines: Sequence[Measured]) -> int:
    """Return how many other people were looked at, added up over runs; `lost` is of these."""
    return round(sum(line["figures"]["others_lost_counts"]["people"] for line in lines))


def people_near(lines: Sequence[Measured]) -> int:
    """Return how many people near the forgotten were looked at, added up over runs."""
    return round(sum(line["figures"]["near"]["1.0"]["lost_counts"]["people"] for line in lines))


_COUNTS = {"found": places_found, "photos": photos_found, "others lost": lost, "near lost": lost_near}


def badness(line: Line) -> tuple[int, float]:
    """Return what the worst person has most of."""
    return places_found(line), line["figures"]["id_others_max"]


def page(lines: Sequence[Line]) -> list[str]:
    """Return the lines of the page: forgotten, others, differences, each person, and other seeds of runs.

    Args:
      lines: all tables but the last are of the first draw: a person counts once.
    """
    first = [line for line in lines if line["draw"] == 0]
    groups = _by_method(first)
    machines = ", ".join(sorted({line["processor"] for line in lines}))
    text = [
        "# One person forgotten, on fresh people of the bundled model",
        "",
        f"`python -m benchmarks.one_person_heads`, settings `guide/heads` and `legato/heads`, on {machines}, "
        "beside other work, so that steps/s cannot be compared. A run forgets one person in a generator of "
        "its own, and all are measured on the same 48 other people. Intervals are of 95 %; they take people, "
        "and those whom a run loses, as independent.",
        "",
        *forgotten_tables(
            [""],
            {(METHODS[method],): [line["figures"] for line in group] for method, group in groups.items()},
        ),
        "## Everybody else",
        "",
        "Other people, chosen at random: lost, that is, somebody else afterwards to at least one judge; "
        "similarity before and after to the main judge, means over runs of its mean and of its worst "
        "twentieth; the change of pictures by LPIPS, and the Fréchet distance of AlexNet features. Near: "
        "people made one median radius from the person, and not the person to any judge in the source.",
        "",
        *table(_OTHERS_HEAD, [_others(method, group) for method, group in groups.items()]),
    ]
    if "guide" in groups:
        for method in [other for other in groups if other != "guide"]:
            text += _differences(groups["guide"], method, groups[method])
    text += [
        "## Each person",
        "",
        "Found: in how many places, added up over the judges (twelve at most). Photos: in how many other "
        "photos they are found by the judge who finds most.",
        "",
        *table(
            ["seed", *(f"{METHODS[method]}: {name}" for method in groups for name in _COUNTS)],
            _each_person(groups),
        ),
    ]
    if "guide" in groups:
        text += [f"GUIDE's worst person: seed {max(groups['guide'], key=badness)['seed']}."]
    return text + _other_draws(lines)


def _by_method(lines: Sequence[Line]) -> dict[str, list[Line]]:
    """Return method → its lines in order, for methods that have any."""
    groups = {method: [line for line in lines if line["method"] == method] for method in METHODS}
    return {method: sorted(group, key=case_of) for method, group in groups.items() if group}


_OTHERS_HEAD = [
    "",
    "lost",
    "interval",
    "most in a run",
    "near: lost",
    "similarity",
    "their worst twentieth",
    "LPIPS",
    "Fréchet",
    "steps",
    "steps/s",
]


def _others(method: str, lines: Sequence[Line]) -> list[str]:
    def mean(name: str, digits: int) -> str:
        return f"{np.mean([line['figures'][name] for line in lines]):.{digits}f}"

    number, people = sum(map(lost, lines)), people_counted(lines)
    return [
        METHODS[method],
        f"{number} of {people}",
        interval(number, people),
        str(max(map(lost, lines))),
        f"{sum(map(lost_near, lines))} of {people_near(lines)}",
        mean("others_id", 3),
        mean("others_id_p5", 2),
        mean("retained_lpips", 4),
        mean("fid_pre", 2),
        str(lines[0]["steps"]),
        f"{np.mean([line['steps_per_second'] for line in lines]):.2f}",
    ]


def _differences(guide: Sequence[Line], method: str, lines: Sequence[Line]) -> list[str]:
    """Return the paired differences over the people whom both GUIDE and another method forgot."""
    first, second = ({case_of(line)[1:]: line for line in group} for group in (guide, lines))
    both = sorted(first.keys() & second.keys())
    rows = []
    for name, count in _COUNTS.items():
        pair = compare_pairs([count(first[key]) for key in both], [count(second[key]) for key in both])
        ends = "-" if pair.low is None else f"{pair.low:+.2f} to {pair.high:+.2f}"
        means = f"{pair.first:.2f}", f"{pair.second:.2f}", f"{pair.difference:+.2f}"
        rows.append([name, *means, ends, "< 0.001" if pair.p < 1e-3 else f"{pair.p:.3f}"])
    return [
        f"The same people by GUIDE and by {METHODS[method]}: means, their difference, and the probability of "
        "so large a difference if the methods were alike (`evaluation.statistics.compare_pairs`).",
        "",
        *table(
            [f"{len(both)} runs each", METHODS["guide"], METHODS[method], "difference", "interval", "p"], rows
        ),
    ]


def _each_person(groups: Mapping[str, Sequence[Line]]) -> list[list[str]]:
    seeds = sorted({line["seed"] for group in groups.values() for line in group})

    def cells(group: Sequence[Line], seed: int) -> list[str]:
        own = [line for line in group if line["seed"] == seed]
        return [str(count(own[0])) if own else "-" for count in _COUNTS.values()]

    return [
        [str(seed), *itertools.chain(*(cells(group, seed) for group in groups.values()))] for seed in seeds
    ]


def _other_draws(lines: Sequence[Line]) -> list[str]:
    """Return what other seeds of the run do to the same people; nothing where there are none."""
    draws = {method: _complete(group) for method, group in _by_method(lines).items()}
    rows = [
        [METHODS[method], str(draw), *_draw(people)]
        for method, group in draws.items()
        for draw, people in enumerate(zip(*group.values(), strict=True))
    ]
    if not rows:
        return []
    alike = [
        f"With {METHODS[method]} the answer is the same with every seed for "
        f"{sum(len({each['figures']['forgotten'] for each in own}) == 1 for own in group.values())} of "
        f"{len(group)} people; the number of places differs by at most "
        f"{max(max(map(places_found, own)) - min(map(places_found, own)) for own in group.values())}."
        for method, group in draws.items()
        if group
    ]
    return [
        "",
        "## Other seeds of the run",
        "",
        "The same people, forgotten again with another seed: it decides which latents and views a step sees. "
        "Only people with a run of every seed are counted.",
        "",
        *table(["", "seed of the run", "people", "forgotten", *_COUNTS], rows),
        *alike,
    ]


def _complete(lines: Sequence[Line]) -> dict[int, list[Line]]:
    """Return the people who were forgotten with every seed of the run that was tried: seed → their lines."""
    number = len({line["draw"] for line in lines})
    by_person = {
        seed: [line for line in lines if line["seed"] == seed] for seed in {x["seed"] for x in lines}
    }
    return {seed: own for seed, own in sorted(by_person.items()) if len(own) == number > 1}


def _draw(people: Sequence[Line]) -> list[str]:
    forgotten = sum(bool(line["figures"]["forgotten"]) for line in people)
    return [
        str(len(people)),
        f"{forgotten} of {len(people)}",
        *(str(sum(map(count, people))) for count in _COUNTS.values()),
    ]
