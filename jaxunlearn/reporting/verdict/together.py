"""Say in plain words how many people are forgotten who share a generator, and who is not."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from jaxunlearn.methods.base import Advice
from jaxunlearn.reporting.page.words import joined, listed
from jaxunlearn.reporting.verdict.others import other_people
from jaxunlearn.reporting.verdict.person import IN_WORDS, found_by, looked, unseen


def verdict_together(
    subjects: Sequence[str], figures: Mapping[str, Any], advice: Advice | None = None
) -> list[str]:
    """Return lines about many people in one generator.

    Args:
      subjects: names of the people.
      figures: as returned by `evaluation.evaluate_together`.
      advice: of the method that made the generator; None where no training did.
    """
    people = [figures["people"][str(k)] for k in range(len(subjects))]
    if unseen(figures):
        return [
            "Not measured, because no pair of pictures has a face both before and after.",
            *other_people(figures),
        ]
    first = [*_how_many_forgotten(figures, people), *highest(subjects, figures, people)]
    return [
        *([" ".join(first)] if first else []),
        *where_found(people),
        *not_forgotten(subjects, people, advice),
        *other_photos_of_all(figures, people),
        *other_people(figures),
    ]


def _how_many_forgotten(figures: Mapping[str, Any], people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence on how many people are forgotten; none if no judge can say."""
    if figures["forgotten"] is None:
        return []
    judges = "the judge" if len(figures["judges"]) == 1 else f"{len(figures['judges'])} judges"
    known = {place for each in people for place in looked(each)}
    where = joined([words for place, words in IN_WORDS.items() if place in known], "or")
    return [f"{figures['forgotten']} of {len(people)} people are forgotten: {judges} looked {where}."]


def highest(
    subjects: Sequence[str], figures: Mapping[str, Any], people: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Return a sentence on the similarity to the main judge; none if it saw no face.

    Args:
      subjects: names of the people.
      figures: means over them.
      people: figures of each.
    """
    hardest = most_alike(people)
    if hardest is None:
        return []
    return [
        f"Similarity before and after to {_main_judge(people)}: {figures['id']:.2f} on average, at most "
        f"{people[hardest]['id']:.2f} ({subjects[hardest]})."
    ]


def other_photos_of_all(figures: Mapping[str, Any], people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence on other photos, see `highest`; none without such photos."""
    if figures["id_others"] is None:
        return []
    judge = _main_judge(people)
    return [
        f"Other photos of them: similarity before and after {figures['id_others']:.2f} to {judge} on average."
    ]


def _main_judge(people: Sequence[Mapping[str, Any]]) -> str:
    """Return the judge whose figures stand under the papers' names."""
    return next(iter(people[0]["judges"]))


def most_alike(people: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the number of the person who is most alike before and after; None if no face was seen.

    Args:
      people: an `id` for each person, None where no face was seen.
    """
    known = {k: figures["id"] for k, figures in enumerate(people) if figures["id"] is not None}
    return max(known, key=known.__getitem__, default=None)


def where_found(people: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line with the number of people that are found in each place."""
    counts = Counter(place for figures in people for place in found_by(figures))
    texts = [f"{counts[place]} {words}" for place, words in IN_WORDS.items() if counts[place]]
    return [f"Still found: {', '.join(texts)}."] if texts else []


def not_forgotten(
    subjects: Sequence[str], people: Sequence[Mapping[str, Any]], advice: Advice | None
) -> list[str]:
    """Return lines with the people who are not forgotten, by the reason, each with the method's advice."""
    known = advice or Advice("", "", "")
    names: dict[tuple[str, str], list[str]] = {
        ("Their targets resemble them", known.too_near): [],
        ("They did not become their targets", known.too_far): [],
        ("They are found, but not at their latent", known.elsewhere): [],
    }
    near, far, elsewhere = names.values()
    for subject, figures in zip(subjects, people, strict=True):
        finders = {name: each for name, each in figures["judges"].items() if each["found"]["latent"]}
        if finders:
            group = near if _target_resembles(list(finders.values())) else far
            judge = max(finders, key=lambda name: finders[name]["id"])
            group.append(f"{subject} ({finders[judge]['id']:.2f} to {judge})")
        elif places := [IN_WORDS[place] for place in found_by(figures)]:
            elsewhere.append(f"{subject} ({joined(places, 'and')})")
    return [
        f"NOT forgotten: {listed(group)}. {reason}{f': {advised}' if advised else ''}."
        for (reason, advised), group in names.items()
        if group
    ]


def _target_resembles(finders: Sequence[Mapping[str, Any]]) -> bool:
    """Return True if a judge that finds a person at their latent takes the target for them, too."""
    return any(
        judged["id_target"] is not None and judged["id_target"] >= judged["threshold"] for judged in finders
    )
