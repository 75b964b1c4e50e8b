"""Which runs there are: a row of the table or settings that are tried, how many people, and who."""

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.one_person_settings import config_of as changed_preset
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import preset

GUIDE, COMPOSED, RANDOM = "GUIDE", "LEGATO, composed", "random change"
PRESETS = {
    GUIDE: "guide/many_heads",
    "SUGAR": "sugar/heads",
    "SUGAR, one adapter": "sugar/heads_adapters",
}
"""Row → preset, of the rows that train all people at once."""
ROWS = (*PRESETS, COMPOSED, RANDOM)
NUMBERS = (5, 10, 20)
FIRST_FRESH, FIRST_DEVELOPMENT = 10_000, 100
MOST_PEOPLE = 100
"""In a draw, since the seeds of a draw begin a hundred after those of the one before."""
MOST_DRAWS = 9


class Case(NamedTuple):
    """A run.

    Attributes:
      row: one of `ROWS`, or `PRESET` or `PRESET:KEY=VALUE,...`, which is tried on development people.
      people: in one generator.
      draw: number of the group of people, and seed of the run.
    """

    row: str
    people: int
    draw: int


def cases(rows: Sequence[str], numbers: Sequence[int], draws: int) -> list[Case]:
    """Return all cases: a first draw of every number, then the second, ..."""
    return [Case(row, people, draw) for draw in range(draws) for people in numbers for row in rows]


def seeds_of(case: Case) -> list[int]:
    """Return the seeds of the people: fresh ones for the table, development people for tried settings.

    Twenty people of a draw are the ten of that draw, and ten more.
    """
    first = (FIRST_FRESH if case.row in ROWS else FIRST_DEVELOPMENT) + MOST_PEOPLE * case.draw
    return list(range(first, first + case.people))


def config_of(case: Case) -> ConfigDict:
    """Return the settings of a run; what is measured, and how, is the same in all rows.

    Raises:
      InputError: if a setting that is tried is unknown or out of range.
    """
    trained = case.row not in (COMPOSED, RANDOM)  # the others take only the evaluation from here
    config = changed_preset(PRESETS.get(case.row, case.row) if trained else PRESETS[GUIDE], case.people)
    config.seed = case.draw
    config.evaluation = preset("guide/heads").evaluation
    return config
