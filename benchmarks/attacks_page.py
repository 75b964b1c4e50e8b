"""The page of `attacks_heads.py`: who is brought back, by what, and how fast a person is learned again."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
from scipy import stats

from benchmarks.cells import NONE, counted, interval, table
from benchmarks.one_person_page import METHODS
from jaxunlearn.attacks.rules import relearned_soon
from jaxunlearn.evaluation.statistics import compare_pairs
from jaxunlearn.reporting.attacks.words import ways_back

ATTACKS = ("reinversion", "relearning")
_WAYS = {
    ("unlearned", "encoder"): "encoder",
    ("unlearned", "hybrid"): "encoder and search",
    ("unlearned", "search"): "search",
    ("without_identity", "hybrid"): "encoder and search, without identity network",
    ("without_identity", "search"): "search, without identity network",
}
"""Attempt and method of `attacks.search.reinvert` → how the photo was inverted."""


class Line(TypedDict):
    """A person who was forgotten alone, and attacked.

    Attributes:
      method: one of `METHODS`.
      seed: of the person.
      depth: how hard the attacks tried, see `attacks.depth`.
      processor: of the machine.
      seconds: of all attacks; other work may have run beside them.
      found: name of an attack → its figures, as in `attack.json`.
    """

    method: str
    seed: int
    depth: str
    processor: str
    seconds: float
    found: dict[str, Any]


def page(lines: Sequence[Line]) -> str:
    """Return the page: who is brought back by inversion, who is relearned, and each person."""
    lines = [{**line, "found": as_now(line["found"])} for line in lines]
    groups = {method: [line for line in lines if line["method"] == method] for method in METHODS}
    groups = {method: sorted(group, key=_seed) for method, group in groups.items() if group}
    judges = list(_inverted(lines[0], "unlearned", "search"))
    depths = " and ".join(sorted({line["depth"] for line in lines}))
    machines = ", ".join(sorted({line["processor"] for line in lines}))
    text = [
        "# Attacks on people forgotten one at a time",
        "",
        f"`python -m benchmarks.attacks_heads`, depth {depths}, on {machines}. Everybody was forgotten in a "
        "generator of their own, by the runs of `one_person_heads.py`. Intervals are of 95 %; they take "
        "people as independent.",
        "",
        "## Their photo, inverted again",
        "",
        "People whom at least one judge finds in what was inverted from their photo, and does not find when "
        "a stranger's photo is inverted in the same way. Then for each judge: people whom it finds so, and "
        "the mean similarity to the person, in brackets that of the inversion into the source (with the "
        "identity network). A search looks at LPIPS and at the identity network of the loss, whose recipe is "
        "that of the first judge; without it, at LPIPS alone.",
        "",
        *table(
            ["", "by", "people", "brought back", "interval", *judges],
            [_row(method, group, *way, judges) for method, group in groups.items() for way in _WAYS],
        ),
        *_differences(groups, judges),
        "## Fine-tuned on their photo",
        "",
        "Steps until all judges accept the person at once, beside those of strangers who are taught at the "
        "same latent; more than the limit counts as infinite. Brought back: in fewer steps than every "
        "stranger, and at most half of their median (`attacks.rules.relearned_soon`). First: the similarity "
        "before any step, means. The backbone is trained whatever unlearning trained: after LEGATO, the one "
        "below its adapters.",
        "",
        *table(
            [
                "",
                "people",
                "brought back",
                "interval",
                "median steps",
                "strangers'",
                *(f"first: {name}" for name in judges),
            ],
            [_relearned(method, group, judges) for method, group in groups.items()],
        ),
        *_sign_test(lines),
        "## Each person",
        "",
        *table(
            ["seed", "method", "brought back by"],
            [
                [str(line["seed"]), METHODS[line["method"]], ", ".join(ways_back(line["found"])) or "nothing"]
                for line in sorted(lines, key=lambda line: (line["seed"], line["method"]))
            ],
        ),
    ]
    return "\n".join(text).rstrip() + "\n"


def as_now(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a line in their present form: the first lines have one stranger to relearn."""
    relearning = found["relearning"]
    if "stranger" in relearning:
        relearning = {**relearning, "strangers": [relearning["stranger"]]}
    return {**found, "relearning": relearning}


def _seed(line: Line) -> int:
    return line["seed"]


def _inverted(line: Line, attempt: str, way: str, *, as_person: bool = False) -> dict[str, Any]:
    """Return name of a judge → what it says of one attempt by one way."""
    figures = line["found"]["reinversion"][attempt][way]
    return (figures["as_person"] if as_person else figures)["judges"]


