"""What a reader sees of a table, on its page and in Markdown: ours and the printed numbers side by side."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jaxunlearn.evaluation.statistics.intervals import LEVEL
from jaxunlearn.reporting.page.picture import Picture, encoded
from jaxunlearn.reporting.page.words import isolated
from jaxunlearn.reporting.sheets.sheet import read_picture
from jaxunlearn.workflows.reproduce.declaration import COLUMNS, Figure, Row, Sheet, Table
from jaxunlearn.workflows.reproduce.folder import CellJson, CountJson, TableJson, run_of
from jaxunlearn.workflows.reproduce.tables import TABLES

NOT_MEASURED = "not measured"

JUDGED = {
    "forgotten": "forgotten",
    "at_latent": "found at their latent",
    "in_photos": "found in another photo",
    "others_lost": "others lost",
    "near_lost": "lost near them",
}
"""Names in `folder.JudgedJson` → what they are called."""
JUDGED_MEANS = (
    "The papers give the similarity to one network. Here all judges look. Forgotten: none of them finds the "
    "person anywhere. Found: at least one does. Lost: somebody else afterwards to at least one judge. "
    "Intervals take people, and those whom a run loses, as independent."
)

_LARGEST_PICTURE = 60_000
"""Bytes of the picture of a row."""


@dataclasses.dataclass(frozen=True)
class ShownFigure:
    """A figure of a row: ours, what is known of it over people, and what is printed; empty if nothing is."""

    ours: str
    interval: str
    worst: str
    people: str
    printed: str


@dataclasses.dataclass(frozen=True)
class ShownRow:
    """A row.

    `state` says why it has no figures. `page` is relative to the folder, empty without a file. `picture`
    is of the first person, `whom`; None without a file.
    """

    label: str
    state: str
    page: str
    picture: Picture | None
    whom: str
    figures: tuple[ShownFigure, ...]


@dataclasses.dataclass(frozen=True)
class ShownColumn:
    """A column of a printed table, as a table of its own: rows, and ours beside the printed number."""

    label: str
    source: str
    head: tuple[str, ...]
    rows: tuple[ShownRow, ...]

    @property
    def over_people(self) -> list[tuple[str, str, ShownFigure]]:
        """Label of a row, name of a figure, and the figure, for those that people have one by one."""
        return [
            (row.label, name, figure)
            for row in self.rows
            for name, figure in zip(self.head, row.figures, strict=True)
            if figure.people
        ]

    @property
    def pictures(self) -> list[ShownRow]:
        """The rows with a picture."""
        return [row for row in self.rows if row.picture]


@dataclasses.dataclass(frozen=True)
class ShownSheet:
    """A printed table."""

    name: str
    about: str
    notes: tuple[str, ...]
    columns: tuple[ShownColumn, ...]


@dataclasses.dataclass(frozen=True)
class ShownJudged:
    """What all judges say of a run; `counts` are in the order of `JUDGED`."""

    column: str
    row: str
    counts: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class ShownDifference:
    """A row against another over the same people."""

    column: str
    row: str
    against: str
    figure: str
    difference: str
    interval: str
    p: str
    people: int


@dataclasses.dataclass(frozen=True)
class Shown:
    """All of a table."""

    title: str
    paper: str
    comparability: str
    remarks: tuple[str, ...]
    done: int
    planned: int
    sheets: tuple[ShownSheet, ...]
    judged: tuple[ShownJudged, ...]
    differences: tuple[ShownDifference, ...]
    made_with: tuple[tuple[str, str], ...]


def shown(out: Path, content: TableJson) -> Shown:
    """Return what a reader sees of a table.

    Args:
      out: its folder.
      content: its `table.json`.
    """
    table = TABLES[content["table"]]
    cells = {(cell["column"], cell["row"]): cell for cell in content["cells"]}
    places = [tuple(place) for place in content["planned"]]
    return Shown(
        title=f"{content['table']}: {table.paper}",
        paper=table.paper,
        comparability=comparability(content),
        remarks=tuple(content["remarks"]),
        done=sum(place in cells for place in places),
        planned=len(places),
        sheets=tuple(_sheet(out, table, sheet, content, cells) for sheet in table.sheets),
        judged=tuple(
            _judged(row, cells[column, row.key])
            for column in COLUMNS
            for row in table.rows
            if (column, row.key) in cells
        ),
        differences=tuple(_difference(table, each) for each in content["differences"]),
        made_with=(
            ("generator", str(content["made_with"]["model"])),
            ("settings", content["preset"]),
            ("judge", str(content["measured_with"]["identity"])),
            ("features of the Fréchet distances", str(content["measured_with"]["frechet"])),
            ("versions", ", ".join(f"{name} {version}" for name, version in content["versions"].items())),
        ),
    )


def comparability(content: TableJson) -> str:
    """Return a sentence on whether the numbers of a table can be compared with the printed ones."""
    reasons = content["not_comparable"]
    if reasons:
        return f"Do not compare these numbers with the printed ones: {'; '.join(reasons)}."
    return (
        "Networks and settings are those of the paper, so these numbers can be compared with the printed "
        "ones, within the spread over people: who its people are is not published."
    )


def _sheet(
    out: Path,
    table: Table,
    sheet: Sheet,
    content: TableJson,
    cells: Mapping[tuple[str, str], CellJson],
) -> ShownSheet:
    places = {*cells, *map(tuple, content["planned"])}
    made = [column for column in COLUMNS if any(place[0] == column for place in places)]
    columns = []
    for column in made:
        rows = [row for row in table.rows if (column, row.key) in places]
        shown_rows = tuple(_row(out, sheet, column, row, cells.get((column, row.key))) for row in rows)
        head = tuple(f"{figure.label} {'↓' if figure.better == 'lower' else '↑'}" for figure in sheet.figures)
        columns.append(ShownColumn(COLUMNS[column], content["sources"].get(column, ""), head, shown_rows))
    return ShownSheet(sheet.name, sheet.about, sheet.notes, tuple(columns))


def _row(out: Path, sheet: Sheet, column: str, row: Row, cell: CellJson | None) -> ShownRow:
    folder = run_of(out, column, row.key)
    state = ""
    if cell is None:
        state = "not made yet"
    elif cell["diverged"]:
        state = f"diverged: {', '.join(cell['diverged'])}"
    figures = tuple(_figure(figure, sheet, column, row, cell) for figure in sheet.figures)
    page, picture, whom = "", None, ""
    if cell is not None:
        page, whom = _link(folder.report, out), isolated(cell["people"][0])
        if (file := folder.person_picture(0)).is_file():
            alt = f"{whom}, {row.label}: before, target, after"
            picture = encoded(read_picture(file), alt, _LARGEST_PICTURE)
    return ShownRow(row.label, state, page, picture, whom, figures)


def _figure(figure: Figure, sheet: Sheet, column: str, row: Row, cell: CellJson | None) -> ShownFigure:
    printed = sheet.printed(column, row, figure.key)
    text = "" if printed is None else printed.text
    known = {} if cell is None else cell["figures"].get(figure.key, {})
    if not known:
        return ShownFigure("" if cell is None or cell["diverged"] else NOT_MEASURED, "", "", "", text)
    ours = number(known["mean"])
    if known.get("std") is not None:
        ours += f" ± {number(known['std'])}"
    if "n" not in known:
        return ShownFigure(ours, "", "", "", text)
    interval = "" if known["low"] is None else f"{number(known['low'])} to {number(known['high'])}"
    worst = f"{number(known['worst'])} ({known['worst_person']})"
    return ShownFigure(ours, interval, worst, str(known["n"]), text)


def _difference(table: Table, each: Mapping[str, Any]) -> ShownDifference:
    figures = {figure.key: figure.label for sheet in table.sheets for figure in sheet.figures}
    interval = "" if each["low"] is None else f"{number(each['low'])} to {number(each['high'])}"
    return ShownDifference(
        COLUMNS[each["column"]],
        table.row(each["row"]).label,
        table.row(each["against"]).label,
        figures[each["figure"]],
        number(each["difference"]),
        interval,
        f"{each['p']:.2g}",
        each["n"],
    )


def _judged(row: Row, cell: CellJson) -> ShownJudged:
    judged = cell.get("judged")
    counts = tuple("" if judged is None else _count(judged[name]) for name in JUDGED)
    return ShownJudged(COLUMNS[cell["column"]], row.label, counts)


def _count(count: CountJson) -> str:
    """Return a number of people with its interval; a hyphen if the judges can say it of nobody."""
    if count["low"] is None or count["high"] is None:
        return "-"
    return f"{count['number']} of {count['people']} ({100 * count['low']:.0f} to {100 * count['high']:.0f} %)"


def number(value: float) -> str:
    """Return a number with three digits after the point, or with two that count if it is small."""
    return f"{value:.2g}" if 0 < abs(value) < 0.01 else f"{value:.3f}"


def _link(path: Path, out: Path) -> str:
    """Return a path inside the folder as a relative URL; empty if there is no file."""
    if not path.is_file():
        return ""
    return quote(path.relative_to(out).as_posix(), errors="surrogatepass")


def interval_word() -> str:
    """Return what intervals are called."""
    return f"{LEVEL:.0%} interval".replace("%", " %")
