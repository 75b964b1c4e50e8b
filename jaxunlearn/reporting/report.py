"""From a run's result to everything a person wants to see of it."""

from collections.abc import Mapping

import numpy as np

from jaxunlearn.evaluation import Reference
from jaxunlearn.evaluation.evaluate import evaluate
from jaxunlearn.images import save_png
from jaxunlearn.methods import from_config
from jaxunlearn.methods.settings import ConfigDict
from jaxunlearn.models.loading import Models
from jaxunlearn.reporting.before_after import RunPictures
from jaxunlearn.reporting.html import write_report
from jaxunlearn.reporting.verdict import effort, verdict, verdict_together
from jaxunlearn.training.result import Result
from jaxunlearn.training.run_dir import RunFolder

FROM_ALL_SIDES = 4
"""People who are shown from several sides, where one generator forgot many."""


def show(models: Models, result: Result, config: ConfigDict) -> RunFolder:
    """Write pictures and the page of a run with a folder."""
    folder = result.folder
    assert folder is not None, "a run without a folder has nowhere to put its pictures"
    pictures = RunPictures(models.generator, result, from_config.compute(config))
    if result.together:
        save_png(folder.everybody_picture, pictures.everybody())
    for k in range(min(len(result.ws), FROM_ALL_SIDES) if result.together else len(result.ws)):
        save_png(folder.person_picture(k), pictures.person(k))
    for k in range(len(result.generators)):
        save_png(folder.others_picture(k), pictures.others(k))
    write_report(folder)
    return folder


def tell(
    models: Models,
    result: Result,
    config: ConfigDict,
    *,
    reference: Reference | None = None,
    other_ws: Mapping[int, np.ndarray] | None = None,
) -> list[str]:
    """Measure a run, write its pictures and its page, and say in plain words what came out."""
    figures = evaluate(models, result, config, reference=reference, other_ws=other_ws)
    folder = show(models, result, config)
    subjects = folder.request.subjects
    if result.together:
        lines = verdict_together(subjects, figures)
    else:
        lines = [line for k, of in enumerate(subjects) for line in verdict(of, figures["people"][str(k)])]
    lines.append(effort(folder.summary))
    picture = folder.everybody_picture if result.together else folder.person_picture(0)
    return [*lines, f"Look at {folder.report} and {picture}"]
