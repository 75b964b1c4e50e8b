"""`jaxunlearn evaluate`: the figures of a run."""

import argparse
from typing import Any

from jaxunlearn.cli.options import add_config, local_path, name_or_path
from jaxunlearn.terminal import say

_DESCRIPTION = """\
Measure what a run did: how thoroughly the person is forgotten, also in other pictures of them, and how much
everybody else stayed as they were. Writes summary.json, pictures and report.html into the run's folder.
"""
_EXAMPLES = """\
examples:
  jaxunlearn evaluate runs/seed0007
  jaxunlearn evaluate runs/person --judge CurricularFace_Backbone.pth --inception pt_inception.pth
  jaxunlearn evaluate runs/person --others more_latents_of_the_person.npz
"""


def add_parser(subparsers: Any) -> None:
    """Register the subcommand."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "evaluate",
        help="measure what a run did",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("folder", type=local_path, metavar="RUN", help="the folder of a finished run")
    add("--model", type=name_or_path, help="the source, if it has moved since the run")
    add(
        "--judge",
        type=name_or_path,
        metavar="FILE",
        help="identity network that measures [as suits the model]",
    )
    add(
        "--inception",
        type=name_or_path,
        metavar="FILE",
        help="FID's network [as suits the model, else AlexNet features]",
    )
    add("--others", type=local_path, metavar="FILE", help="latents of other pictures of the (only) person")
    add("--real", type=local_path, metavar="DIR", help="folder of real pictures, for ΔFID_real")
    add_config(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Evaluate.

    Raises:
      InputError: if the folder is not that of a finished run, or a file cannot be used.
    """
    from jaxunlearn.cli.options import read_config
    from jaxunlearn.errors import InputError
    from jaxunlearn.evaluation import InceptionFeatures
    from jaxunlearn.evaluation.evaluate import measure_reference
    from jaxunlearn.methods import configuration
    from jaxunlearn.models.latent_io import read_latents
    from jaxunlearn.models.loading import load_inception, load_models, published_inception
    from jaxunlearn.photos.pictures.image_io import read_images
    from jaxunlearn.reporting.report import evaluate_and_report
    from jaxunlearn.training.result import finished
    from jaxunlearn.training.run_dir import RunFolder

    folder = RunFolder(arguments.folder)
    request = folder.request
    config = read_config(arguments.config, arguments.overrides, folder.config)
    configuration.check(config)
    result = finished(folder)
    models = load_models(arguments.model or request.model, judge=arguments.judge)
    if models.fingerprint != request.fingerprint:
        raise InputError(f"{models.name}: is not the generator that {folder.path} started from")
    inception = arguments.inception or published_inception(models.name)
    side = models.generator.config.img_resolution
    reference = measure_reference(
        models,
        config,
        features=None if inception is None else InceptionFeatures(load_inception(inception)),
        real_images=read_images(arguments.real, side) if arguments.real else None,
    )
    others = {}
    if arguments.others:
        if len(request.subjects) > 1:
            raise InputError(
                f"--others: {folder.path} forgot {len(request.subjects)} people; whose are they?"
            )
        others[0] = read_latents(arguments.others, models.generator.config)
    for line in evaluate_and_report(models, result, config, reference=reference, other_ws=others):
        say(line)
