"""`figures.jsonl` of an evaluated run: a line for each person, and for each look at a person."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.forgetting import PlaceLook
from jaxunlearn.evaluation.forgetting_by_judge import JudgeFigures, Place
from jaxunlearn.evaluation.protocol import Measured
from jaxunlearn.evaluation.retention import NearPerson, RetainedPerson
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.json_lines import read_json_lines, write_json_lines

Line = dict[str, Any]
"""A line in one of the forms below."""


class PersonLine(TypedDict):
    """A forgotten person.

    Attributes:
      person, subject: number and name of the person.
      judges, forgotten, forgotten_by: see `PersonFigures`.
      figures: all other `PersonFigures`.
    """

    kind: Literal["person"]
    person: int
    subject: str
    judges: dict[str, JudgeFigures]
    forgotten: bool | None
    forgotten_by: dict[Place, bool | None]
    figures: dict[str, Any]


class LookLine(PlaceLook):
    """A place where a forgotten person was looked for.

    Attributes:
      person, subject: number and name of the person.
    """

    kind: Literal["look"]
    person: int
    subject: str


class RetainedLine(RetainedPerson):
    """Somebody who should stay the same.

    Attributes:
      copy: number of the generator copy; 0 where all people share one.
      number: of the retained person.
    """

    kind: Literal["retained"]
    copy: int
    number: int


class NearLine(NearPerson):
    """Somebody near a forgotten person.

    Attributes:
      copy: number of the generator copy; 0 where all people share one.
    """

    kind: Literal["near"]
    copy: int


class _AnyLine(TypedDict):
    kind: Literal["person", "look", "retained", "near"]


_FORMS: dict[str, type[Any]] = {
    "person": PersonLine,
    "look": LookLine,
    "retained": RetainedLine,
    "near": NearLine,
}


def figure_lines(subjects: Sequence[str], measured: Sequence[Measured]) -> list[Line]:
    """Return all lines of a run.

    Args:
      subjects: names of the `K` forgotten people.
      measured: of one generator that forgot all of them, or of `K` that forgot one each.
    """
    lines: list[Line] = []
    first = 0
    for copy, each in enumerate(measured):
        for k, person in enumerate(each.people, start=first):
            own = {"person": k, "subject": subjects[k]}
            figures: dict[str, Any] = dict(person.figures)
            apart = {name: figures.pop(name) for name in ("judges", "forgotten", "forgotten_by")}
            lines.append({"kind": "person", **own, **apart, "figures": figures})
            lines += [{"kind": "look", **own, **look} for look in person.looks]
        for number, other in enumerate(each.retained.people):
            nearest = other["nearest"] + first
            lines.append({"kind": "retained", "copy": copy, "number": number, **other, "nearest": nearest})
        for near in each.retained.near:
            lines.append({"kind": "near", "copy": copy, **near, "nearest": near["nearest"] + first})
        first += len(each.people)
    return lines


def write_figures(path: Path, lines: Sequence[Line]) -> None:
    """Write the file; it appears complete or not at all."""
    write_json_lines(path, lines)


def read_figures(path: Path) -> list[Line]:
    """Read the file of an evaluated run.

    Raises:
      InputError: if there is none, or it has another form.
    """
    if not path.is_file():
        run = shlex.quote(str(path.parent))
        raise InputError(f"{path}: no such file; measure the run first: jaxunlearn evaluate {run}")
    lines: list[Line] = [dict(line) for line in read_json_lines(path, _AnyLine)]
    for number, line in enumerate(lines, 1):
        check_form(line, _FORMS[line["kind"]], f"{path}: line {number}")
    return lines
