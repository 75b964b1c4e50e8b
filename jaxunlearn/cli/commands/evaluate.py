"""Run `jaxunlearn evaluate`: measure what a run did."""

import argparse
from collections.abc import Sequence

from jaxunlearn.cli.readers import inverting_of, read_run, read_worklist
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import Features, Reference
from jaxunlearn.evaluation.bundled_people.album import check_albums
from jaxunlearn.evaluation.evaluate import (
    check_other_photos,
    evaluate,
    features_for,
    measure_reference,
    refuse_diverged,
)
from jaxunlearn.evaluation.other_photos import OtherPhotos, invert_remaining, read_others
from jaxunlearn.evaluation.real_images import RealStatistics, read_real, write_statistics
from jaxunlearn.evaluation.retaining_sets import read_retaining_set
from jaxunlearn.evaluation.strength import at_strength, evaluate_strength
from jaxunlearn.files.door import write_json
from jaxunlearn.files.paths import check_file
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models.loading import Models
from jaxunlearn.reporting.report import evaluate_and_report
from jaxunlearn.reporting.verdict import verdict_of_run, verdict_together
from jaxunlearn.terminal import say, say_lines
from jaxunlearn.training.composition import composed
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.workflows.batch_dir import WORKLIST, WorklistFolder
from jaxunlearn.workflows.batch_evaluation import evaluate_worklist
from jaxunlearn.workflows.batch_shares import at_random, chosen_people, worklist_lines


def run(arguments: argparse.Namespace) -> None:
    """Evaluate.

    Raises:
      InputError: if the folder is not that of a finished run, a generator of it diverged, or a file cannot
        be used.
    """
    _check_save_real(arguments)
    _check_compose(arguments)
    if (arguments.folder / WORKLIST).is_file():
        with WorklistFolder(arguments.folder).lock():  # from the beginning: measuring the source takes long
            _run_worklist(arguments)
        return
    if arguments.people is not None:
        raise InputError(f"--people {arguments.people}: {arguments.folder} is not the folder of a work list")
    result, config, models = read_run(arguments)
    refuse_diverged(result)
    if arguments.compose:
        result = composed(models, [RunFolder(path) for path in (arguments.folder, *arguments.also)])
    if arguments.strength is not None:
        at_strength(result, arguments.strength)  # refuses a run without adapters
    others = read_others(arguments.others, result.people.subjects, models.generator.config)
    if arguments.identities is None:  # else their photos are known only after inversion
        check_other_photos(models, result, config, others)
    features, real = _features_and_real(arguments, models, config)
    if arguments.identities is not None:
        others = _inverted(arguments, models, result.people.subjects, result.people.photos_sha256, config)
    reference = _reference(arguments, models, config, features, real)
    other_ws = {k: each.ws for k, each in others.items()}
    if arguments.strength is not None:
        path, figures = evaluate_strength(
            models, result, config, arguments.strength, reference=reference, other_ws=other_ws
        )
        advice = method_of(config).advice(config)
        lines = verdict_of_run(result.people.subjects, figures, together=result.together, advice=advice)
        say_lines("\n".join(lines))
        say(path)
        return
    if arguments.compose:
        figures = evaluate(models, result, config, reference=reference, other_ws=other_ws)
        path = RunFolder(arguments.folder).composed_file
        write_json(path, {**result.summary, "subjects": result.people.subjects, **figures})
        say_lines("\n".join(verdict_together(result.people.subjects, figures)))
        say(path)
        return
    for line in evaluate_and_report(models, result, config, reference=reference, given=others):
        say(line)


def _run_worklist(arguments: argparse.Namespace) -> None:
    """Measure the people of a work list, which is locked, or some of them chosen at random.

    Raises:
      InputError: if an option does not suit a work list, or a file cannot be used.
    """
    for option, given in (("--compose", arguments.compose), ("--strength", arguments.strength is not None)):
        if given:
            raise InputError(f"{option}: not for a work list, where everybody has a generator of their own")
    folder, config, models = read_worklist(arguments)
    people = chosen_people(folder, arguments.people, config.evaluation.seed)
    subjects = folder.subjects()
    others = read_others(arguments.others, subjects, models.generator.config)
    if arguments.identities is None:
        seeds = zip(subjects, folder.seeds, strict=False)  # people of photos have no seeds
        check_albums(
            models,
            config,
            (seed for k, (name, seed) in enumerate(seeds) if k not in others and name in people),
        )
    features, real = _features_and_real(arguments, models, config)
    if arguments.identities is not None:  # inverted only of those who are measured
        subjects, digests = people, folder.photos_sha256()
        others = _inverted(arguments, models, subjects, [digests.get(name) for name in subjects], config)
    shares = evaluate_worklist(
        models,
        folder,
        config,
        people,
        _reference(arguments, models, config, features, real),
        other_ws={subjects[k]: each.ws for k, each in others.items()},
    )
    random = at_random(folder, folder.measured())
    for line in worklist_lines(shares, len(chosen_people(folder)), random=random):
        say(line)
    say(f"Look at {folder.report}")


def _features_and_real(
    arguments: argparse.Namespace, models: Models, config: ConfigDict
) -> tuple[Features, RealStatistics | None]:
    """Return the network of the Fréchet distances, and the statistics of real images if there are any."""
    features = features_for(models.generator.config, arguments.inception)
    if arguments.real is None:
        return features, None
    side = models.generator.config.img_resolution
    real = read_real(arguments.real, side, features, config.evaluation.batch)
    if arguments.save_real is not None:
        write_statistics(arguments.save_real, real)
        say(arguments.save_real)
    return features, real


def _reference(
    arguments: argparse.Namespace,
    models: Models,
    config: ConfigDict,
    features: Features,
    real: RealStatistics | None,
) -> Reference:
    """Measure the source, and read the retaining set."""
    retaining = None
    if arguments.retain is not None:
        retaining = read_retaining_set(
            models, arguments.retain, **inverting_of(arguments), compute=from_config.compute(config)
        )
    return measure_reference(models, config, features=features, real=real, retaining=retaining)


def _inverted(
    arguments: argparse.Namespace,
    models: Models,
    subjects: Sequence[str],
    photos_sha256: Sequence[str | None],
    config: ConfigDict,
) -> dict[int, OtherPhotos]:
    """Return number of a person → their other photos in the folders of `--identities`."""
    return invert_remaining(
        models,
        subjects,
        arguments.identities,
        photos_sha256=photos_sha256,
        **inverting_of(arguments),
        compute=from_config.compute(config),
    )


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
    check_file(path)
