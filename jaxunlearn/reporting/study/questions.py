"""Plan the questions of a study: who is asked about, what is there to choose from, and where."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np

from jaxunlearn.reporting.study.cast import Cast

Kind = Literal["forgotten", "retained", "control"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LEAST_YAW, MOST_YAW = 15.0, 30.0
"""Degrees to a side from which pictures to choose from are drawn; the person is given from the front."""
SIDE = 25.0
"""Degrees of a second given picture, to the other side."""


class RunPeople(NamedTuple):
    """The people of a run, by their numbers in the cast.

    Attributes:
      asked: the forgotten people who are asked about, each with the number of the copy that forgot them.
      forgotten_by: number of a copy → everybody whom it forgot; without copies that diverged.
    """

    asked: Sequence[tuple[int, int]]
    forgotten_by: Mapping[int, Sequence[int]]


class Place(NamedTuple):
    """A generator: number of the run, and of its generator copy."""

    run: int
    copy: int


@dataclasses.dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
      kind: what the person is to the generator whose pictures can be chosen.
      place: that generator; None is the source.
      person: who is given, as the source draws them.
      choices: who is in each picture; one is the person.
      yaw: degrees to the side of these pictures; never 0, so that nobody can compare pixels.
      strangers: True if the other pictures are of random people, because too few are of the same kind.
    """

    kind: Kind
    place: Place | None
    person: int
    choices: tuple[int, ...]
    yaw: float
    strangers: bool

    @property
    def right(self) -> int:
        """Place of the person among the choices, from 1."""
        return self.choices.index(self.person) + 1

    def given_yaws(self, count: int) -> list[float]:
        """Return the degrees to the side of each given picture: the front, and the side that is not shown."""
        return [0.0, -float(np.copysign(SIDE, self.yaw))][:count]


def plan_questions(
    runs: Sequence[RunPeople],
    retained: Sequence[Sequence[int]],
    controls: Sequence[int],
    choices: int,
    cast: Cast,
    random: np.random.Generator,
) -> list[Question]:
    """Return all questions in a random order.

    Args:
      runs: the people of each run.
      retained: people of each run whom nobody forgot.
      controls: people who are shown as the source draws them.
      choices: pictures to choose from.
      cast: draws strangers.
      random: draws all else.
    """

    def ask(kind: Kind, place: Place | None, person: int, same_kind: Sequence[int]) -> Question:
        others = [each for each in same_kind if each != person]
        strangers = len(others) < choices - 1
        shown = cast.draw(choices - 1) if strangers else random.choice(others, choices - 1, replace=False)
        shuffled = random.permutation([person, *shown])
        yaw = random.uniform(LEAST_YAW, MOST_YAW) * random.choice([-1, 1])
        return Question(kind, place, person, tuple(map(int, shuffled)), float(yaw), strangers)

    questions = [ask("control", None, person, controls) for person in controls]
    for number, (run, stay) in enumerate(zip(runs, retained, strict=True)):
        copies = sorted(run.forgotten_by)
        for person, copy in run.asked:
            questions.append(ask("forgotten", Place(number, copy), person, run.forgotten_by[copy]))
        for k, person in enumerate(stay):
            questions.append(ask("retained", Place(number, copies[k % len(copies)]), person, stay))
    return [questions[k] for k in random.permutation(len(questions))]


def deal(questions: Sequence[Question], most: int, random: np.random.Generator) -> list[list[int]]:
    """Split the questions into as few parts as give each participant at most so many.

    Every question is in one part. Parts are about equally long, have about as many of each run and kind, and
    show a person twice only where there are too few parts. A person's control comes last of what a part asks
    about them: before, it would show the person from another side.

    Args:
      questions: all questions.
      most: largest number of questions in a part.
      random: draws.

    Returns:
      Numbers of questions, in the order of each part.
    """
    count = -(-len(questions) // most)
    room = -(-len(questions) // count)
    parts: list[list[int]] = [[] for _ in range(count)]

    def cost(part: list[int], question: Question) -> tuple[bool, int, int, int, float]:
        inside = [questions[k] for k in part]
        again = sum(each.person == question.person for each in inside)
        alike = sum(_cell(each) == _cell(question) for each in inside)
        return len(part) >= room, again, alike, len(part), random.random()

    order = sorted(range(len(questions)), key=lambda k: _cell(questions[k]))
    for k in order:
        min(parts, key=lambda part: cost(part, questions[k])).append(k)
    return [_controls_last([int(k) for k in random.permutation(part)], questions) for part in parts]


def _cell(question: Question) -> tuple[str, int]:
    """Return kind and run, which a part should have its share of."""
    return question.kind, -1 if question.place is None else question.place.run


def _controls_last(part: list[int], questions: Sequence[Question]) -> list[int]:
    """Return a part in which a person's control is swapped with their last question."""
    part = list(part)
    for at, k in enumerate(part):
        if questions[k].kind == "control":
            last = max(i for i, each in enumerate(part) if questions[each].person == questions[k].person)
            part[at], part[last] = part[last], part[at]
    return part
