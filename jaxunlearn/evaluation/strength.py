"""Measure a run's adapters at another strength than that of their training (LEGATO's end time)."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jaxunlearn.evaluation.evaluate import evaluate
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.files.door import write_json
from jaxunlearn.methods.settings import ConfigDict
from jaxunlearn.models.adapters import with_strength
from jaxunlearn.models.loading import Models
from jaxunlearn.training.result import Result


def at_strength(result: Result, strength: float) -> Result:
    """Return a result whose adapters run to `strength` times their end time, without a folder.

    Raises:
      InputError: if the run has no adapters.
    """
    generators = tuple(with_strength(generator, strength) for generator in result.generators)
    return dataclasses.replace(result, generators=generators, folder=None)


def evaluate_strength(
    models: Models,
    result: Result,
    config: ConfigDict,
    strength: float,
    *,
    reference: Reference | None = None,
    other_ws: Mapping[int, np.ndarray] | None = None,
    progress: bool = True,
) -> tuple[Path, dict[str, Any]]:
    """Measure a run with a folder at a strength, and write the figures to `strength/S.json` in it.

    The figures of the run itself stay as they are.

    Args:
      models: the models of the run.
      result: of the run.
      config: `config.evaluation` is used.
      strength: factor of the adapters' end time; 0 is the source.
      reference: see `evaluate`.
      other_ws: see `evaluate`.
      progress: True shows progress bars.

    Returns:
      The file, and its figures: those of `evaluate`, and `strength`.

    Raises:
      InputError: if the run has no adapters.
    """
    assert result.folder is not None, "a run without a folder has nowhere to put its figures"
    changed = at_strength(result, strength)
    figures = evaluate(models, changed, config, reference=reference, other_ws=other_ws, progress=progress)
    figures = {"strength": strength, **figures}
    path = result.folder.path / "strength" / f"{strength:g}.json"
    path.parent.mkdir(exist_ok=True)
    write_json(path, figures)
    return path, figures
