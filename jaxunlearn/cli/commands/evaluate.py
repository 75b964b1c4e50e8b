"""Run `jaxunlearn evaluate`: measure what a run did."""

import argparse

from jaxunlearn.cli.readers import read_config
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import InceptionFeatures
from jaxunlearn.evaluation.evaluate import measure_reference
from jaxunlearn.methods import configuration
from jaxunlearn.models import loading
from jaxunlearn.models.latent_io import read_latents
from jaxunlearn.photos.pictures.image_io import read_images
from jaxunlearn.reporting.report import evaluate_and_report
from jaxunlearn.terminal import say
from jaxunlearn.training.result import finished
from jaxunlearn.training.storage.run_dir import RunFolder


def run(arguments: argparse.Namespace) -> None:
    """Evaluate.

    Raises:
      InputError: if the folder is not that of a finished run, or a file cannot be used.
    """
    folder = RunFolder(arguments.folder)
    request = folder.request
    config = read_config(arguments.config, arguments.overrides, folder.config)
    configuration.check(config)
    result = finished(folder)
    models = loading.load_models(arguments.model or request.model, judge=arguments.judge)
    if models.fingerprint != request.fingerprint:
        raise InputError(f"{models.name}: is not the generator that {folder.path} started from")
    inception = arguments.inception or loading.published_inception(models.name)
    side = models.generator.config.img_resolution
    reference = measure_reference(
        models,
        config,
        features=None if inception is None else InceptionFeatures(loading.load_inception(inception)),
        real_images=read_images(arguments.real, side) if arguments.real else None,
    )
    others = {}
    if arguments.others:
        if len(request.subjects) > 1:
            raise InputError(
                f"--others: {folder.path} forgot {len(request.subjects)} people; it needs a run of one person"
            )
        others[0] = read_latents(arguments.others, models.generator.config)
    for line in evaluate_and_report(models, result, config, reference=reference, other_ws=others):
        say(line)
