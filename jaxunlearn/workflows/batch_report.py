"""Write the page of a work list: `report.html`, one row per person, with links to pictures and generators."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jaxunlearn.evaluation.forgetting_by_judge import Place
from jaxunlearn.reporting.page.frame import figure_text, write_page
from jaxunlearn.reporting.page.sections.verdict_section import state_of_lost
from jaxunlearn.reporting.page.words import how_many
from jaxunlearn.reporting.verdict import found_by
from jaxunlearn.workflows.batch_dir import DONE, WorklistFolder
from jaxunlearn.workflows.batch_shares import at_random, shares_of_people, worklist_lines

SHORT: dict[Place, str] = {"latent": "latent", "wide": "sides", "truncated": "truncated", "photos": "photos"}
"""Where a person is looked for, in a word."""


@dataclasses.dataclass(frozen=True)
class _Person:
    """A row: links are relative to the folder, empty without a file."""

    name: str
    picture: str
    status: str
    generator: str
    loss: str
    steps: int
    learning_rate: str
    state: str
    verdict: str
    verdict_state: str
    found: str
    lost: str
    lost_state: str


def write_worklist_page(folder: WorklistFolder, *, going: bool = False) -> Path:
    """Write the page of the people so far. Pictures are linked: thousands of them would not fit into a page.

    Args:
      folder: of the work list.
      going: True while a process trains the other people: the page then reloads itself.

    Returns:
      Path of the page.
    """
    last, asked = folder.last(), len(folder.subjects())
    done = sum(line["status"] == DONE for line in last.values())
    diverged = len(last) - done
    lines = folder.measured()
    measured = {line["subject"]: line["figures"] for line in lines}
    values = {
        "measured": (
            worklist_lines(shares_of_people(lines), done, random=at_random(folder, lines)) if lines else []
        ),
        "done": done,
        "asked": asked,
        "diverged": diverged,
        "people": [
            _person(subject, line, measured.get(subject))
            for subject, line in sorted(last.items(), key=lambda item: _worst(item[1], measured.get(item[0])))
        ],
    }
    title = f"{done} of {asked} people done{f', {diverged} diverged' if diverged else ''}"
    write_page(folder.report, "worklist.html", title, values, linked_pictures=True, refresh=going)
    return folder.report


def _person(subject: str, line: dict[str, Any], figures: Mapping[str, Any] | None) -> _Person:
    return _Person(
        subject,
        _link(line.get("picture", "")),
        line["status"],
        _link(line.get("generator", "")),
        "" if line.get("loss") is None else figure_text(line["loss"], 3),
        line["steps"],
        f"{line['learning_rate']:g}",
        "good" if line["status"] == DONE else "bad",
        *_judged(figures),
    )


def _worst(line: Mapping[str, Any], figures: Mapping[str, Any] | None) -> tuple[int, float]:
    """Return what people are ordered by: their state, the worst first, then the share of others they cost."""
    if line["status"] != DONE:
        return 1, 0.0
    if figures is None:
        return 3, 0.0
    return {False: 0, None: 2, True: 4}[figures["forgotten"]], -(figures["others_lost"] or 0.0)


def _judged(figures: Mapping[str, Any] | None) -> tuple[str, str, str, str, str]:
    """Return the verdict with its state, where a judge finds them, and how many others are lost, with its.

    Of somebody who was not measured all are empty.
    """
    if figures is None:
        return "", "", "", "", ""
    words = {True: ("forgotten", "good"), False: ("not forgotten", "bad"), None: ("unknown", "unknown")}
    places = ", ".join(SHORT[place] for place in found_by(figures))
    share = figures["others_lost"]
    if share is None:
        return *words[figures["forgotten"]], places, "unknown", "unknown"
    lost = how_many(figures["others_lost_counts"])
    return *words[figures["forgotten"]], places, lost, state_of_lost([share])


def _link(path: str) -> str:
    """Return a path inside the folder as a relative URL; its name may not be UTF-8."""
    return quote(path, errors="surrogatepass")
