"""Which runs a table is made of: chosen, given their settings, and checked before anything long begins."""

import dataclasses
from collections.abc import Callable, Sequence

from jax.sharding import Mesh

from jaxunlearn.errors import InputError, printable
from jaxunlearn.evaluation.bundled_people.album import check_albums
from jaxunlearn.methods.config import check_config
from jaxunlearn.methods.config.declaration import ConfigDict, did_you_mean, flat
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models.loading import Models
from jaxunlearn.training.checks import check_mesh
from jaxunlearn.workflows.reproduce.columns import Listed, Whose
from jaxunlearn.workflows.reproduce.declaration import (
    COLUMNS,
    RANDOM,
    SUGAR,
    Base,
    Row,
    Table,
)
from jaxunlearn.workflows.reproduce.sugar_tables import RETAINED_DISTANCE
from jaxunlearn.workflows.reproduce.tables import OPTIONS

Change = Callable[[ConfigDict], ConfigDict]
"""Returns the settings of a row with what the user changes for all rows."""


@dataclasses.dataclass(frozen=True)
class Cell:
    """A run: where it stands, and what it is.

    Attributes:
      column: key of the column.
      row: the row.
      people: number of people it forgets.
      config: its settings.
      shared: the settings that all rows of its method have in common.
      printed: the settings of the same row as the paper has them.
    """

    column: str
    row: Row
    people: int
    config: ConfigDict
    shared: ConfigDict
    printed: ConfigDict


def chosen_rows(table: Table, names: Sequence[str], numbers: Sequence[int]) -> tuple[Row, ...]:
    """Return the rows that are asked for, in the order of the table.

    Args:
      table: the table.
      names: keys of rows; empty for all.
      numbers: of people who share a generator; empty for all.

    Raises:
      InputError: if there is no such row.
    """
    keys, known = [row.key for row in table.rows], {row.people for row in table.rows if row.people}
    for name in names:
        if name not in keys:
            hint = did_you_mean(name, keys, "")
            raise InputError(
                f"{table.name} has no row {printable(name)}{hint}; choose from {', '.join(keys)}"
            )
    if numbers and not known:
        raise InputError(f"{table.name}: has no numbers of people to choose from; leave --numbers out")
    for number in numbers:
        if number not in known:
            said = ", ".join(map(str, sorted(known)))
            raise InputError(f"{table.name} has no row for {number} people; choose from {said}")
    rows = (row for row in table.rows if not names or row.key in names)
    chosen = tuple(row for row in rows if not numbers or row.people in numbers)
    if not chosen:
        raise InputError(f"{table.name}: no row is left; choose from {', '.join(keys)}")
    return chosen


def chosen_columns(table: Table, whose: Whose, models: Models) -> tuple[list[str], list[str]]:
    """Return the columns that can be made, and a sentence on each that is left out.

    People of the generator take the place of photos in tables without the column Random: the bundled model
    renders their other photos.

    Raises:
      InputError: if photos or people are given that the table has no use for, or no column is left.
    """
    for column in whose.photos:
        if column not in table.columns:
            raise InputError(f"{table.name} has no column {COLUMNS[column]}; leave {OPTIONS[column]} out")
    for column in whose.retained:
        if not table.retained or column not in whose.photos:
            what = "measures no retaining set" if not table.retained else f"needs {OPTIONS[column]} with it"
            raise InputError(f"--retain-{column}: {table.name} {what}")
    made = [column for column in COLUMNS if column in whose.photos or (column == RANDOM and whose.seeds)]
    if table.retained:
        made = [column for column in made if column == RANDOM or column in whose.retained]
    remarks = []
    for column in table.columns:
        if column not in made:
            and_set = " and --retain-" + column if table.retained and column != RANDOM else ""
            remarks.append(f"The column {COLUMNS[column]} is left out: it needs {OPTIONS[column]}{and_set}.")
    if RANDOM in made and RANDOM not in table.columns:
        remarks.append(f"{table.name} is printed without the column Random: it has no published numbers.")
        if table.others and not models.is_bundled:
            remarks.append("People of this generator have no other photos, so Random has no ID_others.")
    if not made:
        raise InputError(f"{table.name}: no column is left. {' '.join(remarks)}")
    return made, remarks


