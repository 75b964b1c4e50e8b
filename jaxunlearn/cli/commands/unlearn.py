"""Run `jaxunlearn unlearn`: make a generator forget people."""

import argparse
import contextlib
import dataclasses
import functools
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
from jax.sharding import Mesh

from eg3d_flax import GeneratorConfig
from jaxunlearn.cli.argument_types import MOST_COPIES
from jaxunlearn.cli.readers import (
    inverting_of,
    join,
    mesh_of,
    models_of,
    read_config,
    refuse_other_method,
    set_by,
)
from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.evaluation.frontier import frontier_of
from jaxunlearn.files.door import read_text
from jaxunlearn.files.names import as_text, file_name
from jaxunlearn.files.paths import check_writable
from jaxunlearn.methods.config import check_config, from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import DEFAULT, DEFAULT_SHARED, method_of, named, preset
from jaxunlearn.models.files.pretrained import sha256
from jaxunlearn.models.generator import config_of, is_small
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion.invert import KnownLatents, people_from_photos
from jaxunlearn.photos.inversion.plan import name_of_photos
from jaxunlearn.photos.people import People, name_of_seeds, people_from_latents, people_from_seeds
from jaxunlearn.photos.sources import listed_names, paths_of
from jaxunlearn.process.multihost import check_same, leader_first, leads
from jaxunlearn.reporting.live_page import live_page
from jaxunlearn.reporting.report import write_run_report
from jaxunlearn.terminal import say, say_lines
from jaxunlearn.training.callbacks import Diverged
from jaxunlearn.training.checks import check_mesh, check_sharing
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.storage.same_run import OTHER_RUN
from jaxunlearn.training.trainer import Callback
from jaxunlearn.training.unlearn import request_of, unlearn
from jaxunlearn.workflows.batch import unlearn_all
from jaxunlearn.workflows.batch_dir import DONE, Worklist, WorklistFolder
from jaxunlearn.workflows.batch_sources import worklist_of_photos, worklist_of_seeds
from jaxunlearn.workflows.continual import Forgotten, forget_requests
from jaxunlearn.workflows.continual_report import report_requests
from jaxunlearn.workflows.registry import REGISTRY
from jaxunlearn.workflows.remake import remake_page
from jaxunlearn.workflows.requests import read_requests, refuse_repetition
from jaxunlearn.workflows.sweep import COMMON, PAGE, check_free, sweep_distances

_ASKED = (
    "seed",
    "method",
    "preset",
    "sweep_distance",
    "shared",
    "parallel",
    "inversion",
    "steps",
    "overrides",
    "mesh",
    "processes",
)
"""Arguments that all processes must have in common; files may lie elsewhere on each host."""


def run(arguments: argparse.Namespace) -> None:
    """Unlearn.

    Raises:
      InputError: if an argument, a file or a setting cannot be used; before the long part.
      Interrupted: after Ctrl-C.
    """
    join(arguments)
    check_same({name: getattr(arguments, name) for name in _ASKED}, "the command")
    mesh = mesh_of(arguments)
    _refuse_combinations(arguments)
    first = read_settings(arguments, 1, config_of(arguments.model))  # before all is loaded, which takes long
    if arguments.seed is not None and not arguments.parallel:
        _refuse_too_many(first, len(arguments.seed))
    shared = method_of(first).shares_generator(first)
    check_mesh(mesh, shared=shared)
    listed = bool(arguments.parallel) or (arguments.identities is not None and not shared)
    out: Path = arguments.out or Path("runs") / _name_of_people(arguments)
    leader_first(functools.partial(_check_out, arguments, out, listed), "the folder --out")
    _check_seen_by_all(WorklistFolder if listed else RunFolder, out)
    if arguments.sequence is not None:
        _run_sequence(arguments, out, mesh)
    elif listed:
        _run_worklist(arguments, out, mesh)
    else:
        models = models_of(arguments)
        config, people = _request(arguments, out, models, mesh)
        _refuse_too_many(config, len(people.subjects))
        if arguments.sweep_distance:
            _run_sweep(models, people, config, arguments.sweep_distance, out, mesh)
        else:
            _run_one(models, people, config, out, mesh, arguments.judge)


def _run_sweep(
    models: Models,
    people: People,
    config: ConfigDict,
    distances: Sequence[float],
    out: Path,
    mesh: Mesh | None,
) -> None:
    """Forget the same people once for each distance."""
    sweep_distances(models, people, config, distances, out, mesh=mesh)
    say_lines(read_text(out / "sweep.md").rstrip("\n"))
    for k in range(len(people.subjects)):
        say(out / f"person{k:04d}.png")
    say(out / PAGE)


def _run_one(
    models: Models,
    people: People,
    config: ConfigDict,
    out: Path,
    mesh: Mesh | None,
    judges: Sequence[str],
) -> None:
    """Forget people in a single run; `judges` are those of `--judge`, which no folder keeps."""
    with live_page(config.log_every, out) as page:
        callbacks = [*frontier_of(models, people, config, out), page]
        result = unlearn(models, people, config, workdir=out, mesh=mesh, callbacks=callbacks)
        folder = write_run_report(models, result, config) if leads() else None
    if folder is not None:
        for k in range(len(result.generators)):
            say(folder.generator(k))
        say(folder.report)
        options = [word for judge in judges for word in ("--judge", judge)]
        say(f"measure it: {shlex.join(['jaxunlearn', 'evaluate', str(out), *options])}")


