"""Other people, who should stay the same: those who changed most come first."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from jaxunlearn.evaluation.statistics.figures_file import Line
from jaxunlearn.reporting.page.frame import figure_text
from jaxunlearn.reporting.page.picture import PagePictures
from jaxunlearn.reporting.page.sections.people_section import Pair
from jaxunlearn.reporting.page.sections.run_data import RunData
from jaxunlearn.reporting.page.words import radii
from jaxunlearn.reporting.sheets.sheet import Sheet, sheet_name
from jaxunlearn.reporting.verdict import TOO_NEAR

FEW, OF_MANY = 4, 3
"""Up to so many generators show all people of their sheets; each of more generators shows so many."""
_KINDS: dict[Literal["far", "near"], str] = {"far": "retained", "near": "near"}
_TITLES = {"far": "People chosen at random", "near": "People near the forgotten"}


@dataclasses.dataclass(frozen=True)
class Others:
    """Other people of a generator.

    Attributes:
      title, sentence: words.
      pairs: everybody before and after.
      shown: False for a generator that a reader has to ask for, because there are many.
    """

    title: str
    sentence: str
    pairs: tuple[Pair, ...]
    shown: bool

    @property
    def judged(self) -> bool:
        """True if a judge has said something of one of them."""
        return any(pair.note for pair in self.pairs)


def others_pictures(run: RunData) -> int:
    """Return the number of pictures of other people on the page."""
    copies = run.request.copies
    sizes = [run.sheets.size(sheet_name(kind, copy)) for copy in range(copies) for kind in _KINDS]
    return sum(rows * min(columns, _most(columns, copies)) for rows, columns in sizes)


def _most(columns: int, copies: int) -> int:
    """Return how many people of a sheet are shown."""
    return columns if copies <= FEW else OF_MANY


def others_section(run: RunData, pictures: PagePictures) -> list[Others]:
    """Return the other people of each generator, far ones and near ones; the worst generators come first."""
    copies = run.request.copies
    lines: dict[tuple[str, int], dict[Any, Line]] = {}
    for line in run.lines:
        if line["kind"] in _KINDS.values():
            lines.setdefault((line["kind"], line["copy"]), {})[_key(line)] = line
    groups = []
    for place, copy in enumerate(_worst_first(lines, copies)):
        for kind in _KINDS:
            sheet = run.sheets.read(sheet_name(kind, copy))
            if sheet is not None:
                measured = "seed" not in sheet.columns[0]  # else the pictures are older than the figures
                about = lines.get((_KINDS[kind], copy), {}) if measured else {}
                groups.append(_group(run, kind, copy, sheet, about, pictures, shown=place < FEW))
    return groups


def _worst_first(lines: Mapping[tuple[str, int], Mapping[Any, Line]], copies: int) -> list[int]:
    """Return the numbers of the generators: first those that lost most of the random people."""

    def lost(copy: int) -> int:
        return sum(line["lost"] is True for line in lines.get((_KINDS["far"], copy), {}).values())

    return sorted(range(copies), key=lambda copy: -lost(copy))


def _group(
    run: RunData,
    kind: str,
    copy: int,
    sheet: Sheet,
    lines: Mapping[Any, Line],
    pictures: PagePictures,
    *,
    shown: bool,
) -> Others:
    copies = run.request.copies
    judge = (run.summary.get("networks") or {}).get("identity")
    pairs = []
    for column, about in enumerate(sheet.columns[: _most(len(sheet.columns), copies)]):
        line = lines.get(_key(about))
        title = _title(kind, about, line)
        before, after = (
            pictures(sheet.row(row)[column], f"Somebody else, {title}, {row}") for row in ("before", "after")
        )
        pairs.append(Pair(before, after, title, *_judged(line, judge)))
    where = "" if copies == 1 else f", generator of {run.subjects[copy]}"
    return Others(_TITLES[kind] + where, _sentence(kind, len(pairs), lines), tuple(pairs), shown)


def _key(about: Mapping[str, Any]) -> tuple[Any, Any]:
    return about.get("radius"), about.get("number", about.get("seed"))


def _title(kind: str, about: Mapping[str, Any], line: Mapping[str, Any] | None) -> str:
    if "seed" in about:
        return f"seed {about['seed']}"
    if kind == "near":
        return radii(about["radius"])
    return "random person" if line is None else radii(line["distance"])


def _judged(line: Mapping[str, Any] | None, judge: str | None) -> tuple[str, str]:
    if line is None or judge is None:
        return "", ""
    similarity = figure_text(line["judges"].get(judge))
    if line["lost"] is None:
        return similarity, ""
    return f"{'lost' if line['lost'] else 'kept'}, {similarity}", "bad" if line["lost"] else "good"


def _sentence(kind: str, count: int, lines: Mapping[Any, Any]) -> str:
    if not lines:
        return f"{count} random people, who were not measured. They should look the same before and after."
    known = [line for line in lines.values() if not line.get("same", False)]
    group = f"{len(known)} random people" if kind == "far" else f"{len(known)} people near the forgotten ones"
    text = f"Of {group}, the {count} who changed most, the worst first."
    if kind == "near":
        text += " They were made by a step from a forgotten person's latent."
    left_out = len(lines) - len(known)
    if left_out:
        text += f" {left_out} more are left out: {TOO_NEAR}."
    return text
