"""Who is to be forgotten, and with which settings, by the arguments of `jaxunlearn unlearn`."""

import argparse
import dataclasses
import functools
from pathlib import Path

import numpy as np
from jax.sharding import Mesh

from eg3d_flax import GeneratorConfig
from jaxunlearn.cli.readers import inverting_of, read_config, refuse_other_method, set_by
from jaxunlearn.errors import InputError
from jaxunlearn.files.names import as_text, file_name
from jaxunlearn.methods.config import check_config, from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import DEFAULT, DEFAULT_SHARED, method_of, named, preset
from jaxunlearn.models.generator import is_small
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion.invert import KnownLatents, people_from_photos
from jaxunlearn.photos.inversion.plan import name_of_photos
from jaxunlearn.photos.people import People, name_of_seeds, people_from_latents, people_from_seeds
from jaxunlearn.photos.sources import listed_names
from jaxunlearn.process.multihost import leads
from jaxunlearn.training.checks import check_sharing
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import request_of
from jaxunlearn.workflows.batch_dir import Worklist
from jaxunlearn.workflows.batch_sources import worklist_of_photos, worklist_of_seeds
from jaxunlearn.workflows.requests import refuse_repetition
from jaxunlearn.workflows.sweep import COMMON


def name_of_people(arguments: argparse.Namespace) -> str:
    """Return the name of the folder in `runs`, from what is known before photos are opened.

    Raises:
      InputError: if a folder or table of photos cannot be read, or lists nothing.
    """
    if arguments.seed is not None:
        return name_of_seeds(arguments.seed)
    if arguments.image is not None:
        return name_of_photos([name for source in arguments.image for name in listed_names(source)])
    if arguments.latents is not None:
        return as_text(arguments.latents.stem)
    return file_name(Path(arguments.sequence or arguments.identities).stem)


def people_and_settings(
    arguments: argparse.Namespace, out: Path, models: Models, mesh: Mesh | None
) -> tuple[ConfigDict, People]:
    """Return settings and people of one run; settings and folder are checked before photos are inverted.

    That takes long, so latents that are in the folder already are read from it.
    """
    read = functools.partial(read_settings, arguments, model=models.generator.config)
    if arguments.image is not None:
        config = read(len(arguments.image))
        people = people_from_photos(
            models,
            arguments.image,
            **inverting_of(arguments),
            compute=from_config.compute(config),
            known=_known_latents(arguments, out, models, config),
            progress=leads(),
        )
        return read(len(people.subjects)), people
    if arguments.identities is not None:
        worklist = worklist_of(arguments, models, read(1), mesh)
        config = read(len(worklist.subjects))
        people = People(
            out.name,
            worklist.subjects,
            np.empty((0, 0, 0), np.float32),
            photos_sha256=worklist.photos_sha256,
            inversion=worklist.inversion,
        )
        ws = _known_latents(arguments, out, models, config)(people)
        if ws is None:
            ws = worklist.latents(range(len(worklist.subjects)))
        return config, dataclasses.replace(people, ws=ws)
    if arguments.seed is not None:
        config = read(len(arguments.seed))
        if method_of(config).shares_generator(config):
            refuse_repetition("--seed", arguments.seed)
        return config, people_from_seeds(models, arguments.seed)
    people = people_from_latents(models, arguments.latents)
    return read(len(people.subjects)), people


def worklist_of(
    arguments: argparse.Namespace, models: Models, config: ConfigDict, mesh: Mesh | None
) -> Worklist:
    """Return the people of a work list."""
    if arguments.seed is not None:
        return worklist_of_seeds(models, arguments.seed)
    return worklist_of_photos(
        models,
        arguments.identities,
        **inverting_of(arguments),
        mesh=mesh,
        compute=from_config.compute(config),
        progress=leads(),
    )


def _known_latents(
    arguments: argparse.Namespace, out: Path, models: Models, config: ConfigDict
) -> KnownLatents:
    """Return a function that finds the latents of people in the folder of an earlier call.

    It refuses the folder of another request, see `RunFolder.people_in_photos`, and a photo that is given
    twice, if all people share a generator.
    """
    folder = RunFolder(out / COMMON if arguments.sweep_distance else out)
    shared = method_of(config).shares_generator(config)

    def known(people: People) -> np.ndarray | None:
        check_sharing(people, None, shared=shared)
        numbers = tuple(range(len(people.subjects)))
        return folder.people_in_photos(request_of(models, people, None, numbers, shared=shared))

    return known


def read_settings(arguments: argparse.Namespace, people: int, model: GeneratorConfig) -> ConfigDict:
    """Return the checked config for a number of people and a generator with the settings `model`.

    Raises:
      InputError: if there is no such preset, a setting is invalid, or the settings belong to another method
        than `--method` or do not suit `--shared`.
    """
    shared = arguments.shared or arguments.sequence is not None
    method = named(arguments.method or (DEFAULT_SHARED if shared else DEFAULT))
    suffix = "heads" if is_small(model) else "paper"
    if arguments.preset is None:
        default = method.preset(suffix, people, shared=shared)
    else:
        default = preset(arguments.preset, people)
    config = read_config(arguments.config, arguments.overrides, default)
    set_by(config, "--steps", arguments.steps, "steps", arguments.overrides)
    check_config.check(config)
    refuse_other_method(arguments, config)
    if shared and not method_of(config).shares_generator(config):
        option = "--shared" if arguments.sequence is None else "--sequence"
        raise InputError(
            f"{option}: with these settings {method_of(config).label} gives every person a generator copy; "
            "choose settings that share one"
        )
    return config
