"""Run `jaxunlearn bake`: turn adapters into weights of the official architecture."""

import argparse

from jaxunlearn.baking.bake import bake
from jaxunlearn.baking.loss import loss_lines
from jaxunlearn.baking.settings import Baking, check
from jaxunlearn.cli.readers import devices_of, models_of, read_config, result_of_run
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.evaluate import features_for
from jaxunlearn.methods.config.declaration import default_config
from jaxunlearn.models.adapters import with_strength
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People, people_from_latents, people_from_seeds
from jaxunlearn.terminal import say
from jaxunlearn.training.result import Result, check_finished
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.workflows.registry import forgotten_until


def run(arguments: argparse.Namespace) -> None:
    """Bake.

    Raises:
      InputError: if arguments contradict each other, or a file, a setting or the folder cannot be used.
      Interrupted: after Ctrl-C.
    """
    config = read_config(arguments.config, arguments.overrides, default_config(Baking))
    mesh = devices_of(arguments)
    check(config, mesh)
    models, generator, people = (_of_files if arguments.folder is None else _of_run)(arguments)
    if arguments.strength is not None:
        generator = with_strength(generator, arguments.strength)
    baked = bake(
        models,
        generator,
        people,
        config,
        workdir=arguments.out,
        features=features_for(models.generator.config, arguments.inception),
        mesh=mesh,
    )
    for line in loss_lines(baked.loss):
        say(line)
    assert baked.folder is not None
    say(baked.folder.generator)
    say(baked.folder.loss)


def _of_run(arguments: argparse.Namespace) -> tuple[Models, Generator, People]:
    """Return the models of a run, one of its generators, and whom that forgets."""
    if arguments.seeds is not None or arguments.latents is not None:
        raise InputError(
            "--seeds and --latents cannot be used with RUN, which knows its people; use --person"
        )
    folder = RunFolder(arguments.folder)
    check_finished(folder)
    result, models = result_of_run(arguments, folder)
    return models, *_generator_and_people(result, arguments.person)


def _generator_and_people(result: Result, person: int | None) -> tuple[Generator, People]:
    """Return the generator that forgets everybody, or that of one person, and whom it forgets."""
    folder = result.folder
    assert folder is not None
    if result.together or folder.request.start:  # a request of a sequence may be of one person
        if person is not None:
            raise InputError("--person: one adapter forgets everybody in this run; leave --person out")
        return result.generator, forgotten_until(folder)
    person, count = person or 0, len(result.ws)
    if person >= count:
        raise InputError(f"--person {person}: the run has {count} people, numbers 0 to {count - 1}")
    if person in result.diverged:
        raise InputError(f"--person {person}: their generator diverged; choose somebody else")
    subject, ws = result.people.subjects[person], result.ws[person : person + 1]
    return result.generator_of(person), People(result.people.name, (subject,), ws)


def _of_files(arguments: argparse.Namespace) -> tuple[Models, Generator, People]:
    """Return the models with the given adapters, and the people whom these forget."""
    if arguments.person is not None:
        raise InputError("--person needs RUN, whose people it numbers")
    if not arguments.adapter:
        raise InputError("nothing to bake: give the folder of a run with adapters, or --adapter FILE")
    if arguments.seeds is None and arguments.latents is None:
        raise InputError(
            "whom do the adapters forget? Give --seeds or --latents, to bake and measure them well"
        )
    models = models_of(arguments)
    if arguments.seeds is not None:
        return models, models.generator, people_from_seeds(models, arguments.seeds)
    return models, models.generator, people_from_latents(models, arguments.latents)
