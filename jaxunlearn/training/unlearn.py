"""The loop of an unlearning run: compile once, step, log, save, go on after an interruption."""

import contextlib
import dataclasses
import functools
import time
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from tqdm import tqdm

from eg3d_flax import TriPlaneGenerator
from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.files.door import local_path
from jaxunlearn.methods import configuration, from_config
from jaxunlearn.methods.base import Before, Method, Prepared
from jaxunlearn.methods.common_settings import TARGETS
from jaxunlearn.methods.latents import repeated
from jaxunlearn.methods.registry import method_of
from jaxunlearn.methods.settings import ConfigDict, flat
from jaxunlearn.models.generator import SplitGenerator, merge_generator, save_generator, split_generator
from jaxunlearn.models.loading import Models, fingerprint_of
from jaxunlearn.photos.people import People
from jaxunlearn.process import multihost
from jaxunlearn.process.signals import interruptions
from jaxunlearn.sharding import IDENTITY
from jaxunlearn.training.checkpoints import Checkpoints
from jaxunlearn.training.compiled_step import Measurements, StepRecipe, compiled_step
from jaxunlearn.training.metrics_log import diverged_until, forget_after
from jaxunlearn.training.progress_picture import ProgressPicture
from jaxunlearn.training.result import Result, finished
from jaxunlearn.training.run_dir import Request, RunFolder, same_people
from jaxunlearn.training.step import Frozen, State, Target

_FIGURES = (
    "steps_per_second",
    "compile_seconds",
    "devices",
    "loss",
    "losses",
    "padding_identity",
    "padding_sample",
)
"""What a summary says of the steps, where they were taken."""


class Diverged(InputError):
    """No copy's loss is finite any more."""


def unlearn(
    models: Models,
    people: People | np.ndarray | jax.Array,
    config: ConfigDict,
    *,
    workdir: Path | str | None = None,
    mesh: Mesh | None = None,
    previous: Result | None = None,
    numbers: Sequence[int] | None = None,
    progress: bool = True,
) -> Result:
    """Make a generator forget people: each in a copy of its own (GUIDE, Eq. 9), or all in one (SUGAR, Eq. 9).

    A run with a folder goes on where it was cut off, and gives bit for bit what it would have given without
    the interruption. A finished run is read, not run again.

    Args:
      models: the source, with the networks of the loss.
      people: who is forgotten; or latents `[L, D]`, or `[K, L, D]` for `K` people, without names.
      config: as `jaxunlearn.preset` returns.
      workdir: the run's folder; nothing is written without one.
      mesh: as `jaxunlearn.sharding.make_mesh` makes it: its axis "identity" divides generator copies among
        devices, "sample" the pairs of a step, and neither changes what comes out; None runs on one device.
      previous: an earlier request that this one begins with; only where all people share one generator. What
        the method kept besides the generator is read from that run's folder.
      numbers: of the generator copies; what a copy draws depends on its number and on the seed, not on who
        else is there. None counts from 0.
      progress: whether to show a bar.

    Raises:
      InputError: if arguments do not fit, or the folder holds another run; before anything is computed. Also
        if the loss of all copies is no longer finite.
      Interrupted: after Ctrl-C or SIGTERM, when the state is saved.
    """
    group = _group(people, models)
    configuration.check(config)
    asked = {
        "generator": models.fingerprint,
        "people": (group.subjects, group.ws.shape),
        "settings": flat(config),
    }
    multihost.check_same(asked, "the run")
    group = dataclasses.replace(group, ws=_of_leader(group.ws))
    method = method_of(config)
    method.check_files(config)
    together = method.shares_generator(config)
    if together:
        _check_different(group.ws, group.subjects)
    elif previous is not None:
        raise InputError("every person has a generator copy: none goes on from an earlier request")
    if together and mesh is not None and mesh.shape[IDENTITY] > 1:
        raise InputError(
            f'a mesh with {mesh.shape[IDENTITY]} devices along "identity": all people share one generator; '
            'put the devices along "sample"'
        )
    if config.target.kind in TARGETS:  # a formula that may refuse a latent
        from_config.target_latents(config, jnp.asarray(group.ws), models.w_avg, models.median_radius)
    numbers = tuple(range(len(group.ws)) if numbers is None else numbers)
    before = None if previous is None else _left_by(previous, method, config)
    with contextlib.ExitStack() as stack:
        folder = None
        if workdir is not None:
            folder = RunFolder(local_path(workdir), writes=multihost.leads())
            request = Request(
                models.name,
                models.fingerprint,
                group.subjects,
                models.perceptual_name,
                models.identity.name,
                models.mean.origin,
                together,
                "" if before is None else fingerprint_of(before.generator),
                group.seeds,
            )
            held = functools.partial(stack.enter_context, folder.held())
            multihost.leader_first(held, "the run's folder")
            begin = functools.partial(folder.begin, request, config, group.ws)
            multihost.leader_first(begin, "the run's beginning")
            group = dataclasses.replace(group, ws=folder.people())  # those that the run began with
            if folder.finished() and folder.summary.get("steps") == config.steps:
                return finished(folder)
        prepared = _prepared(models, group.ws, config, folder, before, mesh, progress)
        return _Run(models, group, prepared, config, mesh, folder, numbers, progress).result()


