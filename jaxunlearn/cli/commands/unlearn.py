"""Run `jaxunlearn unlearn`: make a generator forget people."""

import argparse
import contextlib
import functools
import shlex
from collections.abc import Sequence
from pathlib import Path

from jax.sharding import Mesh

from jaxunlearn.cli.readers import inverting_of, join, mesh_of, models_of
from jaxunlearn.cli.unlearning.refusals import (
    check_out,
    check_seen_by_all,
    refuse_combinations,
    refuse_inversion,
    refuse_too_many,
)
from jaxunlearn.cli.unlearning.request import (
    name_of_people,
    people_and_settings,
    read_settings,
    worklist_of,
)
from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.evaluation.frontier import frontier_of
from jaxunlearn.files.door import read_text
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models.generator import config_of
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People
from jaxunlearn.process.multihost import check_same, leader_first, leads
from jaxunlearn.reporting.live_page import live_page
from jaxunlearn.reporting.report import write_run_report
from jaxunlearn.reporting.verdict import random_weights
from jaxunlearn.terminal import say, say_lines
from jaxunlearn.training.callbacks import Diverged
from jaxunlearn.training.checks import check_mesh
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.trainer import Callback
from jaxunlearn.training.unlearn import unlearn
from jaxunlearn.workflows.batch import unlearn_all
from jaxunlearn.workflows.batch_dir import DONE, WorklistFolder
from jaxunlearn.workflows.continual import Forgotten, forget_requests
from jaxunlearn.workflows.continual_report import report_requests
from jaxunlearn.workflows.registry import REGISTRY
from jaxunlearn.workflows.remake import remake_page
from jaxunlearn.workflows.requests import read_requests
from jaxunlearn.workflows.sweep import PAGE, sweep_distances

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
    refuse_combinations(arguments)
    first = read_settings(arguments, 1, config_of(arguments.model))  # before all is loaded, which takes long
    if arguments.seed is not None and not arguments.parallel:
        refuse_too_many(first, len(arguments.seed))
    shared = method_of(first).shares_generator(first)
    check_mesh(mesh, shared=shared)
    listed = bool(arguments.parallel) or (arguments.identities is not None and not shared)
    out: Path = arguments.out or Path("runs") / name_of_people(arguments)
    leader_first(functools.partial(check_out, arguments, out, listed), "the folder --out")
    check_seen_by_all(WorklistFolder if listed else RunFolder, out)
    if arguments.sequence is not None:
        _run_sequence(arguments, out, mesh)
    elif listed:
        _run_worklist(arguments, out, mesh)
    else:
        models = models_of(arguments)
        config, people = people_and_settings(arguments, out, models, mesh)
        refuse_too_many(config, len(people.subjects))
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
    _say_if_worthless(models)


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
        _say_if_worthless(models)
        options = [word for judge in judges for word in ("--judge", judge)]
        say(f"measure it: {shlex.join(['jaxunlearn', 'evaluate', str(out), *options])}")


def _run_worklist(arguments: argparse.Namespace, out: Path, mesh: Mesh | None) -> None:
    """Forget many people, each with a generator of their own, some at a time."""
    models = models_of(arguments)
    config = read_settings(arguments, 1, models.generator.config)
    worklist, folder = worklist_of(arguments, models, config, mesh), WorklistFolder(out)
    lines = unlearn_all(models, worklist, config, folder.path, parallel=arguments.parallel or 1, mesh=mesh)
    done = sum(line["status"] == DONE for line in lines)
    if leads():
        for line in lines:
            say(f"{line['subject']}: {line['status']}, {line.get('generator', 'no generator')}")
        _say_if_worthless(models)
        say(f"{done} of {len(lines)} done; look at {folder.report}, read {folder.results}")
    if not done:
        raise InputError(
            f"{folder.path}: nobody is done, all generators diverged; give another --out and a lower "
            "config.optimiser.learning_rate"
        )


def _run_sequence(arguments: argparse.Namespace, out: Path, mesh: Mesh | None) -> None:
    """Carry out requests one after another; each has settings of its own."""
    requests = read_requests(arguments.sequence)
    if not any(request.images for request in requests):
        refuse_inversion(arguments)
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
    _say_if_worthless(models)


def _say_if_worthless(models: Models) -> None:
    """Say which networks of the loss had random weights: the warning was given long ago."""
    for line in random_weights([models.perceptual_name, models.identity.name]):
        say(line)
