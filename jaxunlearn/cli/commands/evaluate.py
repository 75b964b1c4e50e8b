"""Run `jaxunlearn evaluate`: measure what a run did."""

import argparse
from collections.abc import Sequence
from typing import Any

from jaxunlearn.cli.readers import read_run
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import InceptionFeatures
from jaxunlearn.evaluation.evaluate import default_features, evaluate, measure_reference
from jaxunlearn.evaluation.other_photos import OtherPhotos, invert_remaining, read_others
from jaxunlearn.evaluation.real_images import read_real, write_statistics
from jaxunlearn.evaluation.retaining_sets import read_retaining_set
from jaxunlearn.evaluation.strength import at_strength, evaluate_strength
from jaxunlearn.files.door import write_json
from jaxunlearn.methods import from_config
from jaxunlearn.methods.settings import ConfigDict
from jaxunlearn.models import loading
from jaxunlearn.reporting.report import evaluate_and_report
from jaxunlearn.reporting.verdict import verdict, verdict_together
from jaxunlearn.terminal import say, say_lines
from jaxunlearn.training.composition import composed
from jaxunlearn.training.storage.run_dir import RunFolder


def run(arguments: argparse.Namespace) -> None:
    """Evaluate.

    Raises:
      InputError: if the folder is not that of a finished run, or a file cannot be used.
    """
    _check_save_real(arguments)
    _check_compose(arguments)
    result, config, models = read_run(arguments)
    if arguments.compose:
        result = composed(models, [RunFolder(path) for path in (arguments.folder, *arguments.also)])
    if arguments.strength is not None:
        at_strength(result, arguments.strength)  # refuses a run without adapters
    inception = arguments.inception or loading.published_inception(models.name)
    side = models.generator.config.img_resolution
    features = InceptionFeatures(loading.load_inception(inception)) if inception else default_features()
    real = None
    if arguments.real is not None:
        real = read_real(arguments.real, side, features, config.evaluation.batch)
        if arguments.save_real is not None:
            write_statistics(arguments.save_real, real)
            say(arguments.save_real)
    others = _other_photos(arguments, models, result.people.subjects, config)
    retaining = None
    if arguments.retain is not None:
        retaining = read_retaining_set(models, arguments.retain, **_inversion(arguments, config))
    reference = measure_reference(models, config, features=features, real=real, retaining=retaining)
    other_ws = {k: each.ws for k, each in others.items()}
    if arguments.strength is not None:
        path, figures = evaluate_strength(
            models, result, config, arguments.strength, reference=reference, other_ws=other_ws
        )
        for k, subject in enumerate(result.people.subjects):
            say_lines("\n".join(verdict(subject, figures["people"][str(k)])))
        say(path)
        return
    if arguments.compose:
        figures = evaluate(models, result, config, reference=reference, other_ws=other_ws)
        path = arguments.folder / "composed.json"
        write_json(path, {**result.summary, "subjects": result.people.subjects, **figures})
        say_lines("\n".join(verdict_together(result.people.subjects, figures)))
        say(path)
        return
    for line in evaluate_and_report(models, result, config, reference=reference, given=others):
        say(line)


def _other_photos(
    arguments: argparse.Namespace, models: loading.Models, subjects: Sequence[str], config: ConfigDict
) -> dict[int, OtherPhotos]:
    """Return number of a person → their other photos, as far as any were given."""
    if arguments.identities is not None:
        return invert_remaining(models, subjects, arguments.identities, **_inversion(arguments, config))
    return read_others(arguments.others, subjects, models.generator.config)


def _inversion(arguments: argparse.Namespace, config: ConfigDict) -> dict[str, Any]:
    """Return how photos are inverted."""
    return {
        "method": arguments.inversion,
        "encoder": arguments.encoder,
        "encoder_input": arguments.encoder_input,
        "compute": from_config.compute(config),
    }


def _check_compose(arguments: argparse.Namespace) -> None:
    """Refuse options that do not go with `--compose`, or need it.

    Raises:
      InputError: naming both.
    """
    if arguments.also and not arguments.compose:
        raise InputError("--also needs --compose, which applies the adapters of several runs")
    if arguments.compose and arguments.strength is not None:
        raise InputError("--compose applies adapters as they were trained; leave --strength out")


def _check_save_real(arguments: argparse.Namespace) -> None:
    """Refuse a file of `--save-real` that could not be written in the end.

    Raises:
      InputError: naming it.
    """
    path = arguments.save_real
    if path is None:
        return
    if arguments.real is None:
        raise InputError(f"--save-real {path}: needs --real, whose statistics it writes")
    if path.suffix != ".npz":
        raise InputError(f"--save-real {path}: give a file that ends in .npz")
    if not path.parent.is_dir():
        raise InputError(f"--save-real {path}: there is no folder {path.parent}")
