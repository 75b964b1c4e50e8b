"""Write the page of what participants answered."""

import dataclasses
from pathlib import Path

from jaxunlearn.reporting.page.frame import write_page
from jaxunlearn.reporting.page.picture import Picture
from jaxunlearn.reporting.page.sections.figures_section import Table
from jaxunlearn.reporting.page.words import how_many, isolated
from jaxunlearn.reporting.study.counting import Asked, Counted, Counts
from jaxunlearn.reporting.study.folder import Study
from jaxunlearn.reporting.study.words import (
    HEAD,
    PEOPLE_HEAD,
    caution,
    judgement,
    lines,
    percent,
    person_row,
    row,
    state,
    title,
)

WORST = 6
"""People of each run who are shown: the forgotten ones who are recognised most."""


@dataclasses.dataclass(frozen=True)
class Worst:
    """A forgotten person who was recognised: before, the picture that was recognised, and how often."""

    name: str
    before: Picture
    after: Picture
    words: str


@dataclasses.dataclass(frozen=True)
class Part:
    """Everything about one kind of people in one run.

    Attributes:
      number: of the part, for ids.
      title, share, words: what came out, in words.
      state: colour of the share.
      worst: forgotten people who were recognised.
      table: all people.
    """

    number: int
    title: str
    share: str
    words: str
    state: str
    worst: tuple[Worst, ...]
    table: Table


def write_results_page(path: Path, counts: Counts) -> Path:
    """Write the page, and return its path."""
    values = {
        "parts": [_part(number, each, counts) for number, each in enumerate(counts.counted)],
        "caution": caution(counts),
        "answered": lines(counts)[len(counts.notes)],
        "table_of_all": Table(HEAD, [row(each, counts.chance) for each in counts.counted]),
    }
    write_page(path, "study_results.html", "What people recognised", values)
    return path


def _part(number: int, counted: Counted, counts: Counts) -> Part:
    recognised = [each for each in counted.people if each.recognised.number]
    worst = recognised[:WORST] if counted.kind == "forgotten" else []
    return Part(
        number,
        isolated(title(counted)),
        f"{percent(counted.recognised.share)} recognised",
        judgement(counted, counts.chance),
        state(counted, counts.chance),
        tuple(_worst(each, counts.study) for each in worst),
        Table(PEOPLE_HEAD, [(isolated(name), *cells) for name, *cells in map(person_row, counted.people)]),
    )


def _worst(asked: Asked, study: Study) -> Worst:
    seen, right = study.shown["questions"][asked.question], study.key["questions"][asked.question]["right"]
    name = isolated(asked.name)
    return Worst(
        name,
        _picture(study, seen["given"][0], f"{name}, as the source draws them"),
        _picture(study, seen["choices"][right - 1], f"{name}, as the generator of the run draws them"),
        f"recognised in {how_many(asked.recognised._asdict())} answers",
    )


def _picture(study: Study, number: int, alt: str) -> Picture:
    kept = study.shown["pictures"][number]
    return Picture(kept["source"], kept["width"], kept["height"], alt)
