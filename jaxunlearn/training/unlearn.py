"""Make a generator forget people: check what was asked, open the run folder, prepare, train, export."""

import contextlib
import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from jaxunlearn.errors import Interrupted
from jaxunlearn.files.door import local_path
from jaxunlearn.methods.base import Before, Prepared, request_key
from jaxunlearn.methods.config import check_config, from_config
from jaxunlearn.methods.config.common_settings import TARGETS
from jaxunlearn.methods.config.declaration import ConfigDict, flat
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models.adapters import layers_of
from jaxunlearn.models.generator import check_has_file, fingerprint_of
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People
from jaxunlearn.process import multihost
from jaxunlearn.process.jax_settings import pinned_settings
from jaxunlearn.training import checks
from jaxunlearn.training.result import Result, finished
from jaxunlearn.training.run import Run
from jaxunlearn.training.storage.request import Request
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.trainer import Callback


@pinned_settings()
def unlearn(
    models: Models,
    people: People | np.ndarray | jax.Array,
    config: ConfigDict,
    *,
    workdir: Path | str | None = None,
    mesh: Mesh | None = None,
    previous: Result | None = None,
    numbers: Sequence[int] | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> Result:
    """Make a generator forget people, each in a copy (GUIDE, Eq. 9) or all in one (SUGAR, Eq. 9).

    A run with a folder resumes where it was cut off. It gives bit for bit what it would have given without
    the interruption. A finished run is read, not run again.

    Args:
      models: the source generator, with the networks of the loss.
      people: who is forgotten; or latents `[L, D]`, or `[K, L, D]` for `K` people, without names.
      config: settings as `jaxunlearn.preset` returns them.
      workdir: the run folder; without one nothing is written.
      mesh: devices, as `jaxunlearn.make_mesh` returns them. Its axis "identity" divides generator copies
        among devices, its axis "sample" the pairs of a step. Neither changes the result. None uses one
        device.
      previous: an earlier request that this one begins with, from the same source; only where all people
        share one generator. What the method kept besides the generator is read from that run's folder.
      numbers: numbers of the generator copies. What a copy draws depends on its number and the seed, not on
        who else is there. None counts from 0.
      callbacks: called after each step, see `Callback`.
      progress: True shows bars, in process 0.

    Raises:
      InputError: if arguments do not fit, or the folder holds another run; before anything is computed. Also
        if no copy's loss is finite any more.
      Interrupted: after Ctrl-C or SIGTERM, or where a callback stops a run with a folder. The folder has the
        state, and without one it is lost.
    """
    check_config.check(config)
    shared = method_of(config).shares_generator(config)
    checks.check_mesh(mesh, shared=shared)
    people = _agreed_people(checks.people_of(people, models), models, config)
    checks.check_sharing(people, previous, shared=shared)
    before = None if previous is None else _left_by(previous, models, config)
    _check_suitable(models, people, config, before, saved=workdir is not None)
    numbers = checks.numbers_of(people, numbers)
    progress = progress and multihost.leads()
    with contextlib.ExitStack() as stack:
        folder = None
        if workdir is not None:
            folder = RunFolder(local_path(workdir), writes=multihost.leads())
            request = _after(previous, request_of(models, people, before, numbers, shared=shared))
            people = _begin(folder, request, config, people, stack)
            if (known := _known(folder, models, config)) is not None:
                return known
        prepared = _prepare(models, people.ws, config, folder, before, mesh, progress=progress)
        key = request_key(config.seed, before)
        run = Run(models, people, prepared, config, mesh, folder, numbers, key, progress=progress)
        return run.result(callbacks)


def _agreed_people(people: People, models: Models, config: ConfigDict) -> People:
    """People with process 0's latents, if all processes were asked the same."""
    asked = {
        "generator": models.fingerprint,
        "people": (people.subjects, people.ws.shape),
        "settings": flat(config),
    }
    multihost.check_same(asked, "the run")
    return dataclasses.replace(people, ws=checks.leaders(people.ws))


def _check_suitable(
    models: Models, people: People, config: ConfigDict, before: Before | None, *, saved: bool
) -> None:
    """Refuse settings that do not suit their files, the generator, its file if it is saved, or the people."""
    method = method_of(config)
    method.check_files(config, before)
    method.check_generator(models.generator, config)
    method.trained_part(config, models.generator.config).check(models.generator)
    if saved:
        check_has_file(layers_of(models.generator)[0])
    check_config.check_rays(config, models.generator.config, models.perceptual)
    if config.target.kind in TARGETS:  # a formula that may refuse a latent
        from_config.target_latents(config, jnp.asarray(people.ws), models.w_avg, models.median_radius)


def _left_by(previous: Result, models: Models, config: ConfigDict) -> Before:
    """What an earlier run of the same source leaves for the next one."""
    method = method_of(config)
    checks.check_previous(previous, models, method.trained_part(config, models.generator.config))
    if previous.folder is None:
        return Before(previous.generator)
    return method.left_by(previous.folder.path, config, previous.generator)


def _after(previous: Result | None, request: Request) -> Request:
    """Return a request with what is known of those before: where they started, and whom they forgot."""
    if previous is None:
        return request
    earlier, people = Request("", "", (), "", "", ""), previous.people
    if previous.folder is not None:
        earlier = previous.folder.request
    return dataclasses.replace(
        request,
        earlier=(*earlier.earlier, earlier.start) if earlier.start else (),
        earlier_subjects=(*earlier.earlier_subjects, *people.subjects),
        earlier_seeds=(*earlier.earlier_seeds, *people.seeds),
    )


def request_of(
    models: Models, people: People, before: Before | None, numbers: tuple[int, ...], *, shared: bool
) -> Request:
    """Return what a run folder remembers of a call of `unlearn`."""
    return Request(
        model=models.name,
        fingerprint=models.fingerprint,
        subjects=people.subjects,
        **models.networks_of_loss,
        mean_latent=models.mean.origin,
        shared=shared,
        start="" if before is None else fingerprint_of(before.generator),
        seeds=people.seeds,
        adapters=models.adapters,
        numbers=numbers,
        photos_sha256=people.photos_sha256,
        inversion=dict(people.inversion),
        network_files=dict(models.network_files),
    )


def _begin(
    folder: RunFolder, request: Request, config: ConfigDict, people: People, stack: contextlib.ExitStack
) -> People:
    """Lock the run folder until `stack` ends, and write what was asked or compare it; the leader first.

    Returns:
      The people with the latents that the run began with.
    """
    lock = functools.partial(stack.enter_context, folder.lock())
    multihost.leader_first(lock, "the run's folder")
    begin = functools.partial(folder.begin, request, config, people.ws)
    multihost.leader_first(begin, "the run's beginning")
    return dataclasses.replace(people, ws=folder.people())


def _known(folder: RunFolder, models: Models, config: ConfigDict) -> Result | None:
    """The result of a finished run; None if there are steps to take, whose result then is the only one."""
    if not folder.finished():
        return None
    if folder.summary.get("steps") == config.steps:
        return finished(folder, models.generator)
    folder.drop_result()
    return None


def _prepare(
    models: Models,
    ws: np.ndarray,
    config: ConfigDict,
    folder: RunFolder | None,
    before: Before | None,
    mesh: Mesh | None,
    *,
    progress: bool,
) -> Prepared:
    """Let the method prepare the steps, and keep the targets in the run folder."""
    cache = None if folder is None else folder.path
    try:
        prepared = method_of(config).prepare(models, ws, config, cache, before, mesh, progress=progress)
    except KeyboardInterrupt as error:
        raise Interrupted("interrupted before the first step; the same command begins again") from error
    if folder is not None:
        folder.keep_targets(ws, prepared.ws_target)
    return prepared
