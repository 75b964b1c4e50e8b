"""`results.jsonl` and `settings.jsonl`: a line for each measured run."""

from collections.abc import Mapping
from typing import Any, TypedDict

from benchmarks.many_people_heads.cases import Case


class Line(TypedDict):
    """A measured run.

    Attributes:
      row: see `cases.Case`.
      people: in one generator.
      draw: number of the group of people, and seed of the run.
      seeds: of the people.
      processor: of the machine.
      steps: of the optimiser, of each adapter where several are composed; 0 without training.
      steps_per_second: without compilation; other work may have run beside it. None where nothing was
        trained for this row alone.
      trained: how many numbers differ from the source's.
      bytes: of the files that a user keeps beside the source's.
      persons: for each person `forgotten`, `forgotten_by` and `judges`, see `evaluation.forgetting`.
      others: figures of everybody else, see `OTHERS`.
      change: name of a weight → norm of its change; empty but for GUIDE's.
    """

    row: str
    people: int
    draw: int
    seeds: list[int]
    processor: str
    steps: int
    steps_per_second: float | None
    trained: int
    bytes: int
    persons: list[dict[str, Any]]
    others: dict[str, Any]
    change: dict[str, float]


OTHERS = (
    "others_id",
    "others_id_p5",
    "others_lost",
    "others_lost_counts",
    "others_lost_by_group",
    "retained_without_face",
    "fid_pre",
    "kid_pre",
    "kid_pre_std",
    "retained_lpips",
    "others",
    "near",
)
"""Names of the figures of everybody else in a line."""
_PERSON = ("forgotten", "forgotten_by", "judges")
_TARGET = ("id_target", "id_to_target", "reaches_target")


def case_of(line: Line) -> Case:
    """Return the case of a line."""
    return Case(line["row"], line["people"], line["draw"])


def persons_of(figures: Mapping[str, Any], *, target: bool) -> list[dict[str, Any]]:
    """Return the figures of each person that a line has.

    Args:
      figures: of `evaluate`, of one generator that forgot several people.
      target: False leaves the target out, where nobody was to become anybody.
    """
    persons = [{name: own[name] for name in _PERSON} for own in figures["people"].values()]
    if not target:
        for person in persons:
            person["judges"] = {
                judge: {name: value for name, value in judged.items() if name not in _TARGET}
                for judge, judged in person["judges"].items()
            }
    return rounded(persons)


def others_of(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of everybody else that a line has."""
    return rounded({name: figures[name] for name in OTHERS})


def rounded(value: Any) -> Any:
    """Return JSON with numbers of five significant digits, for lines that a person can read."""
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value
