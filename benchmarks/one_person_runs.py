"""Runs that forget one person of the bundled model, measured by all judges; finished ones are read."""

from pathlib import Path
from typing import Any, TypedDict

from jaxunlearn.evaluation.evaluate import evaluate
from jaxunlearn.evaluation.protocol import MEASURED_WITH
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.methods.settings import ConfigDict
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import people_from_seeds
from jaxunlearn.training.result import Result
from jaxunlearn.training.unlearn import unlearn

_LEFT_OUT = (*MEASURED_WITH, "others_lost_by_group", "retain")
"""Figures that are the same for everybody, or too long for a line."""


class MeasuredRun(TypedDict):
    """A run that forgot one person, as far as all benchmarks have it.

    Attributes:
      seed: of the person.
      steps: of the optimiser.
      steps_per_second: without compilation; other work may have run beside it.
      figures: of `evaluate_generator`.
    """

    seed: int
    steps: int
    steps_per_second: float
    figures: dict[str, Any]


def trained(models: Models, seed: int, config: ConfigDict, workdir: Path) -> Result:
    """Forget a person; a finished run is read, and one that was cut off goes on.

    Args:
      models: the bundled generator and its networks.
      seed: of the person.
      config: settings of the run.
      workdir: its folder.
    """
    return unlearn(models, people_from_seeds(models, [seed]), config, workdir=workdir, progress=False)


def measured(
    models: Models, reference: Reference, seed: int, config: ConfigDict, workdir: Path
) -> MeasuredRun:
    """Forget a person and measure what came of it; what the folder has already is not done again.

    Args:
      models: the bundled generator and its networks.
      reference: the measured source.
      seed: of the person.
      config: settings of the run.
      workdir: its folder.
    """
    result = trained(models, seed, config, workdir)
    assert result.folder is not None
    if "people" not in result.folder.summary:
        evaluate(models, result, config, reference=reference, progress=False)
    summary = result.folder.summary
    figures = summary["people"]["0"]
    return {
        "seed": seed,
        "steps": summary["steps"],
        "steps_per_second": summary["steps_per_second"],
        "figures": {name: value for name, value in figures.items() if name not in _LEFT_OUT},
    }
