"""Choose the people of a page: others who changed most, and the forgotten who are still most alike."""

from collections.abc import Mapping, Sequence
from typing import Any

FAR, NEAR = 12, 6
"""Largest numbers of random people and of people near the forgotten ones, for each generator."""

Line = Mapping[str, Any]


def changed_most(lines: Sequence[Line], kind: str, copy: int, judge: str, most: int) -> list[Line]:
    """Return the lines of the people who changed most: first those who are lost, then by similarity.

    Args:
      lines: of `figures.jsonl`.
      kind: "retained" for random people, "near" for people made near the forgotten ones. Near people whom a
        judge takes for the forgotten person already in the source are left out: to change them is no fault.
      copy: number of the generator copy.
      judge: name of the judge whose similarity decides.
      most: largest number of people.
    """
    people = [
        line
        for line in lines
        if line["kind"] == kind
        and line["copy"] == copy
        and not line.get("same", False)
        and line["judges"].get(judge) is not None
    ]
    return sorted(people, key=lambda line: (line["lost"] is not True, line["judges"][judge]))[:most]


def hardest_first(people: Sequence[Mapping[str, Any] | None]) -> list[int]:
    """Return the numbers of people: first those who are not forgotten, then the most alike.

    Args:
      people: figures of each person; None for one who was not measured.
    """

    def key(k: int) -> tuple[bool, float]:
        figures = people[k]
        if figures is None or figures["id"] is None:
            return True, 2.0
        return figures["forgotten"] is not False, -figures["id"]

    return sorted(range(len(people)), key=key)
