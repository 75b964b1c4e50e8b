"""Read the answers of participants: files from outside, of which nothing is believed."""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypedDict

from jaxunlearn.errors import InputError, printable, shortened
from jaxunlearn.files.door import read_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.reporting.study.folder import QuestionsJson

LONGEST_NAME = 100
"""Characters of a participant's name; the page takes fewer."""
MOST_SECONDS = 1e6
_TOKEN = re.compile("[0-9a-f]{32}")


class _AnswerJson(TypedDict):
    question: str
    choice: int
    seconds: float


class _AnswersJson(TypedDict):
    format: Literal[1]
    study: str
    participant: str
    token: str
    part: int
    answers: list[_AnswerJson]


class Answer(NamedTuple):
    """An answer: the question, the place that was chosen (0 is none), and the seconds that it took."""

    question: str
    choice: int
    seconds: float


class Participant(NamedTuple):
    """A participant.

    Attributes:
      name: as they gave it, or empty.
      token: what their browser drew to tell them from others.
      part: number of the part that they got, from 0.
      answers: in the order of the part.
      asked: number of questions of the part.
    """

    name: str
    token: str
    part: int
    answers: tuple[Answer, ...]
    asked: int

    @property
    def label(self) -> str:
        """Their name, or the beginning of the token."""
        return self.name or f"participant {self.token[:8]}"

    @property
    def partial(self) -> bool:
        """True if they left questions out."""
        return len(self.answers) < self.asked


def read_participants(paths: Sequence[Path], shown: QuestionsJson) -> tuple[list[Participant], list[str]]:
    """Read files of answers.

    Args:
      paths: the files.
      shown: what the page of the study holds.

    Returns:
      The participants, and a line about each file that was left out because another says the same.

    Raises:
      InputError: if a file is not of this study or has another form, or a participant is there twice.
    """
    found: dict[Path, Participant] = {}
    notes = []
    for path in paths:
        participant = read_participant(path, shown)
        for other, known in found.items():
            if participant == known:
                notes.append(f"{path}: says the same as {other}, and is counted once")
                break
            if participant.token == known.token:
                raise InputError(
                    f"{path}: is of the same participant as {other}; give only the one saved last"
                )
            if participant.name and participant.name.casefold() == known.name.casefold():
                raise InputError(
                    f"{path}: has the same name as {other}, {printable(known.name)}; give one of them, or "
                    "change a name if these are two people"
                )
        else:
            found[path] = participant
    return list(found.values()), notes


def read_participant(path: Path, shown: QuestionsJson) -> Participant:
    """Read one file.

    Raises:
      InputError: see `read_participants`.
    """
    told = check_form(read_json(path), _AnswersJson, path)
    if told["study"] != shown["study"]:
        raise InputError(
            f"{path}: is of study {shortened(told['study'], 16)!r}, not of this one, {shown['study']!r}"
        )
    if not _TOKEN.fullmatch(told["token"]):
        raise InputError(f"{path}: token must be 32 digits of 0 to f, as the page saves it")
    if told["part"] not in range(len(shown["parts"])):
        raise InputError(f"{path}: part must be a number from 0 to {len(shown['parts']) - 1}")
    name = " ".join(told["participant"].split())
    if len(name) > LONGEST_NAME:
        raise InputError(f"{path}: participant must have at most {LONGEST_NAME} characters")
    part = shown["parts"][told["part"]]
    answers = {each["question"]: _answer(path, each, part, shown["choices"]) for each in told["answers"]}
    if len(answers) < len(told["answers"]):
        raise InputError(f"{path}: answers a question twice")
    if not answers:
        raise InputError(f"{path}: holds no answers")
    in_order = tuple(answers[question] for question in part if question in answers)
    return Participant(name, told["token"], told["part"], in_order, len(part))


def _answer(path: Path, told: _AnswerJson, part: Sequence[str], choices: int) -> Answer:
    question, choice, seconds = told["question"], told["choice"], told["seconds"]
    if question not in part:
        raise InputError(f"{path}: {printable(question)} is no question of its part")
    if choice not in range(choices + 1):
        raise InputError(f"{path}: the choice of {question} must be a number from 0 to {choices}")
    if not (math.isfinite(seconds) and 0 <= seconds <= MOST_SECONDS):
        raise InputError(f"{path}: the seconds of {question} must be a number from 0 to {MOST_SECONDS:.0f}")
    return Answer(question, choice, float(seconds))
