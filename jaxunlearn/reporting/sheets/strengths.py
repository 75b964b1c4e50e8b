"""Render a person at other strengths of their adapters, with the figures of each."""

import numpy as np

from jaxunlearn.evaluation.judges.choice import judges_of
from jaxunlearn.evaluation.settings import EvaluationSettings
from jaxunlearn.evaluation.strength import Shots, over_strengths
from jaxunlearn.images import to_uint8
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.loading import Models
from jaxunlearn.models.renderer import Renderer, latents_of_seeds
from jaxunlearn.reporting.before_after import other_seeds
from jaxunlearn.reporting.sheets.sheet import SheetFolder, sheet_name
from jaxunlearn.training.result import Result

ROWS = ("person",)
"""Rows of the sheet."""


def write_strengths(
    sheets: SheetFolder, models: Models, result: Result, config: ConfigDict, person: int, batch: int
) -> None:
    """Write the sheet `strength-0000`: the person from the front, a column for each strength.

    A column has the figures of `evaluation.strength.over_strengths`: of the person from the views of the
    evaluation, and of the people of `other_seeds` from the front.

    Args:
      sheets: where to.
      models: the source and the judges.
      result: of the run.
      config: of the run; `config.evaluation` says how the person is seen.
      person: number of the person.
      batch: images rendered at a time.
    """
    source, generator = models.generator, result.generator_of(person)
    views = EvaluationSettings.of(config.evaluation).person_views(source)
    frontal, others = conditioning_view(source.config), other_seeds(result)
    ws = np.asarray(result.ws[person])[None]
    found = over_strengths(
        Renderer(source, batch=batch, compute=from_config.compute(config)),
        generator,
        judges_of(models, config.evaluation.align),
        person=Shots(np.repeat(ws, len(views), axis=0), np.asarray(views)),
        others=Shots(
            np.asarray(latents_of_seeds(source, others, frontal)),
            np.repeat(np.asarray(frontal), len(others), axis=0),
        ),
        shown=Shots(ws, np.asarray(frontal)),
        batch=batch,
    )
    pictures = np.concatenate([to_uint8(each.images) for each in found])
    sheets.write(sheet_name("strength", person), ROWS, [each.figures for each in found], pictures[None])
