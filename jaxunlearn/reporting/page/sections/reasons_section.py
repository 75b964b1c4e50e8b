"""Why the verdict is what it is: a few facts, each under a label, in short sentences."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from jaxunlearn.attacks.rules import brought_back
from jaxunlearn.methods.base import Advice
from jaxunlearn.methods.registry import method_of
from jaxunlearn.reporting.attacks.words import attack_verdict
from jaxunlearn.reporting.page.sections.run_data import Figures, RunData
from jaxunlearn.reporting.verdict import (
    NO_PHOTO_KNOWN,
    highest,
    how_alike,
    near_people,
    not_forgotten,
    other_photos_of_all,
    person_lines,
    photos_texts,
    pictures_of_others,
    target_reached,
    where_found,
)

MOST = 12
"""Largest number of people who are named one by one."""


@dataclasses.dataclass(frozen=True)
class Reason:
    """A label, and the sentences that belong to it."""

    label: str
    sentences: tuple[str, ...]


def reasons(run: RunData) -> tuple[Reason, ...]:
    """Return what the verdict rests on; labels without a sentence are left out."""
    return tuple(reason for reason in _all(run) if reason.sentences)


def _all(run: RunData) -> Iterator[Reason]:
    if run.measured:
        people = run.people
        if len(people) == 1:
            (figures,) = people
            yield Reason("In their other photos", tuple(_photos(figures)))
            yield Reason("The target", tuple(target_reached(figures)))
        elif run.together:
            advice = method_of(run.config).advice(run.config)
            yield from _of_all(run.subjects, people, run.summary, advice)
        else:
            yield Reason("The people", tuple(_each(run.subjects, people)))
        mean = _mean_over(run)
        yield Reason(f"Other people, chosen at random{mean}", tuple(how_alike(run.summary)))
        yield Reason(f"People near the forgotten{mean}", tuple(near_people(run.summary)))
        yield Reason("Pictures of other people", tuple(pictures_of_others(run.summary)))
    if run.attacks is not None:
        yield Reason("Under attack", tuple(_attacked(run.attacks["subjects"], run.attacks["people"])))


def _photos(figures: Figures) -> list[str]:
    """Return what each judge says of a person's other photos."""
    texts = photos_texts(figures)
    return [f"{text.capitalize() if text == NO_PHOTO_KNOWN else text}." for text in texts]


def _of_all(
    subjects: Sequence[str], people: Sequence[Figures], summary: Figures, advice: Advice
) -> Iterator[Reason]:
    """Yield what is said of people who share a generator."""
    yield Reason("How alike they are", tuple(highest(subjects, summary, people)))
    yield Reason("Who is found", (*where_found(people), *not_forgotten(subjects, people, advice)))
    yield Reason("In their other photos", tuple(other_photos_of_all(summary, people)))


def _each(subjects: Sequence[str], people: Sequence[Figures]) -> list[str]:
    """Return a sentence for each person, those who are not forgotten first."""
    first = sorted(range(len(people)), key=lambda k: people[k]["forgotten"] is True)
    sentences = [person_lines(subjects[k], people[k])[0] for k in first[:MOST]]
    rest = first[MOST:]
    if rest:
        forgotten = sum(people[k]["forgotten"] is True for k in rest)
        sentences.append(f"Of the {len(rest)} others, {forgotten} are forgotten.")
    return sentences


def _attacked(subjects: Mapping[str, str], people: Mapping[str, Figures]) -> list[str]:
    """Return a sentence for each attacked person, those who are brought back first."""
    first = sorted(people, key=lambda k: not brought_back(people[k]))
    sentences = [attack_verdict(subjects[k], people[k]) for k in first[:MOST]]
    rest = first[MOST:]
    if rest:
        answers = [brought_back(people[k]) for k in rest]
        unknown = f", and of {answers.count(None)} no judge can say it" if None in answers else ""
        sentences.append(
            f"Of the {len(rest)} others who were attacked, {answers.count(True)} are brought back{unknown}."
        )
    return sentences


def _mean_over(run: RunData) -> str:
    """Return words for a label: figures are means where each of several people has a generator."""
    count = len(run.subjects)
    return "" if run.together or count == 1 else f", a mean over {count} generators"