def _of_leader(people: np.ndarray) -> np.ndarray:
    """Process 0's latents in every process, where they agree up to rounding.

    Raises:
      InputError: if they do not, in all processes.
    """
    common = np.asarray(multihost.from_leader(people))
    multihost.check_same({"people's latents": same_people(people, common)}, "the run's people")
    return common


def _check_different(ws: np.ndarray, names: Sequence[str]) -> None:
    """Refuse people who are listed twice: two surrogates for one person contradict each other."""
    if (twice := repeated(ws)) is not None:
        one, other = (names[k] for k in twice)
        same = one if one == other else f"{one} and {other}"
        raise InputError(f"{same}: the same person is listed twice; list everybody once")


def _prepared(
    models: Models,
    people: np.ndarray,
    config: ConfigDict,
    folder: RunFolder | None,
    before: Before | None,
    mesh: Mesh | None,
    progress: bool,
) -> Prepared:
    try:
        kept = None if folder is None else folder.path
        prepared = method_of(config).prepare(models, people, config, kept, before, mesh, progress=progress)
    except KeyboardInterrupt as error:
        raise Interrupted("interrupted before the first step; the same command begins again") from error
    if folder is not None:
        folder.keep_targets(people, prepared.ws_target)
        if prepared.summary:
            folder.add_to_summary(prepared.summary)
    return prepared


def _group(people: People | np.ndarray | jax.Array, models: Models) -> People:
    """People whose latents are `[K, L, D]` float32 and fit the generator."""
    if isinstance(people, People):
        ws = _latents(people.ws, models)
        if len(people.subjects) != len(ws):
            raise InputError(f"{len(people.subjects)} subjects for {len(ws)} latents")
        return dataclasses.replace(people, ws=ws)
    ws = _latents(people, models)
    return People("people", tuple(f"latent {k}" for k in range(len(ws))), ws)


def _left_by(previous: Result, method: Method, config: ConfigDict) -> Before:
    """What an earlier run leaves for the next one."""
    if previous.folder is None:
        return Before(previous.generator)
    return method.left_by(previous.folder.path, config, previous.generator)


def _latents(ws: np.ndarray | jax.Array, models: Models) -> np.ndarray:
    """Latents as `[K, L, D]` float32."""
    people = np.asarray(ws, np.float32)
    if people.ndim == 2:
        people = people[None]
    config = models.generator.config
    if people.ndim != 3 or people.shape[1:] != (config.num_ws, config.w_dim) or not len(people):
        raise InputError(
            f"latents of shape {list(np.shape(ws))} do not fit this generator, "
            f"which takes [K, {config.num_ws}, {config.w_dim}]"
        )
    if not np.isfinite(people).all():
        raise InputError("latents contain NaN or infinity")
    return people


