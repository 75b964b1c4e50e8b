"""The folder of a table.

table.json       everything: figures of each person, printed numbers, settings, networks; written first
table.md         ours and the printed numbers side by side
report.html      the same as a page, with links to the pages of the runs
COLUMN/ROW/      the folder of a run
COLUMN/common/   what rows of distances share
COLUMN/*.npz     latents of photos
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import numpy as np

from jaxunlearn.errors import InputError, printable
from jaxunlearn.files.door import read_json, write_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.lock import refuse_other_files
from jaxunlearn.files.numpy_arrays import read_npz, write_npz
from jaxunlearn.methods.config.declaration import ConfigDict, flat
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.workflows.reproduce.tables import TABLES

TABLE = "table.json"
"""File that makes a folder one of a table."""
MARKDOWN = "table.md"
PAGE = "report.html"
COMMON = "common"


class CountJson(TypedDict):
    """`number` of `people`, of whom judges can say it; `low` and `high` are None where there is nobody."""

    number: int
    people: int
    low: float | None
    high: float | None


class JudgedJson(TypedDict):
    """What all judges say of a run; counts of people are added up over its generators.

    Attributes:
      forgotten: people whom no judge finds anywhere.
      at_latent, in_photos: people whom at least one judge finds at their latent, and in another photo.
      others_lost: people chosen at random who are somebody else afterwards to at least one judge.
      near_lost: the same of people near the forgotten ones.
    """

    forgotten: CountJson
    at_latent: CountJson
    in_photos: CountJson
    others_lost: CountJson
    near_lost: CountJson


class CellJson(TypedDict):
    """A run in `table.json`.

    Attributes:
      column, row: where it stands.
      people: names of the forgotten people.
      steps: of the run.
      settings: fingerprint of its settings.
      diverged: names of the people whose generator diverged; then nothing was measured.
      figures: key of a figure → see `figures.figures_of`.
      judged: what all judges say; None if somebody's generator diverged. Older tables lack it until the
        command is given again.
    """

    column: str
    row: str
    people: list[str]
    steps: int
    settings: str
    diverged: list[str]
    figures: dict[str, dict[str, Any]]
    judged: NotRequired[JudgedJson | None]


class TableJson(TypedDict):
    """`table.json`.

    Attributes:
      table: name of the table.
      versions: of jaxunlearn and JAX.
      preset: with which settings it was made, see `declaration.Base`.
      made_with: the generator, and the networks of the loss.
      measured_with: networks and settings of the measurement, see `carry_out.measuring`.
      sources: column → whose pictures these are.
      remarks: sentences on what was left out.
      not_comparable: why its numbers cannot be compared with the printed ones; empty if they can.
      planned: column and row of each run that was asked for.
      printed: the numbers of the paper: table, column, row, figure, mean and spread; the column is empty
        where the paper does not name it, see `declaration.Sheet`.
      notes: printed table → what is known to be wrong or unclear in it.
      cells: the finished runs.
      differences: rows over the same people, see `figures.compared`.
    """

    table: str
    versions: dict[str, str]
    preset: str
    made_with: dict[str, Any]
    measured_with: dict[str, Any]
    sources: dict[str, str]
    remarks: list[str]
    not_comparable: list[str]
    planned: list[list[str]]
    printed: list[dict[str, Any]]
    notes: dict[str, list[str]]
    cells: list[CellJson]
    differences: list[dict[str, Any]]


def check_free(out: Path, name: str) -> None:
    """Refuse a folder with other files than those of this table.

    Args:
      out: the folder.
      name: of the table.

    Raises:
      InputError: if it has some, or those of another table.
    """
    if (out / TABLE).is_file():
        if (other := read_table(out)["table"]) != name:
            raise InputError(f"{out}: holds the table {other}, not {name}; give another folder")
        return
    refuse_other_files(out, {TABLE})


def read_table(out: Path) -> TableJson:
    """Read `table.json`.

    Raises:
      InputError: if there is none, it is damaged, or of a table that this version does not know.
    """
    content = check_form(read_json(out / TABLE), TableJson, out / TABLE)
    if content["table"] not in TABLES:
        raise InputError(f"{out / TABLE}: no table {printable(content['table'])} is known to this version")
    return content


def write_table(out: Path, content: TableJson) -> None:
    """Write `table.json`."""
    write_json(out / TABLE, content)


def run_of(out: Path, column: str, row: str) -> RunFolder:
    """Return the folder of a run."""
    return RunFolder(out / column / row)


def settings_fingerprint(config: ConfigDict) -> str:
    """Return the first 16 digits of the SHA-256 of all settings."""
    return hashlib.sha256(json.dumps(flat(config), sort_keys=True).encode()).hexdigest()[:16]


def kept(
    path: Path, about: Mapping[str, Any], make: Callable[[], Mapping[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Return arrays that take long to make, from the file of an earlier call if it is about the same.

    Args:
      path: an .npz file.
      about: what the arrays depend on.
      make: makes them.
    """
    text = json.dumps(about, sort_keys=True)
    if path.is_file() and str((arrays := read_npz(path)).get("about")) == text:
        return arrays
    made = {name: np.asarray(array) for name, array in make().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_npz(path, about=np.array(text), **made)
    return made
