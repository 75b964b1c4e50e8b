"""Write `table.json`, `table.md` and the page of a table."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from jaxunlearn.files.door import write_text
from jaxunlearn.reporting.markdown import markdown_table
from jaxunlearn.reporting.page.frame import write_page
from jaxunlearn.workflows.reproduce.folder import MARKDOWN, PAGE, TableJson, read_table, write_table
from jaxunlearn.workflows.reproduce.shown import (
    JUDGED,
    JUDGED_MEANS,
    Shown,
    ShownColumn,
    ShownSheet,
    interval_word,
    shown,
)


def write_all(out: Path, content: TableJson, *, going: bool = False) -> None:
    """Write the three files.

    Args:
      out: folder of the table.
      content: for `table.json`, from which the others are made.
      going: True while runs are being made: the page then reloads itself.
    """
    write_table(out, content)
    seen = shown(out, content)
    write_text(out / MARKDOWN, markdown(seen))
    values = {"shown": seen, "interval": interval_word(), "judged": JUDGED, "judged_means": JUDGED_MEANS}
    write_page(out / PAGE, "reproduce.html", seen.title, values, refresh=going)


def remake_table(out: Path, *, going: bool = False) -> Path:
    """Write the page and the Markdown of a table anew, from its `table.json`.

    Returns:
      Path of the page.

    Raises:
      InputError: if there is none, or it is damaged.
    """
    write_all(out, read_table(out), going=going)
    return out / PAGE


def markdown(seen: Shown) -> str:
    """Return a table in Markdown."""
    lines = [f"# {seen.title}", "", seen.comparability, ""]
    lines += [f"- {remark}" for remark in seen.remarks]
    if seen.done < seen.planned:
        lines.append(f"- {seen.done} of {seen.planned} runs are done; the same command makes the others.")
    for sheet in seen.sheets:
        lines += _sheet(sheet)
    if seen.judged:
        lines += ["", "## What all judges say", "", JUDGED_MEANS, ""]
        counted = ((each.column, each.row, *each.counts) for each in seen.judged)
        lines += _table(("", "row", *JUDGED.values()), counted)
    if seen.differences:
        lines += ["", "## The same people in both rows", ""]
        head = ("", "row", "against", "figure", "difference", interval_word(), "p", "people")
        lines += _table(
            head,
            (
                (
                    each.column,
                    each.row,
                    each.against,
                    each.figure,
                    each.difference,
                    each.interval,
                    each.p,
                    str(each.people),
                )
                for each in seen.differences
            ),
        )
    lines += ["", "## Made with", "", *_table(("", ""), seen.made_with)]
    return "\n".join(lines) + "\n"


def _sheet(sheet: ShownSheet) -> list[str]:
    lines = ["", f"## {sheet.name}. {sheet.about}"]
    for column in sheet.columns:
        lines += ["", f"### {column.label}: {column.source}", "", *_beside(column)]
        if over := column.over_people:
            head = ("row", "figure", interval_word(), "worst person", "people")
            rows = ((row, name, each.interval, each.worst, each.people) for row, name, each in over)
            lines += ["", *_table(head, rows)]
    return [*lines, "", *(f"- {note}" for note in sheet.notes)]


def _beside(column: ShownColumn) -> list[str]:
    """Return the table with the printed number beside each of ours."""
    head = ["", *(cell for name in column.head for cell in (name, "printed"))]
    rows = []
    for row in column.rows:
        cells = [cell for each in row.figures for cell in (each.ours, each.printed)]
        rows.append([f"{row.label} ({row.state})" if row.state else row.label, *cells])
    return _table(head, rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return markdown_table([*map(_cell, head)], ([*map(_cell, row)] for row in rows))


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
