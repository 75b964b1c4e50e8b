"""Say in plain words what became of other people."""

from collections.abc import Mapping, Sequence
from typing import Any

from jaxunlearn.reporting.page.words import radii

TOO_NEAR = "so near that a judge takes them for the forgotten person even before unlearning"
"""Why somebody made near a forgotten person is left out of the count of those who are lost."""

MOST_LOST = 0.05
"""Largest share of other people who may be lost in a generator in which they are said to stay the same."""


def other_people(figures: Mapping[str, Any]) -> list[str]:
    """Return lines about other people: random ones, those near the forgotten, and their pictures.

    Args:
      figures: of an evaluated generator.
    """
    return [
        *([" ".join(random_people(figures))] if random_people(figures) else []),
        *(f"Of people near the forgotten, {sentence}" for sentence in near_people(figures)),
        *pictures_of_others(figures),
    ]


def random_people(figures: Mapping[str, Any]) -> list[str]:
    """Return sentences on other people, chosen at random: whether they stay the same, and how alike they are.

    Args:
      figures: of an evaluated generator.
    """
    first = stay_the_same([figures])
    return [*first, *how_alike(figures, "Their" if first else "Other people's")]


def stay_the_same(generators: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence on whether random people stay the same; none if no judge can say.

    Args:
      generators: figures of each evaluated generator.
    """
    known = [figures for figures in generators if figures["others_lost"] is not None]
    if not known:
        return []
    bad = sum(figures["others_lost"] > MOST_LOST for figures in known)
    verb, which = ("do NOT stay", f"{bad} of {len(known)}") if bad else ("stay", f"all {len(known)}")
    where = f" in {which} generators: in the worst, " if len(known) > 1 else ": "
    worst = max(known, key=lambda figures: figures["others_lost"])
    gone = _gone(worst["others_lost_counts"])
    return [f"Other people, chosen at random, {verb} the same{where}{gone}."]


def how_alike(figures: Mapping[str, Any], whose: str = "Their") -> list[str]:
    """Return a sentence on the similarity of random people; none if no face was found.

    Args:
      figures: of an evaluated generator, or means over several.
      whose: its first word.
    """
    if figures["others_id"] is None:
        return []
    return [
        f"{whose} similarity before and after is {figures['others_id']:.2f} on average; for one person in "
        f"twenty it is below {figures['others_id_p5']:.2f}."
    ]


def near_people(figures: Mapping[str, Any]) -> list[str]:
    """Return for each distance how many people near the forgotten ones are lost, and how many are left out.

    Args:
      figures: of an evaluated generator, or means over several.
    """
    sentences = []
    for radius, near in figures["near"].items():
        same = f"{near['same']:.0f}"
        away = radii(float(radius))
        if near["lost"] is None and near["same"] < near["people"]:
            sentences.append(f"{away}, no judge can say whether anybody is somebody else afterwards.")
            continue
        if near["lost"] is None:
            sentences.append(f"{away}, nobody is left: all {same} are {TOO_NEAR}.")
            continue
        rest = f" {same} more are left out: {TOO_NEAR}." if near["same"] else ""
        sentences.append(f"{away}, {_gone(near['lost_counts'])}.{rest}")
    return sentences


def _gone(counts: Mapping[str, Any]) -> str:
    """Return how many of all people are lost, in words."""
    number = round(counts["number"])
    verb = "is" if number == 1 else "are"
    return f"{number} of {counts['people']:.0f} {verb} somebody else to a judge afterwards"


def pictures_of_others(figures: Mapping[str, Any]) -> list[str]:
    """Return sentences on how far the pictures of random people moved."""
    return [
        f"Pictures of other people change by LPIPS {figures['retained_lpips']:.3f}. The Fréchet "
        f"distance between the pictures before and after is {figures['fid_pre']:.2f} "
        f"({figures['networks']['frechet']} features)."
    ]
