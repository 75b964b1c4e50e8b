"""Count the answers of a study: who is recognised, how often, and how sure that is."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.statistics import Interval, Share, interval_of, share_of
from jaxunlearn.files.door import local_path
from jaxunlearn.files.paths import as_list
from jaxunlearn.reporting.study.answers import Answer, Participant, read_participants
from jaxunlearn.reporting.study.folder import RightJson, Study, read_study
from jaxunlearn.reporting.study.questions import KINDS, Kind


class Asked(NamedTuple):
    """All answers to one question: a person in a generator.

    Attributes:
      question: its name.
      name: of the person.
      recognised: share of the answers that chose the person, with its Wilson interval.
      none: number of answers that found the person in no picture.
    """

    question: str
    name: str
    recognised: Share
    none: int


class Counted(NamedTuple):
    """All answers about people of one kind in one run.

    Attributes:
      kind: of the questions.
      run: name of the run; None for the controls, which are of the source.
      recognised: share of the answers that chose the person, with its Wilson interval, which takes answers
        for independent.
      over_participants: mean of the participants' own shares, with its bootstrap interval; None without
        answers.
      none: number of answers that found the person in no picture.
      seconds: median of an answer; None without answers.
      above_chance: True if both intervals lie above chance, False if neither does; None if they differ, or
        there are no answers.
      people: each person; the most often recognised first, people without answers last.
    """

    kind: Kind
    run: str | None
    recognised: Share
    over_participants: Interval | None
    none: int
    seconds: float | None
    above_chance: bool | None
    people: tuple[Asked, ...]

    @property
    def highest(self) -> float | None:
        """The greater upper end of both intervals: a higher share is unlikely."""
        ends = [self.recognised.high, self.over_participants and self.over_participants.high]
        return max((end for end in ends if end is not None), default=None)


class Counts(NamedTuple):
    """What participants answered.

    Attributes:
      study: the study.
      chance: share that is recognised by chance, if nobody answers "none".
      participants: who answered.
      counted: each run's forgotten and retained people, then the controls.
      notes: lines about files that were left out.
    """

    study: Study
    chance: float
    participants: list[Participant]
    counted: list[Counted]
    notes: list[str]


class _Said(NamedTuple):
    """An answer, who gave it, and whether it is right."""

    participant: int
    answer: Answer
    right: bool


def count_answers(study: str | Path, answers: str | Path | Sequence[str | Path]) -> Counts:
    """Count the answers of a study.

    Args:
      study: its folder, as `make_study` made it.
      answers: the files that participants saved.

    Raises:
      InputError: if the folder is not of a study, or a file cannot be used: it is of another study, has
        another form, or its participant is there twice.
    """
    paths = [local_path(path) for path in as_list(answers)]
    if not paths:
        raise InputError("give at least one file of answers")
    whole = read_study(local_path(study))
    participants, notes = read_participants(paths, whole.shown)
    key, chance = whole.key, 1 / whole.shown["choices"]
    said = list(_said(participants, key["questions"]))
    runs = [*range(len(key["runs"])), None]
    counted = [_counted(whole, said, run, kind, chance) for run in runs for kind in KINDS]
    return Counts(whole, chance, participants, [each for each in counted if each.people], notes)


def _said(participants: Sequence[Participant], rights: dict[str, RightJson]) -> Iterator[_Said]:
    for number, participant in enumerate(participants):
        for answer in participant.answers:
            yield _Said(number, answer, answer.choice == rights[answer.question]["right"])


def _counted(study: Study, said: Sequence[_Said], run: int | None, kind: Kind, chance: float) -> Counted:
    key = study.key
    names = [name for name, each in key["questions"].items() if (each["run"], each["kind"]) == (run, kind)]
    inside = set(names)
    mine = [each for each in said if each.answer.question in inside]
    by_participant: dict[int, list[bool]] = {}
    for each in mine:
        by_participant.setdefault(each.participant, []).append(each.right)
    share = share_of(sum(each.right for each in mine), len(mine))
    shares = [float(np.mean(rights)) for rights in by_participant.values()]
    over = interval_of(shares) if shares else None
    people = [_asked(name, key["people"][key["questions"][name]["person"]]["name"], mine) for name in names]
    return Counted(
        kind,
        None if run is None else key["runs"][run]["name"],
        share,
        over,
        sum(each.answer.choice == 0 for each in mine),
        float(np.median([each.answer.seconds for each in mine])) if mine else None,
        _above(share, over, chance),
        tuple(
            sorted(
                people,
                key=lambda each: -1.0 if each.recognised.share is None else each.recognised.share,
                reverse=True,
            )
        ),
    )


def _asked(question: str, name: str, said: Sequence[_Said]) -> Asked:
    mine = [each for each in said if each.answer.question == question]
    recognised = share_of(sum(each.right for each in mine), len(mine))
    return Asked(question, name, recognised, sum(each.answer.choice == 0 for each in mine))


def _above(share: Share, over: Interval | None, chance: float) -> bool | None:
    """Return True if a share is above chance by both intervals, False if by neither; None if they differ."""
    if share.low is None:
        return None
    lows = [share.low, *([] if over is None or over.low is None else [over.low])]
    above = {low > chance for low in lows}
    return above.pop() if len(above) == 1 else None
