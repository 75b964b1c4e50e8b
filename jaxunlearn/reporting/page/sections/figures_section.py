"""All figures of `summary.json` and `attack.json`, so that none is missing from the page."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from jaxunlearn.reporting.page.frame import figure_text, minus
from jaxunlearn.reporting.page.sections.run_data import Figures, RunData
from jaxunlearn.reporting.page.words import ALIGNMENTS, MEANINGS, OF_A_PERSON

_CHANGE = {
    "mse": ("MSE, levels 0 to 255", 1),
    "psnr": ("PSNR, dB", 2),
    "lpips": ("LPIPS", 4),
    "ssim": ("SSIM, Gaussian window", 4),
    "ssim_uniform": ("SSIM, uniform window of 7 pixels", 4),
}
_SHARES = {"forgotten": "forgotten people", "others_lost": "other people who are lost"}


class Table(NamedTuple):
    """A table: the column heads, and rows of cells."""

    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


class AllFigures(NamedTuple):
    """All values of a file: its name, and groups of a name and rows (path, value)."""

    file: str
    groups: list[tuple[str, list[tuple[str, str]]]]


def main_figures(run: RunData) -> Table | None:
    """Return the figures with a meaning; None if the run was not measured."""
    if not run.measured:
        return None
    rows = [
        (name, minus(f"{run.summary[name]:.4g}"), f"{_mean_over(run, name)}{meaning}")
        for name, meaning in MEANINGS.items()
        if run.summary.get(name) is not None
    ]
    return Table(("figure", "value", "meaning"), rows)


def _mean_over(run: RunData, name: str) -> str:
    """Return words before the meaning of a figure that is a mean over people or generators."""
    people = len(run.subjects)
    if people == 1:
        return ""
    if name in OF_A_PERSON:
        return f"mean over the {people} people: "
    return "" if run.together else f"mean over the {people} generators: "


def measured_with(run: RunData) -> str:
    """Return the networks that measured, the main judge before other judges, and how they saw faces."""
    roles = dict(run.summary["networks"])
    main, judges = roles.pop("identity"), roles.pop("judges", [])
    networks = ", ".join(
        [
            f"{main} (main judge)",
            *(f"{name} (judge)" for name in judges if name != main),
            *(f"{name} ({role})" for role, name in roles.items()),
        ]
    )
    return f"Measured with {networks}. {ALIGNMENTS[run.summary.get('align', 'fixed')]}"


def change_table(change: Mapping[str, Any]) -> Table:
    """Return a table of SUGAR's Table 4: how far the forgotten people's pictures moved.

    Args:
      change: as returned by `evaluation.pictures.picture_change`, of a person or of all people.
    """
    people = "std_people" in change["mse"]
    keys = ("mean", "std", *(["std_people"] if people else []))
    head = ("the forgotten, before and after", "mean", "deviation over pictures")
    rows = []
    for name, (label, digits) in _CHANGE.items():
        values = [change[name][key] for key in keys]
        rows.append((label, *("one only" if v is None else figure_text(v, digits) for v in values)))
    return Table((*head, *(["deviation over people"] if people else [])), rows)


def intervals_table(summary: Figures) -> Table | None:
    """Return a table of the figures that at least two people have; None without any.

    Args:
      summary: of an evaluated run, with the `intervals` and `shares` of `statistics_of`.
    """
    rows = [
        (
            name,
            figure_text(each["mean"], 3),
            f"{figure_text(each['low'], 3)} to {figure_text(each['high'], 3)}",
            figure_text(each["std"], 3),
            figure_text(each["worst"], 3),
            str(each["n"]),
        )
        for name, each in summary.get("intervals", {}).items()
        if each["n"] > 1
    ]
    for name, label in _SHARES.items():
        share = summary.get("shares", {}).get(name, {"people": 0})
        if share["people"] > 1:
            between = f"{share['low']:.3f} to {share['high']:.3f}"
            of_all = f"{share['number']} of {share['people']}"
            rows.append((label, f"{share['share']:.3f}", between, "", "", of_all))
    head = ("over people", "mean or share", "95 % interval", "deviation", "worst", "people")
    return Table(head, rows) if rows else None


def all_figures(run: RunData) -> list[AllFigures]:
    """Return every value of the run's JSON files."""
    files = {"summary.json": run.summary, "attack.json": run.attacks}
    return [
        AllFigures(file, [(name, list(_rows(value, "", content))) for name, value in content.items()])
        for file, content in files.items()
        if content
    ]


def _rows(value: Any, path: str, whole: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Walk through a value.

    Args:
      value: of JSON.
      path: where it is in its group.
      whole: the file's content; what a person has in common with it is not repeated.
    """
    if isinstance(value, Mapping) and value:
        for name, member in value.items():
            if path and isinstance(member, dict | list) and member and whole.get(name) == member:
                yield f"{path} · {name}", f"as {name} of the file"
            else:
                yield from _rows(member, f"{path} · {name}" if path else name, whole)
    elif isinstance(value, list) and any(isinstance(member, dict | list) for member in value):
        for number, member in enumerate(value):
            yield from _rows(member, f"{path} · {number}" if path else str(number), whole)
    elif isinstance(value, list):
        yield path, ", ".join(_plain(member) for member in value)
    else:
        yield path, _plain(value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
