"""Write everything that people want to see of a run's result."""

from collections.abc import Mapping

from jaxunlearn.attacks.attack_folder import read_attacks
from jaxunlearn.evaluation import Reference
from jaxunlearn.evaluation.evaluate import check_other_photos, evaluate, measure_reference, other_photos
from jaxunlearn.evaluation.other_photos import OtherPhotos
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models.loading import Models
from jaxunlearn.process.jax_settings import pinned_settings
from jaxunlearn.reporting.attacks.words import attack_verdict
from jaxunlearn.reporting.page.run_page import write_run_page
from jaxunlearn.reporting.sheets.rendering import write_pictures
from jaxunlearn.reporting.verdict import random_weights_of, run_cost, verdict_of_run
from jaxunlearn.training.progress_picture import BATCH
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.run_dir import RunFolder


@pinned_settings()
def write_run_report(
    models: Models,
    result: Result,
    config: ConfigDict,
    *,
    photos: Mapping[int, OtherPhotos] | None = None,
    batch: int = BATCH,
) -> RunFolder:
    """Write the pictures and the page into the folder of a run, which must have one.

    Args:
      models: the models of the run.
      result: of the run.
      config: of the run.
      photos: number of a person → other photos of them.
      batch: images rendered at a time; the default was compiled for the pictures of the run's progress.
    """
    folder = result.folder
    assert folder is not None, "a run without a folder has nowhere to put its pictures"
    write_pictures(models, result, config, photos=photos, batch=batch)
    write_run_page(folder)
    return folder


def evaluate_and_report(
    models: Models,
    result: Result,
    config: ConfigDict,
    *,
    reference: Reference | None = None,
    given: Mapping[int, OtherPhotos] | None = None,
) -> list[str]:
    """Measure a run with a folder, and write its pictures and its page.

    Args:
      models: the models of the run.
      result: of the run.
      config: of the run.
      reference: see `evaluate`.
      given: number of a person → other photos of them, see `evaluation.evaluate.other_photos`.

    Returns:
      Lines that say in plain words what came out.

    Raises:
      InputError: as `evaluate`; before the source is measured.
    """
    check_other_photos(models, result, config, given or {})
    reference = reference or measure_reference(models, config)
    photos = other_photos(models, result.people.seeds, config, given or {})
    latents = {k: each.ws for k, each in photos.items()}
    figures = evaluate(models, result, config, reference=reference, other_ws=latents)
    folder = write_run_report(models, result, config, photos=photos, batch=reference.settings.batch)
    advice = method_of(config).advice(config)
    lines = random_weights_of(folder.request, figures)
    lines += verdict_of_run(folder.request.subjects, figures, together=result.together, advice=advice)
    attacks = read_attacks(folder.path)
    if attacks is not None:
        lines += [attack_verdict(attacks["subjects"][k], found) for k, found in attacks["people"].items()]
    lines.append(run_cost(folder.summary))
    picture = folder.everybody_picture if result.together else folder.person_picture(0)
    return [*lines, f"Look at {folder.report} and {picture}"]
