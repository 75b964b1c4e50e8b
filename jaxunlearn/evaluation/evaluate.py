"""Measure a run and write its figures, under the papers' names, into its folder."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import lpips_flax
from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.bundled_people.album import album_photos, album_seeds, check_albums
from jaxunlearn.evaluation.bundled_people.groups import groups_of
from jaxunlearn.evaluation.features import AlexNetFeatures, Features, InceptionFeatures
from jaxunlearn.evaluation.judges.choice import judges_of
from jaxunlearn.evaluation.judges.stored import with_stored_thresholds
from jaxunlearn.evaluation.other_photos.photos import OtherPhotos
from jaxunlearn.evaluation.protocol import (
    MEASURED_WITH,
    Measured,
    means_of_people,
    measure_generator,
    measure_together,
)
from jaxunlearn.evaluation.real_images import RealStatistics
from jaxunlearn.evaluation.reference import Reference, measure_source
from jaxunlearn.evaluation.settings import EvaluationSettings
from jaxunlearn.evaluation.statistics.figures_file import figure_lines, write_figures
from jaxunlearn.evaluation.statistics.over_people import statistics_of
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.models import loading
from jaxunlearn.models.latent_io import fitting_latents
from jaxunlearn.models.loading import Models
from jaxunlearn.process.jax_settings import pinned_settings
from jaxunlearn.training.result import Result, said_diverged
from jaxunlearn.training.storage.networks_of_run import check_models


def default_features() -> Features:
    """Return the features of the Fréchet distances where no network is given: AlexNet's."""
    return AlexNetFeatures(lpips_flax.load("alex"))


def features_for(generator: GeneratorConfig, inception: str | None = None) -> Features:
    """Return the features of the Fréchet distances that suit a generator.

    Args:
      generator: its settings.
      inception: file of FID's network; None takes the published one if it is installed and suits the
        generator, else AlexNet.

    Raises:
      InputError: if the file cannot be used.
    """
    file = inception or loading.published_inception(generator)
    return default_features() if file is None else InceptionFeatures(loading.load_inception(file))


@pinned_settings()
def measure_reference(
    models: Models,
    config: ConfigDict,
    *,
    features: Features | None = None,
    real: RealStatistics | None = None,
    retaining: np.ndarray | None = None,
    progress: bool = True,
) -> Reference:
    """Measure all that depends on the source alone, for any number of calls of `evaluate`.

    Args:
      models: the source generator and the judge.
      config: `config.evaluation` is used.
      features: network of the Fréchet distances; None uses AlexNet.
      real: statistics of real images for ΔFID_real.
      retaining: `[M, L, D]`, a retaining set.
      progress: True shows progress bars.

    Raises:
      InputError: if faces cannot be aligned as `config.evaluation.align` asks, or the retaining set does not
        fit the generator. It is raised before rendering.
    """
    if retaining is not None:
        retaining = fitting_latents(retaining, models.generator.config, "retaining latents")
    settings = EvaluationSettings.of(config.evaluation)
    reference = measure_source(
        models.generator,
        with_stored_thresholds(judges_of(models, config.evaluation.align), models, settings),
        models.perceptual,
        features or default_features(),
        settings,
        mean=models.w_avg,
        radius=models.median_radius,
        real=real,
        compute=from_config.compute(config),
        progress=progress,
    )
    if retaining is not None:
        reference = dataclasses.replace(reference, retaining=jnp.asarray(retaining))
    if not models.is_bundled:
        return reference
    retained = np.asarray(reference.random.z[: settings.retained_people])
    return dataclasses.replace(reference, groups=groups_of(retained))


