"""From a run's result to everything a person wants to see of it."""

from collections.abc import Mapping

import numpy as np

from jaxunlearn import configuration
from jaxunlearn.evaluation import Reference
from jaxunlearn.measurement import evaluate
from jaxunlearn.models import Models
from jaxunlearn.presets import ConfigDict
from jaxunlearn.report.images import save_png
from jaxunlearn.report.page import write_report
from jaxunlearn.report.run_pictures import RunPictures
from jaxunlearn.report.verdict import effort, verdict
from jaxunlearn.run_folder import RunFolder
from jaxunlearn.runner import Result


def show(models: Models, result: Result, config: ConfigDict) -> RunFolder:
    """Write pictures and the page of a run with a folder."""
    folder = result.folder
    assert folder is not None, "a run without a folder has nowhere to put its pictures"
    pictures = RunPictures(models.generator, result, configuration.compute(config))
    for k in range(len(result.generators)):
        save_png(folder.person_picture(k), pictures.person(k))
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
    lines = [line for k, of in enumerate(subjects) for line in verdict(of, figures["people"][str(k)])]
    lines.append(effort(folder.summary))
    return [*lines, f"Look at {folder.report} and {folder.person_picture(0)}"]
