"""The people whom several runs have in common, from the front."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from jaxunlearn.evaluation.statistics.compare_runs import same_person
from jaxunlearn.reporting.page.picture import PagePictures, Picture
from jaxunlearn.reporting.page.sections.people_section import state_of
from jaxunlearn.reporting.page.sections.run_data import RunData
from jaxunlearn.reporting.sheets.sheet import EVERYBODY, front_of, sheet_name

MOST_PEOPLE = 24
"""Largest number of people who are shown side by side."""


@dataclasses.dataclass(frozen=True)
class InRun:
    """A person in a run: its name, the person's target and what they became, and whether they are forgotten.

    Attributes:
      run: name of the run.
      target, after: pictures.
      state: "good" if the person is forgotten, "bad" if not, "unknown" if nobody can say.
    """

    run: str
    target: Picture
    after: Picture
    state: str


@dataclasses.dataclass(frozen=True)
class ComparedPerson:
    """A person: before, and in each run."""

    name: str
    before: Picture
    runs: tuple[InRun, ...]


def common_people(runs: Mapping[str, RunData]) -> list[ComparedPerson]:
    """Return the people of whom all runs have pictures; none if the runs are of different generators.

    A person is the same in all runs by name and by latent.

    Args:
      runs: name of a run → its folder's content.
    """
    first = next(iter(runs.values()))
    if any(run.request.fingerprint != first.request.fingerprint for run in runs.values()):
        return []
    numbers = {label: _numbers(first, run) for label, run in runs.items()}
    common = [k for k in range(len(first.subjects)) if all(k in each for each in numbers.values())]
    shown = common[:MOST_PEOPLE]
    pictures = PagePictures(len(shown) * (1 + 2 * len(runs)), len(common))
    people = [
        _person(first.subjects[k], runs, {label: numbers[label][k] for label in runs}, pictures)
        for k in shown
    ]
    return [person for person in people if person is not None]


def _numbers(first: RunData, run: RunData) -> dict[int, int]:
    """Return number of a person in the first run → their number in another run, for those who are there.

    Several people may have one name, and even one latent: nobody of the other run is taken twice.
    """
    ws, others, numbers = first.folder.people(), run.folder.people(), {}
    for k, name in enumerate(first.subjects):
        for number, other in enumerate(run.subjects):
            if name == other and number not in numbers.values() and same_person(ws[k], others[number]):
                numbers[k] = number
                break
    return numbers


def _person(
    name: str, runs: Mapping[str, RunData], numbers: Mapping[str, int], pictures: PagePictures
) -> ComparedPerson | None:
    fronts = {label: _front(run, numbers[label]) for label, run in runs.items()}
    known = {label: front for label, front in fronts.items() if front is not None}
    if len(known) < len(runs):
        return None
    before = pictures(next(iter(known.values()))["before"], f"{name} before, from the front")
    in_runs = tuple(
        InRun(
            label,
            pictures(front["target"], f"The target of {name} in {label}, from the front"),
            pictures(front["after"], f"{name} after {label}, from the front"),
            state_of(runs[label].figures_of(numbers[label])),
        )
        for label, front in known.items()
    )
    return ComparedPerson(name, before, in_runs)


def _front(run: RunData, k: int) -> dict[str, np.ndarray] | None:
    """Return "before", "target" and "after" → a person from the front; None without pictures."""
    sheet = run.sheets.read(sheet_name("person", k))
    front = front_of(k, sheet, run.sheets.read(EVERYBODY) if sheet is None else None)
    return None if front is None else front[0]
