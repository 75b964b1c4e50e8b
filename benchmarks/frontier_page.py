"""The page of `frontier_heads.py`: at each strength, who is forgotten and who is lost."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.cells import found_by_place, interval, table
from benchmarks.one_person_page import METHODS, lost, lost_near, people_counted, people_near
from benchmarks.one_person_runs import Measured
from jaxunlearn.evaluation.forgetting_by_judge import PLACES


class Line(Measured):
    """A run, measured at a strength.

    Attributes:
      method: one of `METHODS`.
      draw: seed of the run.
      strength: how far the generator goes; 1 is the trained one.
      processor: of the machine.
    """

    method: str
    draw: int
    strength: float
    processor: str


def page(lines: Sequence[Line]) -> str:
    """Return the page: tables with a row for each method and strength."""
    machines = ", ".join(sorted({line["processor"] for line in lines}))
    judges = list(lines[0]["figures"]["judges"])
    groups = {
        (METHODS[method], f"{strength:g}"): group for (method, strength), group in _groups(lines).items()
    }
    text = [
        "# GUIDE and LEGATO at other strengths",
        "",
        f"`python -m benchmarks.frontier_heads`, on {machines}. Runs of `one_person_heads.py`, each a person "
        "in a generator of their own, at other strengths than that of their training: 0 is the source, 1 the "
        "trained generator. LEGATO's adapters run to another end time; GUIDE's weights go so many times the "
        "way from the source in a straight line. No setting was chosen on these people.",
        "",
        "People whom no judge finds anywhere; for each place, people whom at least one judge finds there. "
        "Intervals are of 95 %.",
        "",
        *table(
            ["", "strength", "forgotten", "interval", *PLACES],
            [[*names, *_forgotten(group)] for names, group in groups.items()],
        ),
        "Similarity of the person before and after, at their latent, to each judge; means, and the threshold "
        "in brackets.",
        "",
        *table(
            ["", "strength", *judges],
            [[*names, *_similarities(group, judges)] for names, group in groups.items()],
        ),
        "Others lost: other people who are somebody else to at least one judge afterwards. Near: people made "
        "one median radius from the person.",
        "",
        *table(
            [
                "",
                "strength",
                "others lost",
                "interval",
                "near: lost",
                "others' similarity",
                "LPIPS of others",
            ],
            [[*names, *_others(group)] for names, group in groups.items()],
        ),
    ]
    return "\n".join(text)


def _groups(lines: Sequence[Line]) -> Mapping[tuple[str, float], list[Line]]:
    """Return method and strength → lines, in the order of the methods."""
    order = list(METHODS)
    keys = sorted(
        {(line["method"], line["strength"]) for line in lines}, key=lambda key: (order.index(key[0]), key[1])
    )
    return {key: [line for line in lines if (line["method"], line["strength"]) == key] for key in keys}


def _forgotten(lines: Sequence[Line]) -> list[str]:
    people = [line["figures"] for line in lines]
    number = sum(bool(each["forgotten"]) for each in people)
    return [f"{number} of {len(people)}", interval(number, len(people)), *found_by_place(people)]


def _similarities(lines: Sequence[Line], judges: Sequence[str]) -> list[str]:
    return [_similarity([line["figures"]["judges"][name] for line in lines]) for name in judges]


def _others(lines: Sequence[Line]) -> list[str]:
    people = [line["figures"] for line in lines]
    number, others = sum(map(lost, lines)), people_counted(lines)
    return [
        f"{number} of {others}",
        interval(number, others),
        f"{sum(map(lost_near, lines))} of {people_near(lines)}",
        f"{np.mean([each['others_id'] for each in people]):.3f}",
        f"{np.mean([each['retained_lpips'] for each in people]):.4f}",
    ]


def _similarity(judged: Sequence[Mapping[str, Any]]) -> str:
    known = [each["id"] for each in judged if each["id"] is not None]
    return f"{np.mean(known):.2f} ({judged[0]['threshold']:.2f})" if known else "-"
