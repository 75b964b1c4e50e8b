"""Requests one after another: every stage goes on from the generator that the stage before left.

A stage is a run of its own, in a folder of its own; the registry says which are finished. After each stage
all people forgotten so far are looked at again.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from eg3d_flax import TriPlaneGenerator
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import Reference, evaluate_together, mean_figures
from jaxunlearn.evaluation.evaluate import measure_reference
from jaxunlearn.files.lock import locked
from jaxunlearn.methods import configuration, from_config
from jaxunlearn.methods.latents import repeated
from jaxunlearn.methods.registry import method_of
from jaxunlearn.methods.settings import ConfigDict
from jaxunlearn.models.loading import Models, fingerprint_of
from jaxunlearn.photos.people import People
from jaxunlearn.training.result import Result
from jaxunlearn.training.run_dir import RunFolder
from jaxunlearn.training.unlearn import unlearn
from jaxunlearn.workflows.registry import Registry
from jaxunlearn.workflows.requests import Stage, people_of_stage
from torch_bridge import remove_leftovers


class Forgotten(NamedTuple):
    """What came out of all stages."""

    stages: tuple[str, ...]
    people: tuple[People, ...]
    results: tuple[Result, ...]
    registry: Registry


def forget_in_stages(
    models: Models,
    stages: Sequence[Stage],
    config_for: Callable[[int], ConfigDict],
    out: Path,
    *,
    mesh: Mesh | None = None,
    reference: Reference | None = None,
    progress: bool = True,
) -> Forgotten:
    """Run what is left to run.

    Args:
      models: the source.
      stages: all requests, finished ones first; later calls may add more.
      config_for: number of people → settings of a stage.
      out: folder of the registry and of the stages.
      mesh: see `runner.unlearn`.
      reference: of the source, where it is measured already.
      progress: whether to show bars.

    Raises:
      InputError: if a request, the registry or a setting does not fit, or another process holds the folder;
        before anything is computed.
      Interrupted: after Ctrl-C; the same call goes on.
    """
    Registry.open(out, models.name, models.fingerprint)  # refuses a folder before the lock is in it
    with locked(out):
        remove_leftovers(out)
        return _forget(models, stages, config_for, out, mesh, reference, progress)


def _forget(
    models: Models,
    stages: Sequence[Stage],
    config_for: Callable[[int], ConfigDict],
    out: Path,
    mesh: Mesh | None,
    reference: Reference | None,
    progress: bool,
) -> Forgotten:
    registry = Registry.open(out, models.name, models.fingerprint)
    _check_continues(registry, stages)
    configs = [config_for(_at_least(stage)) for stage in stages]
    for config in configs:
        configuration.check(config)
        if not method_of(config).shares_generator(config):
            raise InputError("a sequence of requests needs a method that has one generator for all people")
    people = _everybody(models, stages, configs, out)
    configs = [config_for(len(group.subjects)) for group in people]
    results: list[Result] = []
    for number, (stage, group, config) in enumerate(zip(stages, people, configs, strict=True)):
        folder = stage_folder(out, number, stage)
        result = unlearn(
            models,
            group,
            config,
            workdir=folder,
            mesh=mesh,
            previous=results[-1] if results else None,
            progress=progress,
        )
        results.append(result)
        if number >= len(registry.entries):
            if reference is None:
                reference = measure_reference(models, config, progress=progress)
            figures = check_everybody(reference, result.generator, results, progress=progress)
            made = fingerprint_of(result.generator)
            registry.add(stage.name, folder.name, group.subjects, made, figures)
    return Forgotten(tuple(stage.name for stage in stages), tuple(people), tuple(results), registry)


def stage_folder(out: Path, number: int, stage: Stage) -> Path:
    """The run of a stage."""
    return out / f"{number + 1:02d}-{stage.name}"


def check_everybody(
    reference: Reference,
    generator: TriPlaneGenerator,
    results: Sequence[Result],
    *,
    progress: bool = True,
) -> dict[str, Any]:
    """Figures of all people forgotten so far in the newest generator.

    Args:
      reference: the original source.
      generator: what the last stage left.
      results: of all stages so far.
      progress: whether to show bars.

    Returns:
      As `evaluation.evaluate_together`, without `people`; and under `stages`, for each stage so far, the mean
      and the highest `id` of its people and how many of them are `forgotten`.
    """
    ws, ws_target = (
        jnp.concatenate([jnp.asarray(getattr(result, name)) for result in results])
        for name in ("ws", "ws_target")
    )
    figures = evaluate_together(reference, generator, ws, ws_target, progress=progress)
    each = list(figures.pop("people").values())
    stages = []
    for result in results:
        own, each = each[: len(result.ws)], each[len(result.ws) :]
        means = mean_figures(own)
        stages.append(
            {
                "people": len(own),
                "id": means["id"],
                "id_highest": max((one["id"] for one in own if one["id"] is not None), default=None),
                "forgotten": means["forgotten"],
            }
        )
    return {**figures, "stages": stages}


def _at_least(stage: Stage) -> int:
    """People of a stage, as far as that is known before files are read."""
    return len(stage.seeds) + len(stage.latents) + len(stage.images)


def _check_continues(registry: Registry, stages: Sequence[Stage]) -> None:
    """What is finished must be among the requests, in its order."""
    done = [entry.name for entry in registry.entries]
    asked = [stage.name for stage in stages]
    if asked[: len(done)] != done:
        raise InputError(
            f"{registry.file}: finished so far are {', '.join(done)}; the requests begin with "
            f"{', '.join(asked[: len(done)])}. List the finished ones first, or give another folder"
        )


def _everybody(
    models: Models, stages: Sequence[Stage], configs: Sequence[ConfigDict], out: Path
) -> list[People]:
    """The people of all stages; nobody may be in two of them."""
    groups: list[People] = []
    for number, (stage, config) in enumerate(zip(stages, configs, strict=True)):
        folder = RunFolder(stage_folder(out, number, stage))
        known = folder.people() if folder.exists() else None
        compute = from_config.compute(config)
        groups.append(people_of_stage(models, stage, compute=compute, known=known))
    if (twice := repeated(np.concatenate([group.ws for group in groups]))) is not None:
        names = [
            f"stage {stage.name}: {subject}"
            for stage, group in zip(stages, groups, strict=True)
            for subject in group.subjects
        ]
        one, other = (names[k] for k in twice)
        raise InputError(f"{one} and {other} are the same person; list everybody once")
    return groups