class _Run:
    """One call of `unlearn`."""

    def __init__(
        self,
        models: Models,
        people: People,
        prepared: Prepared,
        config: ConfigDict,
        mesh: Mesh | None,
        folder: RunFolder | None,
        numbers: tuple[int, ...],
        progress: bool,
    ):
        self._models, self._config, self._mesh, self._folder = models, config, mesh, folder
        self._people, self._ws, self._ws_target = people, people.ws, prepared.ws_target
        self._show = progress
        self._together = method_of(config).shares_generator(config)
        self._copies = 1 if self._together else len(self._ws)
        self._numbers = numbers[: self._copies]
        split = split_generator(models.generator)
        self._split = split
        settings = configuration.step_settings(
            config, models.generator.config, models.median_radius, people=len(self._ws)
        )
        self._recipe = StepRecipe(
            split.graphdef, from_config.adam(config), settings, self._copies, mesh, config.copies_at_once
        )
        perception = models.perception(settings.compute.dtype)
        self._frozen = self._recipe.everywhere(
            Frozen(split.trainable, split.fixed, perception, prepared.surrogates, prepared.memory)
        )

    def result(self) -> Result:
        """Run what is left to run."""
        folder = self._folder
        with contextlib.ExitStack() as stack:
            checkpoints = None
            if folder is not None:
                keep = self._config.checkpoints_kept
                checkpoints = stack.enter_context(Checkpoints(folder.checkpoints, keep=keep))
            state, summary = self._loop(checkpoints)
        generators = tuple(self._generator(state, k) for k in range(self._copies))
        if folder is not None:
            if folder.writes:
                self._export(folder, generators)
            folder.add_to_summary(summary)
            multihost.wait("results are written")
        return Result(self._people, self._ws_target, generators, summary, folder)

    def _initial(self) -> tuple[State, Target, jax.Array]:
        keys = jax.vmap(functools.partial(jax.random.fold_in, jax.random.key(self._config.seed)))(
            jnp.array(self._numbers)
        )
        people = (jnp.asarray(self._ws), jnp.asarray(self._ws_target))
        if self._together:
            people = jax.tree.map(lambda x: x[None], people)
        return self._recipe.start(self._frozen, people, keys)

    def _loop(self, checkpoints: Checkpoints | None) -> tuple[State, dict[str, Any]]:
        config, folder = self._config, self._folder
        began = time.monotonic()
        state, target, keys = self._initial()
        arguments = (self._frozen, target, keys)
        advance = compiled_step(self._recipe, state, *arguments)
        compile_seconds = time.monotonic() - began
        state, first = self._restored(state, checkpoints)
        if folder is not None and folder.writes:
            forget_after(folder.metrics_file, first)
        diverged = self._diverged_before(first)
        picture = self._picture()

        began, measured, aside = time.monotonic(), None, 0.0
        summary: dict[str, Any] = {}
        with interruptions() as interrupted, self._bar(first) as bar:
            for done in range(first + 1, config.steps + 1):
                state, measured = advance(state, *arguments)
                if self._due(done, config.log_every):
                    measured = self._recipe.without_padding(multihost.whole(measured))
                    diverged |= set(np.flatnonzero(~np.isfinite(measured["loss"])).tolist())
                    if len(diverged) == self._copies:
                        raise Diverged(self._diverged(done, checkpoints))
                    line = _line(done, measured, time.monotonic() - began - aside, diverged)
                    bar.set_postfix(_shown(line, config), refresh=False)
                    if folder is not None:
                        folder.log(line)
                bar.update()
                other = time.monotonic()
                if config.images_every and folder is not None and self._due(done, config.images_every):
                    first_copy = self._generator(state, 0)  # all processes: its parts come from all of them
                    if picture is not None:
                        picture.save(done, first_copy)
                stop = self._agreed(interrupted.is_set(), done)
                if done == config.steps:  # kept before the state is: then no step is left to measure
                    summary = self._figures(
                        (done - first) / (other - began - aside), compile_seconds, measured, diverged
                    )
                    if folder is not None:
                        folder.add_to_summary(summary)
                if checkpoints is not None and (self._due(done, config.checkpoint_every) or stop):
                    kept = self._recipe.without_padding(state)
                    checkpoints.save(done, kept, self._mean_loss(measured, diverged))
                if stop and done < config.steps:
                    raise Interrupted(self._how_to_go_on(done, checkpoints))
                aside += time.monotonic() - other
            if checkpoints is not None:
                checkpoints.wait()
            if multihost.anywhere(interrupted.is_set()):
                raise Interrupted(self._how_to_go_on(config.steps, checkpoints))
        if not summary and folder is not None:  # it was killed between its last step and its end
            summary = {name: folder.summary[name] for name in _FIGURES if name in folder.summary}
        return state, {
            "steps": config.steps,
            "w_avg": _mean_latent(self._models),
            "diverged": sorted(diverged),
            **summary,
        }

    def _figures(
        self, speed: float, compile_seconds: float, measured: Measurements, diverged: Set[int]
    ) -> dict[str, Any]:
        """What a summary says of the steps."""
        return {
            "steps_per_second": round(speed, 4),
            "compile_seconds": round(compile_seconds, 2),
            "devices": self._devices(),
            "loss": self._mean_loss(measured, diverged),
            "losses": [float(x) if np.isfinite(x) else None for x in measured["loss"]],
            **self._recipe.padding(),
        }

    def _restored(self, state: State, checkpoints: Checkpoints | None) -> tuple[State, int]:
        """The state to begin with, and the steps it has behind it."""
        if checkpoints is None or checkpoints.latest is None:
            return state, 0
        first, steps = checkpoints.latest, self._config.steps
        if first > steps:
            raise InputError(f"config.steps is {steps}, but the run is at step {first} already")
        kept = self._recipe.without_padding(state)
        return self._recipe.with_padding(checkpoints.restore(kept)), first

    def _diverged_before(self, first: int) -> set[int]:
        """Copies that diverged up to a step, as the metrics say."""
        return set() if self._folder is None else diverged_until(self._folder.metrics_file, first)

    def _picture(self) -> ProgressPicture | None:
        if self._folder is None or not self._folder.writes or not self._config.images_every:
            return None
        compute = from_config.compute(self._config)
        picture = ProgressPicture(self._models.generator, compute, self._folder.images)
        picture.start(self._ws[0], self._ws_target[0])
        return picture

    def _bar(self, first: int) -> "tqdm[Any]":
        return tqdm(
            total=self._config.steps,
            initial=first,
            unit="step",
            desc="unlearning",
            dynamic_ncols=True,
            disable=not self._show,
        )

    def _agreed(self, stop: bool, step: int) -> bool:
        """Whether to stop after a step: processes ask each other when one is logged, and stop at the same."""
        if self._due(step, self._config.log_every):
            return multihost.anywhere(stop)
        return stop and jax.process_count() == 1

    def _devices(self) -> str:
        devices = jax.devices()[:1] if self._mesh is None else list(self._mesh.devices.flat)
        return f"{len(devices)} x {devices[0].device_kind}"

    def _mean_loss(self, measured: Measurements, diverged: Set[int]) -> float:
        losses = self._recipe.without_padding(multihost.whole(measured["loss"]))
        return float(np.mean(np.delete(losses, sorted(diverged))))

    def _due(self, step: int, every: int) -> bool:
        return step % every == 0 or step == self._config.steps

    def _generator(self, state: State, copy: int) -> TriPlaneGenerator:
        trainable = jax.tree.map(
            jnp.asarray, multihost.whole(jax.tree.map(lambda x: x[copy], state.trainable))
        )
        return merge_generator(SplitGenerator(self._split.graphdef, trainable, self._split.fixed))

    def _export(self, folder: RunFolder, generators: Sequence[TriPlaneGenerator]) -> None:
        request = folder.request
        for k, generator in enumerate(generators):
            notes = {
                "made_by": "jaxunlearn unlearn",
                "source": request.model,
                "source_sha256": request.fingerprint,
                "forgotten": ", ".join(request.subjects) if self._together else request.subjects[k],
                "licence": "that of the source",
            }
            save_generator(generator, folder.generator(k), notes)

    @staticmethod
    def _diverged(step: int, checkpoints: Checkpoints | None) -> str:
        kept = checkpoints.latest if checkpoints is not None else None
        saved = f"; the state of step {kept} is kept" if kept else ""
        return f"step {step}: the loss is no longer finite; lower config.optimiser.learning_rate{saved}"

    def _how_to_go_on(self, step: int, checkpoints: Checkpoints | None) -> str:
        if checkpoints is None:
            return f"interrupted after step {step}; nothing was saved, since the run has no folder"
        checkpoints.wait()
        assert self._folder is not None
        return (
            f"interrupted; step {step} is saved in {self._folder.path}. The same command goes on from there"
        )


def _mean_latent(models: Models) -> dict[str, Any]:
    """What a summary says of the mean latent that the targets were made with."""
    mean = models.mean
    known = {"origin": mean.origin, "samples": mean.samples, "seed": mean.seed}
    return {name: value for name, value in known.items() if value is not None}


def _line(step: int, measured: Measurements, seconds: float, diverged: Set[int]) -> dict[str, Any]:
    """What is logged of a step: means over the copies that did not diverge, and each term of each pair."""
    left_out = sorted(diverged)
    rows = {name: np.delete(np.asarray(values), left_out, axis=0) for name, values in measured.items()}
    line: dict[str, Any] = {"step": step, "seconds": round(seconds, 2)}
    line |= {name: np.round(row.mean(axis=0).astype(float), 6).tolist() for name, row in rows.items()}
    return line | ({"diverged": left_out} if diverged else {})


def _shown(line: dict[str, Any], config: ConfigDict) -> dict[str, str]:
    """The bar's numbers; the local pair comes first."""
    shown = {"loss": f"{line['loss']:.3f}"}
    if config.terms.identity:
        shown["similarity to target"] = f"{1 - line['identity'][0]:.2f}"
    return shown
