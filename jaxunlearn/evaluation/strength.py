"""Measure a run's adapters at another strength than that of their training (LEGATO's end time)."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jaxunlearn.evaluation.embedded_views import embeddings_of
from jaxunlearn.evaluation.evaluate import evaluate, refuse_diverged
from jaxunlearn.evaluation.judges import Judge
from jaxunlearn.evaluation.judges.answers import mean
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.files.door import write_json
from jaxunlearn.limits import LARGEST_STRENGTH
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.models.adapters import with_strength, with_strengths
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.loading import Models
from jaxunlearn.models.renderer import Renderer
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.networks_of_run import check_models

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, LARGEST_STRENGTH)
"""Strengths of a strip, from the source to the longest end time."""


class Shots(NamedTuple):
    """Latents with their cameras."""

    ws: np.ndarray
    """`[N, L, D]`."""

    c: np.ndarray
    """`[N, 25]`."""


class AtStrength(NamedTuple):
    """A person at one strength."""

    figures: dict[str, Any]
    """`strength`; `judges`, name → the person's similarity before and after; `others`, the mean similarity of
    other people before and after to the main judge. None where no face was found."""

    images: np.ndarray
    """`[N, R, R, 3]` in [-1, 1], the pictures that were asked for."""


def over_strengths(
    renderer: Renderer,
    generator: Generator,
    judges: Sequence[Judge],
    *,
    person: Shots,
    others: Shots,
    shown: Shots,
    batch: int,
    strengths: Sequence[float] = STRENGTHS,
) -> list[AtStrength]:
    """Measure how alike a person and others are to themselves before, at each strength.

    Args:
      renderer: of the generator before.
      generator: the one with the person's adapters.
      judges: who compares; the first is the main judge.
      person: the person's latent from the views of the evaluation.
      others: people who should stay, one view each.
      shown: what is rendered for its pictures.
      batch: images measured at a time.
      strengths: factors of the adapters' end time.
    """
    ws, c = (jnp.concatenate(each) for each in zip(person, others, shown, strict=True))
    first, last = len(person.ws), len(person.ws) + len(others.ws)

    def seen(renderer: Renderer) -> tuple[dict[str, np.ndarray], np.ndarray]:
        images = np.clip(renderer(ws, c).image, -1, 1)
        return embeddings_of(judges, images[:last], c[:last], batch), images[last:]

    def figures(after: Mapping[str, np.ndarray]) -> dict[str, Any]:
        alike = {
            judge.name: mean(judge.similarity(before[judge.name][:first, 0], after[judge.name][:first, 0]))
            for judge in judges
        }
        main = judges[0]
        of_others = main.similarity(before[main.name][first:], after[main.name][first:])
        return {"judges": alike, "others": mean(of_others)}

    before, _ = seen(renderer)
    found = []
    for strength, changed in zip(strengths, with_strengths(generator, strengths), strict=True):
        after, images = seen(renderer.with_generator(changed))
        found.append(AtStrength({"strength": strength, **figures(after)}, images))
    return found


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
      InputError: if the run started from another generator or has no adapters, or a generator diverged.
    """
    check_models(models, result.folder)
    refuse_diverged(result)
    assert result.folder is not None, "a run without a folder has nowhere to put its figures"
    changed = at_strength(result, strength)
    figures = evaluate(models, changed, config, reference=reference, other_ws=other_ws, progress=progress)
    figures = {"strength": strength, **figures}
    path = result.folder.strengths / f"{strength:g}.json"
    path.parent.mkdir(exist_ok=True)
    write_json(path, figures)
    return path, figures