def planned(
    table: Table,
    rows: Sequence[Row],
    who: Sequence[Listed],
    base: Base,
    change: Change,
    models: Models,
    mesh: Mesh | None,
) -> tuple[list[Cell], list[str]]:
    """Return the runs, column by column, and a sentence on each that is left out.

    Raises:
      InputError: if a setting cannot be used, or the rows decide over one that is changed.
    """
    cells, remarks = [], []
    evaluation = _evaluation(table, rows[-1], base, change)
    for each in who:
        for row in rows:
            there = len(each.subjects)
            if row.people > there:
                remarks.append(
                    f"{COLUMNS[each.column]}, {row.label}: left out, there are only {there} people."
                )
                continue
            people = row.people or there
            config = change(row.preset(base, people))
            config.evaluation = evaluation.copy_and_resolve_references()
            if each.column == RANDOM and table.retained:
                config.evaluation.retain_random = _retained_distance(config, base, models)
            shared = config.copy_and_resolve_references()
            row.settle(config, base)
            printed = _printed(row, rows[-1], base, people)
            cells.append(Cell(each.column, row, people, config, shared, printed))
    if not cells:
        raise InputError(f"{table.name}: no run is left. {' '.join(remarks)}")
    for cell in cells:
        _check(cell, models, mesh)
    _check_changes(table, rows, cells, base, change)
    for each in who:
        check_albums(models, cells[0].config, each.seeds)
    return cells, remarks


def _evaluation(table: Table, row: Row, base: Base, change: Change) -> ConfigDict:
    """Return how all rows are measured: as a row's preset says, but for photos that no figure is of."""
    own = row.preset(base).evaluation
    evaluation = change(row.preset(base)).evaluation
    if not table.others and evaluation.album == own.album:
        evaluation.album = 0
    return evaluation


def _printed(row: Row, measured_as: Row, base: Base, people: int) -> ConfigDict:
    """Return the settings of a row as the paper, or its program, has them."""
    kind: Base = "official" if base == "official" else "paper"
    config = row.preset(kind, people)
    row.settle(config, kind)
    config.evaluation = measured_as.preset(kind).evaluation
    return config


def _retained_distance(config: ConfigDict, base: Base, models: Models) -> float:
    """Return the absolute distance of the retaining set, in proportion to that of the surrogates."""
    if config.unit == "absolute":
        return RETAINED_DISTANCE
    distance = Row("", "", SUGAR).preset(base, 10).target.distance
    paper = Row("", "", SUGAR).preset("paper", 10).target.distance
    return float(f"{RETAINED_DISTANCE * distance / paper * models.median_radius:.6g}")


def _check(cell: Cell, models: Models, mesh: Mesh | None) -> None:
    """Refuse settings of a run that suit neither each other nor the generator."""
    config = cell.config
    check_config.check(config)
    method = method_of(config)
    check_mesh(mesh, shared=method.shares_generator(config))
    method.check_files(config)
    method.check_generator(models.generator, config)
    check_config.check_rays(config, models.generator.config, models.perceptual)


def _check_changes(
    table: Table, rows: Sequence[Row], cells: Sequence[Cell], base: Base, change: Change
) -> None:
    """Refuse a change of a setting that no row keeps.

    Raises:
      InputError: naming it.
    """
    before = flat(rows[0].preset(base))
    asked = {
        name: value for name, value in flat(change(rows[0].preset(base))).items() if before[name] != value
    }
    for name, value in asked.items():
        if all(flat(cell.config).get(name) != value for cell in cells):
            raise InputError(f"config.{name}: the rows of {table.name} decide over it; leave it out")
