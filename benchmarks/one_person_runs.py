"""Runs that forget one person of the bundled model, measured by all judges; finished ones are read."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import numpy as np
from tqdm import tqdm

from jaxunlearn.evaluation.bundled_people.album import album_latents
from jaxunlearn.evaluation.evaluate import evaluate
from jaxunlearn.evaluation.protocol import MEASURED_WITH
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.files.json_lines import drop_cut_off_line, read_json_lines
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.models.latent_io import read_latents, write_latents
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import people_from_seeds
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.metrics_log import add_line
from jaxunlearn.training.unlearn import unlearn

Case = TypeVar("Case")
Line = TypeVar("Line", bound=Mapping[str, Any])

_LEFT_OUT = (*MEASURED_WITH, "others_lost_by_group", "retain")
"""Figures that are the same for everybody, or too long for a line."""


class Measured(TypedDict):
    """A measured generator that forgot one person.

    Attributes:
      seed: of the person.
      figures: of `evaluate_generator`.
    """

    seed: int
    figures: dict[str, Any]


class MeasuredRun(Measured):
    """A run that forgot one person, as far as all benchmarks have it.

    Attributes:
      steps: of the optimiser.
      steps_per_second: without compilation; other work may have run beside it.
    """

    steps: int
    steps_per_second: float


def completed(
    file: Path,
    form: type[Line],
    wanted: Sequence[Case],
    case_of: Callable[[Line], Case],
    begin: Callable[[Case], Callable[[Case], Line]],
    write: Callable[[Sequence[Line]], None],
) -> list[Line]:
    """Measure the cases that a file of lines lacks, and return all lines.

    Args:
      file: a JSON line for each case; a line that was cut off is measured again.
      form: of a line.
      wanted: cases, in their order.
      case_of: returns the case of a line.
      begin: called with the first missing case, if there is one; returns what measures a case.
      write: writes the page of all lines; called after each measured case, and at the end.
    """
    drop_cut_off_line(file, form)
    done = {case_of(line) for line in read_json_lines(file, form)}
    missing = [case for case in wanted if case not in done]
    if missing:
        measure = begin(missing[0])
        for case in tqdm(missing, unit="case"):
            add_line(file, measure(case))
            write(read_json_lines(file, form))
    lines = read_json_lines(file, form)
    write(lines)
    return lines


def trained(models: Models, seed: int, config: ConfigDict, workdir: Path) -> Result:
    """Forget a person; a finished run is read, and one that was cut off goes on.

    Args:
      models: the bundled generator and its networks.
      seed: of the person.
      config: settings of the run.
      workdir: its folder.
    """
    return unlearn(models, people_from_seeds(models, [seed]), config, workdir=workdir, progress=False)


def photo_latents(models: Models, seed: int, config: ConfigDict, runs: Path) -> dict[int, np.ndarray]:
    """Return the latents of a person's other photos, for `evaluate`.

    They are searched once and kept beside the runs, so that all methods and seeds of a run are measured on
    the same.

    Args:
      models: the bundled generator and its networks.
      seed: of the person.
      config: `config.evaluation.album` is the number of photos.
      runs: the folder of all runs.

    Returns:
      The one person's latents `[M, L, D]`; nobody's where no photos are wanted.
    """
    number = config.evaluation.album
    if not number:
        return {}
    file = runs / f"photos-{seed}-{number}.npz"
    if not file.exists():
        found = album_latents(models, seed, number, compute=from_config.compute(config), progress=False)
        names = [str(k) for k in range(number)]
        write_latents(file, found.ws, names=names, c=found.c, provenance={"seed": seed})
    return {0: read_latents(file, models.generator.config)}


def measured(
    models: Models, reference: Reference, seed: int, config: ConfigDict, workdir: Path
) -> MeasuredRun:
    """Forget a person and measure what came of it; what the folder has already is not done again.

    Args:
      models: the bundled generator and its networks.
      reference: the measured source.
      seed: of the person.
      config: settings of the run.
      workdir: its folder, in the folder of all runs.
    """
    result = trained(models, seed, config, workdir)
    assert result.folder is not None
    if "people" not in result.folder.summary:
        photos = photo_latents(models, seed, config, workdir.parent)
        evaluate(models, result, config, reference=reference, other_ws=photos, progress=False)
    summary = result.folder.summary
    return {
        "seed": seed,
        "steps": summary["steps"],
        "steps_per_second": summary["steps_per_second"],
        "figures": kept(summary["people"]["0"]),
    }


def kept(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a person that a line has."""
    return {name: value for name, value in figures.items() if name not in _LEFT_OUT}
