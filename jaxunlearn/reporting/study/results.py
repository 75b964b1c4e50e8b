"""Write what participants answered into the folder of the study."""

from pathlib import Path
from typing import Any

from jaxunlearn.files.door import write_json, write_text
from jaxunlearn.reporting.study.counting import Asked, Counted, Counts
from jaxunlearn.reporting.study.folder import FORMAT
from jaxunlearn.reporting.study.results_page import write_results_page
from jaxunlearn.reporting.study.words import judgement, lines, markdown


def write_results(counts: Counts) -> Path:
    """Write results.json, results.md and report.html; return the path of the last."""
    folder = counts.study.folder
    write_json(folder / "results.json", results_json(counts))
    write_text(folder / "results.md", markdown(counts))
    return write_results_page(folder / "report.html", counts)


def results_json(counts: Counts) -> dict[str, Any]:
    """Return the content of results.json."""
    return {
        "format": FORMAT,
        "study": counts.study.shown["study"],
        "chance": counts.chance,
        "lines": lines(counts),
        "participants": [
            {
                "name": each.name,
                "token": each.token,
                "part": each.part,
                "answered": len(each.answers),
                "asked": each.asked,
                "partial": each.partial,
            }
            for each in counts.participants
        ],
        "counted": [_counted(each, counts.chance) for each in counts.counted],
    }


def _counted(counted: Counted, chance: float) -> dict[str, Any]:
    over = counted.over_participants
    return {
        "kind": counted.kind,
        "run": counted.run,
        "recognised": counted.recognised._asdict(),
        "over_participants": None if over is None else over._asdict(),
        "none": counted.none,
        "median_seconds": counted.seconds,
        "above_chance": counted.above_chance,
        "in_words": judgement(counted, chance),
        "people": [_person(each) for each in counted.people],
    }


def _person(asked: Asked) -> dict[str, Any]:
    return {
        "question": asked.question,
        "name": asked.name,
        "recognised": asked.recognised._asdict(),
        "none": asked.none,
    }
