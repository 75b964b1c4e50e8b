"""Cells of the table that are of everybody else, and of how alike the forgotten still are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.cells import NONE, interval
from benchmarks.many_people_heads.lines import Line
from jaxunlearn.evaluation.statistics import interval_of

FEWEST_FOR_INTERVAL = 5
"""People from which on a bootstrap interval is printed; with fewer it says nothing."""


def persons(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Return the forgotten people of all runs."""
    return [person for line in lines for person in line["persons"]]


def similarity(people: Sequence[Mapping[str, Any]], judge: str) -> list[str]:
    """Return the cells of one judge: mean, interval, highest, threshold, ranks among strangers.

    Everything is of the person before and after at their latent.
    """
    judged = [person["judges"][judge] for person in people]
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


def others(lines: Sequence[Line]) -> list[str]:
    """Return the cells of `OTHERS_HEAD`."""
    lost = [line["others"]["others_lost_counts"] for line in lines]
    near = [line["others"]["near"]["1.0"]["lost_counts"] for line in lines]
    return [
        *_lost(lost),
        *_lost(near)[:1],
        mean_of(lines, "others_id", "{:.3f}".format),
        mean_of(lines, "others_id_p5", "{:.2f}".format),
        mean_of(lines, "retained_lpips", "{:.4f}".format),
        mean_of(lines, "fid_pre", "{:.1f}".format),
        mean_of(lines, "kid_pre", "{:.2f}".format),
    ]


OTHERS_HEAD = (
    "others lost",
    "interval",
    "near: lost",
    "similarity of others",
    "their worst twentieth",
    "LPIPS",
    "Fréchet",
    "KID",
)


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


def cost(lines: Sequence[Line]) -> list[str]:
    """Return the cells of `COST_HEAD`."""
    first, speeds = lines[0], [line["steps_per_second"] for line in lines]
    known = [speed for speed in speeds if speed is not None]
    return [
        str(first["steps"]) if first["steps"] else NONE,
        f"{np.mean(known):.2f}" if known else NONE,
        f"{first['trained']:,}",
        f"{first['bytes'] / 1e6:.1f}" if first["bytes"] else NONE,
    ]


COST_HEAD = ("steps", "steps/s", "numbers changed", "files, MB")
