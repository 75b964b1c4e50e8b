"""The pages: who is forgotten, who else is lost, how alike the forgotten are, and what it costs."""

from collections.abc import Sequence

from benchmarks.cells import table
from benchmarks.forgotten_tables import forgotten_tables
from benchmarks.many_people_heads.cases import ROWS
from benchmarks.many_people_heads.cells import (
    COST_HEAD,
    OTHERS_HEAD,
    cost,
    groups,
    lost_by_group,
    others,
    persons,
    similarity,
)
from benchmarks.many_people_heads.lines import Line

Runs = dict[tuple[int, str], list[Line]]
"""(number of people, row) → its runs, in the order of the table."""


def page(lines: Sequence[Line]) -> str:
    """Return the page of the table, of `results.jsonl`."""
    return _page(
        "# Many people forgotten in one generator, on fresh people of the bundled model",
        "`python -m benchmarks.many_people_heads`, each row with its preset",
        lines,
    )


def settings_page(lines: Sequence[Line]) -> str:
    """Return the page of settings that were tried, of `settings.jsonl`."""
    return _page(
        "# Many people forgotten with other settings, on development people",
        "`python -m benchmarks.many_people_heads --settings`. A row is a preset and what differs from it",
        lines,
    )


def _page(title: str, origin: str, lines: Sequence[Line]) -> str:
    runs, machines = _runs(lines), ", ".join(sorted({line["processor"] for line in lines}))
    text = [
        title,
        "",
        f"{origin}; on {machines}, beside other work, so that steps/s cannot be compared. N people are in "
        "one generator. Runs of as many people have the same people, and all are measured on the same other "
        "people. Intervals are of 95 %; they take people as independent, though those of one run share a "
        "generator.",
        "",
        *forgotten_tables(("N", ""), {_name(key): persons(lines) for key, lines in runs.items()}),
        *_others(runs),
        *_alike(runs),
    ]
    return "\n".join(text).rstrip() + "\n"


def _runs(lines: Sequence[Line]) -> Runs:
    """Return the runs of each number of people and row; rows that no table has come in their own order."""
    order = [*ROWS, *(line["row"] for line in lines)]
    keys = {(line["people"], line["row"]) for line in lines}
    return {
        key: [line for line in lines if (line["people"], line["row"]) == key]
        for key in sorted(keys, key=lambda key: (key[0], order.index(key[1])))
    }


def _others(runs: Runs) -> list[str]:
    return [
        "## Everybody else",
        "",
        "Other people, chosen at random: lost, that is, somebody else afterwards to at least one judge. "
        "Near: people made one median radius from a forgotten one, and not that person to any judge in the "
        "source. Then similarity before and after to the main judge, its mean and its worst twentieth, the "
        "change of pictures by LPIPS, and the Fréchet and kernel distances of AlexNet features; with several "
        "runs means, and the range in brackets. Last what was trained, and what a user keeps besides the "
        "source.",
        "",
        *table(
            ["N", "", *OTHERS_HEAD, *COST_HEAD],
            [[*_name(key), *others(lines), *cost(lines)] for key, lines in runs.items()],
        ),
        "## Everybody else by group",
        "",
        "Other people lost, of all who are in the group.",
        "",
        *table(
            ["N", "", *groups(next(iter(runs.values())))],
            [[*_name(key), *lost_by_group(lines)] for key, lines in runs.items()],
        ),
    ]


def _alike(runs: Runs) -> list[str]:
    judges = list(persons(next(iter(runs.values())))[0]["judges"])
    return [
        "## How alike the forgotten still are",
        "",
        "Similarity of a person before and after at their latent: mean over people with its 95 % interval "
        "(bootstrap), and the most alike person. From the threshold on, two people count as one. Then the "
        "share of pairs of strangers who are at least as alike: for the median person, and for the person "
        "with the fewest such pairs.",
        "",
        *table(
            [
                *("N", "", "judge", "similarity", "interval", "highest", "threshold"),
                *("strangers: median", "strangers: fewest"),
            ],
            [
                [*_name(key), judge, *similarity(persons(lines), judge)]
                for key, lines in runs.items()
                for judge in judges
            ],
        ),
    ]


def _name(key: tuple[int, str]) -> tuple[str, str]:
    return str(key[0]), key[1]
