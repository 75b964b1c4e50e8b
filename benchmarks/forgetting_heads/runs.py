"""Run what is missing: train, measure, and add a line."""

import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import numpy as np
from tqdm import tqdm

from benchmarks.forgetting_heads.candidates import RANDOM, Changes, config_of
from benchmarks.forgetting_heads.lines import Line, rounded
from benchmarks.forgetting_heads.random_change import change_of, randomly_changed
from jaxunlearn.evaluation import Reference
from jaxunlearn.evaluation.evaluate import evaluate
from jaxunlearn.methods.settings import ConfigDict
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import people_from_seeds
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.metrics_log import add_line
from jaxunlearn.training.unlearn import unlearn


class Wanted(NamedTuple):
    """A run that a table needs."""

    row: str
    candidate: str
    changes: Changes
    people: int
    draw: int
    seeds: tuple[int, ...]

    @property
    def key(self) -> tuple[str, str, int, int]:
        """What tells a run from the others of its file."""
        return self.row, self.candidate, self.people, self.draw


def key_of(line: Line) -> tuple[str, str, int, int]:
    """Return the key of a finished run."""
    return line["row"], line["candidate"], line["people"], line["draw"]


def missing(wanted: Iterable[Wanted], lines: Iterable[Line]) -> list[Wanted]:
    """Return the runs that have no line yet, in their order."""
    done = {key_of(line) for line in lines}
    return [run for run in wanted if run.key not in done]


@dataclasses.dataclass(frozen=True)
class Bench:
    """What all runs of a stage share.

    Attributes:
      models: the bundled model.
      reference: draw → the measured source.
      albums: seeds → number of a person → latents of other photos; none are looked at in tuning.
      frozen: fingerprint of the settings; empty for tuning.
      path: of the lines.
      pictures: saves pictures of a run.
    """

    models: Models
    reference: Callable[[int], Reference]
    albums: Callable[[list[int]], Mapping[int, np.ndarray]]
    frozen: str
    path: Path
    pictures: Callable[[Wanted, Result, ConfigDict], None]

    def run_all(self, wanted: list[Wanted], lines: list[Line]) -> list[Line]:
        """Run what has no line yet; each line is on disk before the next run begins.

        Args:
          wanted: in the order in which they run; a random change comes after GUIDE on the same people.
          lines: of the runs so far.

        Returns:
          All lines, the new ones too.
        """
        lines = list(lines)
        for run in tqdm(missing(wanted, lines), unit="run"):
            line = self._run(run, lines)
            add_line(self.path, line)
            lines.append(line)
        return lines

    def _run(self, run: Wanted, lines: list[Line]) -> Line:
        trained_as = run.row if run.row != RANDOM else "GUIDE"
        config = config_of(trained_as, run.people, run.changes, run.draw)
        people = people_from_seeds(self.models, list(run.seeds))
        began = time.monotonic()
        if run.row == RANDOM:
            change = next(x for x in lines if (x["row"], x["people"], x["draw"]) == ("GUIDE", *run.key[2:]))
            generator = randomly_changed(self.models.generator, change["change"], run.seeds[0])
            result = Result(people, people.ws, (generator,), {"compile_seconds": 0.0, "steps": 0}, None)
        else:
            result = unlearn(self.models, people, config, progress=False)
        seconds = time.monotonic() - began - result.summary["compile_seconds"]
        reference, albums = self.reference(run.draw), self.albums(list(run.seeds))
        began = time.monotonic()
        figures = evaluate(self.models, result, config, reference=reference, other_ws=albums, progress=False)
        took = time.monotonic() - began
        self.pictures(run, result, config)
        return {
            "row": run.row,
            "candidate": run.candidate,
            "people": run.people,
            "draw": run.draw,
            "seeds": list(run.seeds),
            "frozen": self.frozen,
            "steps": result.summary["steps"],
            "seconds": round(seconds, 1),
            "compile_seconds": round(result.summary["compile_seconds"], 1),
            "evaluation_seconds": round(took, 1),
            **measured(figures, target=run.row != RANDOM),
            "change": rounded(change_of(self.models.generator, result.generator)),
        }


OTHERS = (
    "others_id",
    "others_id_p5",
    "others_lost",
    "others_lost_counts",
    "others_lost_by_group",
    "retained_without_face",
    "fid_pre",
    "kid_pre",
    "kid_pre_std",
    "retained_lpips",
    "others",
    "near",
)
"""Names of the figures of everybody else in a line."""

_TARGET = ("id_target", "id_to_target", "reaches_target")


class _Measured(TypedDict):
    forgotten: int
    persons: list[dict[str, Any]]
    others: dict[str, Any]
    counts: dict[str, Any]


def measured(figures: Mapping[str, Any], *, target: bool = True) -> _Measured:
    """Return the part of a line that comes from the evaluation.

    Args:
      figures: of `evaluate`, of one generator.
      target: False leaves the target out, where nobody was to become anybody.
    """
    persons = [
        {name: figures_of[name] for name in ("forgotten", "forgotten_by", "judges")}
        for figures_of in figures.get("people", {"0": figures}).values()
    ]
    if not target:
        persons = [
            {**p, "judges": {name: _without(judged, _TARGET) for name, judged in p["judges"].items()}}
            for p in persons
        ]
    return {
        "forgotten": sum(person["forgotten"] is True for person in persons),
        "persons": rounded(persons),
        "others": rounded({name: figures[name] for name in OTHERS}),
        "counts": figures["counts"],
    }


def _without(figures: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if name not in names}
