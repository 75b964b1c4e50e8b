"""Serve requests one after the other: each starts from the generator that the request before left.

Each request is a run with a run folder. The registry lists the finished requests. After each request, all
people forgotten so far are measured again.
"""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax.sharding import Mesh

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import Reference, evaluate_together, mean_figures
from jaxunlearn.evaluation.evaluate import measure_reference
from jaxunlearn.evaluation.frontier import frontier_of
from jaxunlearn.evaluation.protocol import comparable, measured_with
from jaxunlearn.files.lock import locked_clean
from jaxunlearn.methods.config import check_config, from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models.generator import Generator, fingerprint_of
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion.choice import Inverting, choose, settings_for
from jaxunlearn.photos.people import People, joined, listed_twice
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.trainer import Callback
from jaxunlearn.training.unlearn import unlearn
from jaxunlearn.workflows.registry import Registry, folder_name
from jaxunlearn.workflows.requests import (
    ForgetRequest,
    RequestedPeople,
    check_photos,
    people_of_request,
)


class Forgotten(NamedTuple):
    """What the requests so far left.

    Attributes:
      folders: their run folders, in order; `training.result.finished` reads a result from one of them.
      newest: the result of the last one; no other generator is kept in memory.
      registry: the finished requests, in order.
    """

    folders: tuple[RunFolder, ...]
    newest: Result
    registry: Registry


def forget_requests(
    models: Models,
    requests: Sequence[ForgetRequest],
    config_for: Callable[[int], ConfigDict],
    out: Path,
    *,
    mesh: Mesh | None = None,
    inverting: Inverting | None = None,
    reference: Reference | None = None,
    callbacks_for: Callable[[ConfigDict, Path], Sequence[Callback]] = lambda *_: (),
    after_each: Callable[["Forgotten"], None] | None = None,
    progress: bool = True,
) -> Forgotten:
    """Run the requests that are not finished.

    Args:
      models: the source.
      requests: all requests, finished ones first; later calls may add more.
      config_for: function from the number of people to the settings of a request.
      out: folder of the registry and of the run folders.
      mesh: see `training.unlearn`.
      inverting: how photos of requests are inverted; None as suits the models.
      reference: of the source, if it is measured already.
      callbacks_for: function from a request's settings and run folder to callbacks of its run.
      after_each: is called with the results so far after each request that was carried out, and once
        more after the last request of the call before.
      progress: True shows progress bars.

    Raises:
      InputError: if a request, the registry or a setting is invalid, another process uses the folder, or
        finished requests were measured otherwise; before training, unless a photo gives listed latents.
      Interrupted: after Ctrl-C; the same call resumes.
    """
    with locked_clean(out, opened := functools.partial(Registry.open, out, models.name, models.fingerprint)):
        registry = opened()
        people, configs = _checked(models, registry, requests, config_for, inverting)
        folders = [RunFolder(request_folder(out, number, each)) for number, each in enumerate(requests)]
        newest, done = None, len(registry.entries)
        reference = _same_reference(models, registry, configs, reference, progress=progress)
        registry.ask(len(requests))
        forget = functools.partial(unlearn, models, mesh=mesh, progress=progress)
        for number, (config, folder) in enumerate(zip(configs, folders, strict=True)):
            group = _inverted(models, requests, people, number, config, progress=progress)
            callbacks = [
                *frontier_of(models, group, config, folder.path),
                *callbacks_for(config, folder.path),
            ]
            newest = forget(group, config, workdir=folder.path, previous=newest, callbacks=callbacks)
            so_far = Forgotten(tuple(folders[: number + 1]), newest, registry)
            if number >= done:
                reference = reference or measure_reference(models, config, progress=progress)
                _add(so_far, reference, requests[number].name, progress=progress)
            if number >= done - 1 and after_each is not None:  # the call before may have been cut off in it
                after_each(so_far)
        assert newest is not None, "there are requests"
        return Forgotten(tuple(folders), newest, registry)


def _checked(
    models: Models,
    registry: Registry,
    requests: Sequence[ForgetRequest],
    config_for: Callable[[int], ConfigDict],
    inverting: Inverting | None,
) -> tuple[list[RequestedPeople], list[ConfigDict]]:
    """Return the people and the settings of each request.

    Raises:
      InputError: see `forget_requests`.
    """
    if not requests:
        raise InputError("there are no requests; give at least one")
    _check_continues(registry, requests)
    _check_steps(registry, config_for)
    configs = [config_for(_least_people(request)) for request in requests]
    for config in configs:
        check_config.check(config)
        if not method_of(config).shares_generator(config):
            raise InputError("requests one after the other need a method with one generator for all people")
    people = _people(models, requests, registry.path, inverting)
    return people, [config_for(len(group.people.subjects)) for group in people]


def request_folder(out: Path, number: int, request: ForgetRequest) -> Path:
    """Return the run folder of a request; `number` counts from 0."""
    return out / folder_name(number, request.name)