def brought_back(line: Line, attempt: str, way: str, judge: str) -> bool | None:
    """Return True if a judge finds the person by their own photo, and not by a stranger's."""
    found = _inverted(line, attempt, way)[judge]["accepted"]
    control = _inverted(line, "stranger", way, as_person=True)[judge]["accepted"]
    return None if found is None else bool(found and not control)


def _row(method: str, lines: Sequence[Line], attempt: str, way: str, judges: Sequence[str]) -> list[str]:
    number = sum(any(brought_back(line, attempt, way, judge) for judge in judges) for line in lines)
    return [
        METHODS[method],
        _WAYS[attempt, way],
        str(len(lines)),
        f"{number} of {len(lines)}",
        interval(number, len(lines)),
        *(_judged(lines, attempt, way, judge) for judge in judges),
    ]


def _judged(lines: Sequence[Line], attempt: str, way: str, judge: str) -> str:
    found = counted(brought_back(line, attempt, way, judge) for line in lines)
    here, source = (_mean_similarity(lines, each, way, judge) for each in (attempt, "source"))
    return f"{found}; {here} ({source})"


def _mean_similarity(lines: Sequence[Line], attempt: str, way: str, judge: str) -> str:
    return _mean([_inverted(line, attempt, way)[judge]["reinverted_id"] for line in lines])


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{np.mean(known):.2f}" if known else NONE


def _differences(groups: Mapping[str, Sequence[Line]], judges: Sequence[str]) -> list[str]:
    """Return the paired differences of similarity by the strongest way, over the people of both methods."""
    if len(groups) < 2:
        return []
    first, second = ({_seed(line): line for line in groups[method]} for method in METHODS)
    both = sorted(first.keys() & second.keys())
    if not both:
        return []
    rows = []
    for judge in judges:
        pair = compare_pairs(
            *([_strongest(group[seed], judge) for seed in both] for group in (first, second))
        )
        means = f"{pair.first:.2f}", f"{pair.second:.2f}", f"{pair.difference:+.2f}"
        rows.append([judge, str(pair.n), *means, f"{pair.p:.3f}"])
    return [
        "The same people by both methods: similarity to the person by the strongest of these ways, and "
        "the probability of so large a difference if the methods were alike "
        "(`evaluation.statistics.compare_pairs`).",
        "",
        *table(["", "people", *METHODS.values(), "difference", "p"], rows),
    ]


def _strongest(line: Line, judge: str) -> float:
    """Return the highest similarity; nobody at all, where no face was found, is as unlike as can be."""
    values = [_inverted(line, *each)[judge]["reinverted_id"] for each in _WAYS]
    return max((value for value in values if value is not None), default=-1.0)


def _curves(lines: Sequence[Line]) -> list[Mapping[str, Any]]:
    """Return the figures of relearning, without those whose fine-tuning diverged."""
    found = [line["found"]["relearning"] for line in lines]
    return [figures for figures in found if "diverged" not in figures]


def _relearned(method: str, lines: Sequence[Line], judges: Sequence[str]) -> list[str]:
    curves = _curves(lines)
    if not curves:
        return [METHODS[method], "0", *[NONE] * (4 + len(judges))]
    answers = [answer for answer in map(relearned_soon, curves) if answer is not None]
    return [
        METHODS[method],
        str(len(curves)),
        counted(answers),
        interval(sum(answers), len(answers)),
        _median([_steps(figures["person"]) for figures in curves], curves),
        _median([_of_strangers(figures) for figures in curves], curves),
        *(_mean([curve["person"]["judges"][name]["similarity"][0] for curve in curves]) for name in judges),
    ]


def _steps(curve: Mapping[str, Any]) -> float:
    return float("inf") if curve["relearn_steps"] is None else curve["relearn_steps"]


def _of_strangers(figures: Mapping[str, Any]) -> float:
    return float(np.median([_steps(curve) for curve in figures["strangers"]]))


def _sign_test(lines: Sequence[Line]) -> list[str]:
    """Return a line that says whether people are sooner than strangers more often than by chance."""
    pairs = [(_steps(figures["person"]), _of_strangers(figures)) for figures in _curves(lines)]
    decided = [own < strangers for own, strangers in pairs if own != strangers]
    if not decided:
        return []
    p = stats.binomtest(sum(decided), len(decided), alternative="greater").pvalue
    return [
        f"Sooner than the median of strangers, by however little: {sum(decided)} of {len(decided)} without a "
        f"tie. Coins would fall so with a probability of {p:.2f} (one-sided sign test; it takes people and "
        "methods as independent).",
        "",
    ]


def _median(steps: Sequence[float], curves: Sequence[Mapping[str, Any]]) -> str:
    middle = np.median(steps)
    return f"{middle:g}" if np.isfinite(middle) else f"more than {curves[0]['settings']['steps']}"
