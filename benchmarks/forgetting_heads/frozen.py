"""`frozen.json`: the chosen settings. The table refuses to run without it, and with another one."""

import hashlib
from pathlib import Path
from typing import Any, TypedDict

from benchmarks.forgetting_heads.candidates import CANDIDATES, NEAREST_TUNED, TUNED, Changes
from benchmarks.forgetting_heads.lines import Line
from benchmarks.forgetting_heads.people import TUNING_DRAWS
from benchmarks.forgetting_heads.rule import best, scores
from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json, write_json
from jaxunlearn.files.json_form import check_form


class Choice(TypedDict):
    """Settings of a row for a number of people.

    Attributes:
      candidate: its name.
      changes: see `candidates.Changes`.
    """

    candidate: str
    changes: dict[str, Any]


class Frozen(TypedDict):
    """The file.

    Attributes:
      rule: where the rule of choice is written.
      trainings: row → number of people → trainings that tuning took.
      rows: row → number of people → its settings.
    """

    rule: str
    trainings: dict[str, dict[str, int]]
    rows: dict[str, dict[str, Choice]]


def freeze(lines: list[Line], path: Path) -> Frozen:
    """Choose settings by the rule, and write them.

    Raises:
      InputError: if the file exists, or a candidate has not had all its runs.
    """
    if path.exists():
        raise InputError(f"{path}: is written already; settings are frozen once")
    for (row, people), names in CANDIDATES.items():
        for name in names:
            runs = [x for x in lines if (x["row"], x["people"], x["candidate"]) == (row, people, name)]
            if len(runs) != TUNING_DRAWS[people]:
                raise InputError(
                    f"{row}, {people} people, {name!r}: {len(runs)} of {TUNING_DRAWS[people]} runs are done; "
                    "run the stage tune once more"
                )
    frozen: Frozen = {
        "rule": "benchmarks/forgetting_heads/rule.py",
        "trainings": {
            row: {str(n): sum((x["row"], x["people"]) == (row, n) for x in lines) for n in TUNING_DRAWS}
            for row in TUNED
        },
        "rows": {
            row: {str(people): _choice(lines, row, tuned) for people, tuned in NEAREST_TUNED.items()}
            for row in TUNED
        },
    }
    write_json(path, frozen)
    return frozen


def _choice(lines: list[Line], row: str, people: int) -> Choice:
    name = best(lines, row, people)
    assert (row, people, name) in scores(lines)
    return {"candidate": name, "changes": dict(CANDIDATES[row, people][name])}


def load_frozen(path: Path, results: list[Line]) -> Frozen:
    """Read the settings of the table.

    Args:
      path: of the file.
      results: lines of the table so far.

    Raises:
      InputError: if there is no such file, or a line was made with another one.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; choose settings first: tune, then freeze, then commit it")
    now = fingerprint(path)
    for line in results:
        if line["frozen"] != now:
            raise InputError(
                f"{path}: changed after the table was begun ({line['row']}, {line['people']} people, draw "
                f"{line['draw']}); a new table needs fresh people"
            )
    return check_form(read_json(path), Frozen, path)


def fingerprint(path: Path) -> str:
    """Return the first characters of the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def changes_of(frozen: Frozen, row: str, people: int) -> tuple[str, Changes]:
    """Return the name and the changes of a row's settings; a row that was not tuned has none."""
    if row not in frozen["rows"]:
        return "", {}
    choice = frozen["rows"][row][str(people)]
    return choice["candidate"], choice["changes"]