@pinned_settings()
def evaluate(
    models: Models,
    result: Result,
    config: ConfigDict,
    *,
    reference: Reference | None = None,
    other_ws: Mapping[int, np.ndarray] | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Measure what a run did, and add it to `summary.json` and `figures.jsonl` in the run's folder.

    Args:
      models: the models of the run.
      result: of the run.
      config: `config.evaluation` is used.
      reference: of `evaluation.evaluate.measure_reference`; measured here if not given.
      other_ws: number of a person → `[M, L, D]`, latents of other photos of them. For people of the bundled
        generator who have none, `config.evaluation.album` new photos are rendered.
      progress: True shows progress bars.

    Returns:
      The figures that docs/reference/metrics.md explains, as means over people. Also the networks of the
      measurement, the intervals of figures over people, and each person's figures in `people`.

    Raises:
      InputError: if the run started from another generator, a generator diverged, `other_ws` are of nobody in
        the run or do not fit, or photos of an album are wanted and cannot be rendered.
    """
    check_models(models, result.folder)
    refuse_diverged(result)
    given = _given_photos(models, result, other_ws or {})
    check_other_photos(models, result, config, given)
    reference = reference or measure_reference(models, config, progress=progress)
    photos = other_photos(models, result.people.seeds, config, given, progress=progress)
    measured = _measure(
        reference, result, {k: jnp.asarray(each.ws) for k, each in photos.items()}, progress=progress
    )
    figures = measured[0].figures
    if not result.together:
        people = [each.figures for each in measured]
        figures = {**means_over_people(people), "people": {str(k): own for k, own in enumerate(people)}}
    lines = figure_lines(result.people.subjects, measured)
    figures |= statistics_of(lines, reference.judge.name)
    if result.folder is not None:
        if result.folder.writes:
            write_figures(result.folder.figures_file, lines)
        result.folder.add_to_summary(figures)
    return figures


def _given_photos(
    models: Models, result: Result, other_ws: Mapping[int, np.ndarray]
) -> dict[int, OtherPhotos]:
    """Return the other photos of `evaluate`.

    Raises:
      InputError: if a key is no number of a person, or latents do not fit.
    """
    people = range(len(result.people.subjects))
    for k in other_ws:
        if k not in people:
            raise InputError(f"other_ws: {k!r} is the number of nobody in the run; it has 0 to {people[-1]}")
    config = models.generator.config
    return {int(k): OtherPhotos(fitting_latents(ws, config, f"other_ws[{k}]")) for k, ws in other_ws.items()}


def refuse_diverged(result: Result) -> None:
    """Refuse a run in which the generator of a person diverged; its pictures say nothing.

    Raises:
      InputError: naming these people.
    """
    if result.diverged:
        raise InputError(said_diverged(result.people.subjects, result.diverged))


def check_other_photos(models: Models, result: Result, config: ConfigDict, given: Collection[int]) -> None:
    """Refuse a run whose `other_photos` cannot be made, before the source is measured, which takes long.

    Args:
      models: the models of the run.
      result: of the run.
      config: see `other_photos`.
      given: numbers of the people whose photos are there already.

    Raises:
      InputError: if photos of an album are wanted and cannot be rendered.
    """
    check_albums(models, config, result.people.seeds, given)


def other_photos(
    models: Models,
    seeds: Sequence[int | None],
    config: ConfigDict,
    given: Mapping[int, OtherPhotos],
    *,
    progress: bool = True,
) -> dict[int, OtherPhotos]:
    """Return the other photos of each person: those given, else of an album.

    Args:
      models: the models of the run.
      seeds: of all people; None for those who have no seed.
      config: `config.evaluation.album` photos are rendered for people of the bundled generator.
      given: number of a person → photos that are there already.
      progress: True shows progress bars.

    Raises:
      InputError: if photos of an album are wanted and cannot be rendered.
    """
    others = dict(given)
    for k, seed in album_seeds(models, config, seeds, given).items():
        others[k] = album_photos(
            models, seed, config.evaluation.album, compute=from_config.compute(config), progress=progress
        )
    return others


def _measure(
    reference: Reference, result: Result, others: Mapping[int, jax.Array], *, progress: bool
) -> list[Measured]:
    """Measure each generator of a run."""
    ws, ws_target = jnp.asarray(result.ws), jnp.asarray(result.ws_target)
    if result.together:
        return [measure_together(reference, result.generator, ws, ws_target, others, progress=progress)]
    return [
        measure_generator(reference, generator, ws[k], ws_target[k], others.get(k), progress=progress)
        for k, generator in enumerate(result.generators)
    ]


def means_over_people(people: list[dict[str, Any]]) -> dict[str, Any]:
    """Return `means_of_people` of generators that forgot one person each; of a single one its own figures."""
    if len(people) == 1:
        return dict(people[0])
    measured_with = {name: people[0][name] for name in MEASURED_WITH}
    other_latents = sum(figures["counts"]["other_latents"] for figures in people)
    counts = {**measured_with["counts"], "other_latents": other_latents}
    return {**means_of_people(people), **measured_with, "counts": counts}