def _refuse_combinations(arguments: argparse.Namespace) -> None:
    """Refuse options that cannot be used together.

    Raises:
      InputError: naming both.
    """
    for option, given in (("--sequence", arguments.sequence), ("--sweep-distance", arguments.sweep_distance)):
        if given and jax.process_count() > 1:
            raise InputError(f"{option} cannot be used with several processes; run it on one host")
    if arguments.sweep_distance:
        for option in ("sequence", "identities", "parallel"):
            if getattr(arguments, option) is not None:
                raise InputError(
                    f"--sweep-distance cannot be used with --{option}; give --seed, --latents or --image"
                )
    if arguments.parallel and arguments.seed is None and arguments.identities is None:
        raise InputError("--parallel needs --identities or --seed")
    if arguments.seed is not None or arguments.latents is not None:
        _refuse_inversion(arguments)


def _refuse_inversion(arguments: argparse.Namespace) -> None:
    """Refuse the options of inversion where no photo is inverted.

    Raises:
      InputError: naming the option.
    """
    for option, given in (
        ("--inversion", arguments.inversion is not None),
        ("--encoder", arguments.encoder is not None),
        ("--encoder-input", arguments.encoder_input != "crop"),
    ):
        if given:
            raise InputError(f"{option}: no photos are given that could be inverted; leave it out")


def _name_of_people(arguments: argparse.Namespace) -> str:
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


def _check_out(arguments: argparse.Namespace, out: Path, listed: bool) -> None:
    """Check the folder before models are loaded and photos inverted, which takes long.

    Args:
      arguments: those of the command.
      out: the folder.
      listed: True for a work list.

    Raises:
      InputError: if nothing can be written there, or the folder holds other files, or a run of other photos.
    """
    if not leads():  # one process writes
        return
    check_writable(out)
    if arguments.sweep_distance:
        check_free(out)
    elif listed:
        WorklistFolder(out).check_free()
    elif arguments.sequence is None:  # `forget_requests` checks it before it inverts photos
        RunFolder(out).check_free()
        if arguments.image is not None and RunFolder(out).exists():
            _refuse_run_of_others(RunFolder(out), paths_of(arguments.image))


def _check_seen_by_all(kind: type[RunFolder | WorklistFolder], out: Path) -> None:
    """Check that all hosts see the same folder, before models are loaded and photos inverted.

    Raises:
      InputError: if one does not.
    """
    if jax.process_count() > 1:
        with contextlib.ExitStack() as stack:
            lock = kind(out, writes=leads()).lock()
            leader_first(functools.partial(stack.enter_context, lock), "the folder that all see")


def _refuse_run_of_others(folder: RunFolder, photos: Sequence[Path]) -> None:
    """Refuse a run that began with a photo that is not among those given.

    Raises:
      InputError: if there is one.
    """
    began_with = {digest for digest in folder.request.photos_sha256 if digest}
    there = all(os.path.isfile(photo) for photo in photos)  # else the one that is missing is named later
    if there and not began_with <= {sha256(photo) for photo in photos}:
        raise InputError(f"{folder.path}: is a run with other photos; {OTHER_RUN}")


def _refuse_too_many(config: ConfigDict, people: int) -> None:
    if people > MOST_COPIES and not method_of(config).shares_generator(config):
        raise InputError(
            f"{people} people at once need as many copies of the generator; train some at a time: "
            "--parallel 8"
        )


def _run_worklist(arguments: argparse.Namespace, out: Path, mesh: Mesh | None) -> None:
    """Forget many people, each with a generator of their own, some at a time."""
    models = models_of(arguments)
    config = read_settings(arguments, 1, models.generator.config)
    worklist, folder = _worklist(arguments, models, config, mesh), WorklistFolder(out)
    lines = unlearn_all(models, worklist, config, folder.path, parallel=arguments.parallel or 1, mesh=mesh)
    done = sum(line["status"] == DONE for line in lines)
    if leads():
        for line in lines:
            say(f"{line['subject']}: {line['status']}, {line.get('generator', 'no generator')}")
        say(f"{done} of {len(lines)} done; look at {folder.report}, read {folder.results}")
    if not done:
        raise InputError(
            f"{folder.path}: nobody is done, all generators diverged; give another --out and a lower "
            "config.optimiser.learning_rate"
        )


def _worklist(
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


def _run_sequence(arguments: argparse.Namespace, out: Path, mesh: Mesh | None) -> None:
    """Carry out requests one after another; each has settings of its own."""
    requests = read_requests(arguments.sequence)
    if not any(request.images for request in requests):
        _refuse_inversion(arguments)
    models = models_of(arguments)
    read = functools.partial(read_settings, arguments, model=models.generator.config)
    first, pages = read(1), contextlib.ExitStack()

    def page_of(config: ConfigDict, folder: Path) -> list[Callback]:
        return [pages.enter_context(live_page(config.log_every, folder))]

    def report(so_far: Forgotten) -> None:
        newest = read(len(so_far.newest.ws))
        write_run_report(models, so_far.newest, newest, batch=newest.evaluation.batch)
        pages.pop_all()  # this was the last page of the run: no error of a later one changes it
        if len(so_far.folders) < len(requests):  # the last report follows below
            report_requests(models, so_far, first, going=True)

    try:
        with pages:
            forgotten = forget_requests(
                models,
                requests,
                read,
                out,
                mesh=mesh,
                inverting=inverting_of(arguments),
                callbacks_for=page_of,
                after_each=report,
            )
    except (KeyboardInterrupt, Interrupted, Diverged):
        if (out / REGISTRY).is_file():  # its page said that it reloads itself
            remake_page(out)
        raise
    for line in report_requests(models, forgotten, first):
        say(line)
    say(forgotten.registry.newest.generator())


def _request(
    arguments: argparse.Namespace, out: Path, models: Models, mesh: Mesh | None
) -> tuple[ConfigDict, People]:
    """Return settings and people; settings and the folder are checked before photos are inverted.

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
        worklist = _worklist(arguments, models, read(1), mesh)
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