def measure_everybody(
    reference: Reference,
    generator: Generator,
    folders: Sequence[RunFolder],
    *,
    progress: bool = True,
) -> dict[str, Any]:
    """Measure all people forgotten so far in the newest generator.

    Args:
      reference: of the original source.
      generator: the result of the last request.
      folders: run folders of all requests so far.
      progress: True shows progress bars.

    Returns:
      The figures of `evaluation.evaluate_together` without `people`. Also `requests`: for each so far, the
      mean and the highest `id` of its people, and how many of them are `forgotten`.
    """
    latents = [folder.latents() for folder in folders]
    ws, ws_target = (jnp.concatenate(arrays) for arrays in zip(*latents, strict=True))
    figures = evaluate_together(reference, generator, ws, ws_target, progress=progress)
    people = list(figures.pop("people").values())
    requests = []
    for forgotten, _ in latents:
        own, people = people[: len(forgotten)], people[len(forgotten) :]
        means = mean_figures(own)
        requests.append(
            {
                "people": len(own),
                "id": means["id"],
                "id_highest": max((person["id"] for person in own if person["id"] is not None), default=None),
                "forgotten": means["forgotten"],
            }
        )
    return {**figures, "requests": requests}


def _least_people(request: ForgetRequest) -> int:
    """Return the least number of people in a request; a file of latents may hold more than one."""
    return len(request.seeds) + len(request.latents) + len(request.images)


def _check_continues(registry: Registry, requests: Sequence[ForgetRequest]) -> None:
    """Check that the requests begin with the finished ones, in the same order."""
    done = [entry.name for entry in registry.entries]
    asked = [request.name for request in requests]
    if asked[: len(done)] != done:
        raise InputError(
            f"{registry.file}: the finished requests are {', '.join(done)}, but your list begins with "
            f"{', '.join(asked[: len(done)])}; list the finished ones first, or choose another folder"
        )


def _check_steps(registry: Registry, config_for: Callable[[int], ConfigDict]) -> None:
    """Refuse another number of steps for a finished request: it would go on, and its generator with it."""
    for entry in registry.entries:
        folder, wanted = RunFolder(registry.path / entry.folder), config_for(len(entry.subjects)).steps
        if (steps := folder.summary.get("steps", wanted)) != wanted:
            raise InputError(
                f"{folder.path}: was carried out with {steps} steps, not {wanted}; later requests begin with "
                "its generator. Give the same number, or another folder"
            )


def _add(so_far: Forgotten, reference: Reference, name: str, *, progress: bool) -> None:
    """Measure everybody forgotten so far, and add the newest request, of this name, to the registry."""
    newest, folder = so_far.newest, so_far.folders[-1].path
    figures = measure_everybody(reference, newest.generator, so_far.folders, progress=progress)
    fingerprint = fingerprint_of(newest.generator)
    so_far.registry.add(name, folder.name, newest.people.subjects, fingerprint, figures)


def _same_reference(
    models: Models,
    registry: Registry,
    configs: Sequence[ConfigDict],
    given: Reference | None,
    *,
    progress: bool,
) -> Reference | None:
    """Measure the source if requests are added to finished ones, else return what was given.

    Raises:
      InputError: if its judges or settings are not those of the newest figures: one curve shows both.
    """
    if not 0 < (done := len(registry.entries)) < len(configs):
        return given
    reference = given or measure_reference(models, configs[done], progress=progress)
    entry = registry.entries[-1]
    before, now = (comparable(each) for each in (entry.figures, measured_with(reference, 0, 0)))
    for name in [name for name in before if before[name] != now.get(name)]:
        raise InputError(
            f"{registry.file}: {entry.name} was measured with {name} {before[name]!r}, not "
            f"{now.get(name)!r}; measure all requests alike, or choose another folder"
        )
    return reference


def _people(
    models: Models,
    requests: Sequence[ForgetRequest],
    out: Path,
    inverting: Inverting | None,
) -> list[RequestedPeople]:
    """Return the people of all requests; refuse somebody who is listed twice."""
    groups: list[RequestedPeople] = []
    how, way = Inverting(), dict[str, str]()
    if any(request.images for request in requests):
        chosen = choose(models, **(inverting or {}))
        how, way = chosen.arguments, chosen.way(settings_for(chosen.method, models))
    folders = [RunFolder(request_folder(out, number, request)) for number, request in enumerate(requests)]
    for request, folder in zip(requests, folders, strict=True):
        if not folder.exists():
            check_photos(request)
    for request, folder in zip(requests, folders, strict=True):
        groups.append(people_of_request(models, request, folder, how, way))
    _refuse_repeated(requests, groups)
    return groups


def _inverted(
    models: Models,
    requests: Sequence[ForgetRequest],
    people: list[RequestedPeople],
    number: int,
    config: ConfigDict,
    *,
    progress: bool,
) -> People:
    """Return the people of a request, whose photos are inverted if their latents are not known.

    This comes right before the run, whose folder keeps the latents: so no photo is inverted twice.

    Raises:
      InputError: if a photo's latents are somebody else's.
    """
    if people[number].plan is not None:
        group = people[number].inverted(models, from_config.compute(config), progress=progress)
        people[number] = RequestedPeople(group, None)
        _refuse_repeated(requests, people)
    return people[number].people


def _refuse_repeated(requests: Sequence[ForgetRequest], people: Sequence[RequestedPeople]) -> None:
    """Refuse somebody who is listed twice, as far as photos, and latents that are known, can tell.

    Raises:
      InputError: naming both entries.
    """
    if (twice := listed_twice(joined("everybody", [group.people for group in people]))) is not None:
        names = [
            f'request "{request.name}": {subject}'
            for request, group in zip(requests, people, strict=True)
            for subject in group.people.subjects
        ]
        first, second = (names[k] for k in twice)
        raise InputError(f"{first} and {second} are the same person; list everybody once")
