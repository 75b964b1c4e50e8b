"""The page of all lines: the table, what is missing, and every run of the tuning."""

from collections.abc import Sequence

from benchmarks.forgetting_heads.candidates import ROWS
from benchmarks.forgetting_heads.cells import (
    forgotten,
    found,
    groups,
    judges,
    lost_by_group,
    others,
    seconds,
    similarity,
    table,
    truncations,
)
from benchmarks.forgetting_heads.lines import Line
from benchmarks.forgetting_heads.people import TABLE_DRAWS
from benchmarks.forgetting_heads.tuning_table import tuning_table
from jaxunlearn.evaluation.forgetting_by_judge import PLACES

Runs = dict[tuple[int, str], list[Line]]
"""(number of people, row) → its runs, in the order of the table."""


def page(tuning: Sequence[Line], results: Sequence[Line], machine: str) -> str:
    """Return the page as markdown.

    Args:
      tuning: lines of `tuning.jsonl`.
      results: lines of `results.jsonl`.
      machine: what the processor is.
    """
    of_rows = {
        (people, row): runs
        for people in TABLE_DRAWS
        for row in ROWS
        if (runs := [x for x in results if (x["people"], x["row"]) == (people, row)])
    }
    text = [
        "# What the present methods achieve on the bundled model",
        "",
        f"`python -m benchmarks.forgetting_heads`, on {machine}; the machine was shared with other work. A "
        "row's runs have the people, and the other people, of the same draws. N people are in one generator.",
        "",
        *(_tables(of_rows) if of_rows else ["No run of the table is finished yet.", ""]),
        *_missing(of_rows),
        "## Tuning",
        "",
        "All runs on development people. The rule of `benchmarks/forgetting_heads/rule.py` chooses the "
        "candidate in bold: the fewest places where any judge finds somebody, then the fewest others lost.",
        "",
        *tuning_table(tuning),
    ]
    return "\n".join(text).rstrip() + "\n"


def _tables(of_rows: Runs) -> list[str]:
    return [*_forgotten(of_rows), *_others(of_rows), *_by_group(of_rows), *_where(of_rows), *_alike(of_rows)]


def _forgotten(of_rows: Runs) -> list[str]:
    return [
        "## Forgotten",
        "",
        "People whom no judge finds anywhere, with the 95 % interval of their share (Wilson). Then come, for "
        "each place, those whom no judge finds there; for each judge, those whom it finds nowhere; and those "
        "who became their target to all judges.",
        "",
        *table(
            ["N", "", "draws", "forgotten ↑", "interval", *PLACES, *_judges(of_rows), "target reached ↑"],
            [[*_name(key), str(len(runs)), *forgotten(runs)] for key, runs in of_rows.items()],
        ),
    ]


def _others(of_rows: Runs) -> list[str]:
    radii = next(iter(of_rows.values()))[0]["others"]["near"]
    return [
        "## Everybody else",
        "",
        "Other people whom any judge takes for somebody else afterwards. The interval (Wilson, 95 %) takes "
        "people as independent, and those of one draw share a generator. `near` are people at this distance "
        "from a forgotten one, in median radii, but for those whom a judge takes for the forgotten person in "
        "the source; often nobody is left. The last figures are means over draws, with their range: the "
        "worst twentieth's similarity to the main judge, the Fréchet distance, and the kernel distance.",
        "",
        *table(
            [
                *("N", "", "lost ↓", "interval", "worst draw"),
                *(f"near {radius} ↓" for radius in radii),
                *("worst twentieth ↑", "Fréchet ↓", "KID ↓", "steps", "seconds"),
            ],
            [
                [*_name(key), *others(runs), str(runs[0]["steps"]), seconds(runs)]
                for key, runs in of_rows.items()
            ],
        ),
    ]


def _by_group(of_rows: Runs) -> list[str]:
    return [
        "## Everybody else by group",
        "",
        "Other people lost, of all who are in the group.",
        "",
        *table(
            ["N", "", *groups(next(iter(of_rows.values())))],
            [[*_name(key), *lost_by_group(runs)] for key, runs in of_rows.items()],
        ),
    ]


def _where(of_rows: Runs) -> list[str]:
    psis = truncations(next(iter(of_rows.values())))
    return [
        "## Where each judge finds people",
        "",
        "People found: at their latent, from the sides, at each psi between the mean face and beyond, and in "
        "at least one other photo. At psi 0.5 a judge may take even the mean face for the person.",
        "",
        *table(
            ["N", "", "judge", "latent", "wide", *(f"psi {psi}" for psi in psis), "photos"],
            [
                [*_name(key), name, *found(runs, name)]
                for key, runs in of_rows.items()
                for name in _judges(of_rows)
            ],
        ),
    ]


def _alike(of_rows: Runs) -> list[str]:
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
                [*_name(key), name, *similarity(runs, name)]
                for key, runs in of_rows.items()
                for name in _judges(of_rows)
            ],
        ),
    ]


def _judges(of_rows: Runs) -> list[str]:
    return judges(next(iter(of_rows.values())))


def _name(key: tuple[int, str]) -> tuple[str, str]:
    return str(key[0]), key[1]


def _missing(of_rows: Runs) -> list[str]:
    """Return a list of the draws that have no run yet."""
    lacking = [
        f"- N = {people}, {row}: {draws - len(of_rows.get((people, row), []))} of {draws} draws"
        for people, draws in TABLE_DRAWS.items()
        for row in ROWS
        if len(of_rows.get((people, row), [])) < draws
    ]
    if not lacking:
        return []
    return ["## Missing", "", "These runs are not done yet; `table` resumes them.", "", *lacking, ""]
