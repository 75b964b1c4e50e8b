"""The loop of an unlearning run: compile once, step, log, save, go on after an interruption."""

import contextlib
import dataclasses
import functools
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from tqdm import tqdm

from eg3d_flax import TriPlaneGenerator
from jaxunlearn import configuration
from jaxunlearn.allowed_settings import TARGETS
from jaxunlearn.checkpoints import Checkpoints
from jaxunlearn.configuration import Adam
from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.generators import load_generator, save_generator
from jaxunlearn.metrics_file import forget_after
from jaxunlearn.models import Models, fingerprint_of
from jaxunlearn.preparation import Before, Prepared, check_files, prepare
from jaxunlearn.presets import ConfigDict
from jaxunlearn.report.progress_picture import ProgressPicture
from jaxunlearn.run_folder import Request, RunFolder
from jaxunlearn.step import (
    Frozen,
    SplitGenerator,
    State,
    StepSettings,
    Target,
    UnlearningStep,
    merge_generator,
    over_identities,
    split_generator,
)

Measurements = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of `K` people.

    Attributes:
      ws, ws_target: `[K, L, D]`, who was unlearned and what they became.
      generators: one for each of them, in the same order, or a single one that forgot all.
      summary: `steps`, `steps_per_second` (without compilation), `compile_seconds`, `devices`, final `loss`,
        and `w_avg`: where the mean latent comes from.
      folder: the run's folder, if it has one.
    """

    ws: np.ndarray
    ws_target: np.ndarray
    generators: tuple[TriPlaneGenerator, ...]
    summary: dict[str, Any]
    folder: RunFolder | None

    @property
    def generator(self) -> TriPlaneGenerator:
        """The first person's, the only one in the common case."""
        return self.generators[0]

    @property
    def together(self) -> bool:
        """Whether one generator forgot several people."""
        return len(self.generators) < len(self.ws)

    def generator_of(self, person: int) -> TriPlaneGenerator:
        """The generator that forgot a person."""
        return self.generators[0 if self.together else person]


def unlearn(
    models: Models,
    ws: np.ndarray | jax.Array,
    config: ConfigDict,
    mesh: Mesh | None = None,
    workdir: Path | str | None = None,
    *,
    subjects: Sequence[str] | None = None,
    before: Before | None = None,
    progress: bool = True,
) -> Result:
    """Make a generator forget people: each in a copy of its own (GUIDE, Eq. 9), or all in one (SUGAR, Eq. 9).

    A run with a folder goes on where it was cut off, and gives bit for bit what it would have given without
    the interruption. A finished run is read, not run again.

    Args:
      models: the source, with the networks of the loss.
      ws: `[L, D]`, or `[K, L, D]` for `K` people.
      config: as `jaxunlearn.presets` returns.
      mesh: its axis "identity" divides the people among devices; None runs on one device.
      workdir: the run's folder; nothing is written without one.
      subjects: a line for each person, for the folder's records.
      before: what an earlier request left, to begin with; SUGAR only.
      progress: whether to show a bar.

    Raises:
      InputError: if arguments do not fit, or the folder holds another run; before anything is computed. Also
        if the loss is no longer finite.
      Interrupted: after Ctrl-C or SIGTERM, when the state is saved.
    """
    people = _people(ws, models)
    names = tuple(subjects) if subjects else tuple(f"latent {k}" for k in range(len(people)))
    if len(names) != len(people):
        raise InputError(f"{len(names)} subjects for {len(people)} latents")
    configuration.check(config)
    check_files(config)
    together = config.method == "sugar"
    if together:
        _check_different(people, names)
    elif before is not None:
        raise InputError('config.method is "guide": only SUGAR goes on from an earlier request')
    copies = 1 if together else len(people)
    if mesh is not None and copies % mesh.shape["identity"]:
        raise InputError(f"{copies} generators cannot be divided among {mesh.shape['identity']} devices")
    folder = None
    formula = None
    if config.target.kind in TARGETS:  # cheap, and it may refuse a latent
        formula = np.asarray(
            configuration.target_latents(config, jnp.asarray(people), models.w_avg, models.median_radius)
        )
    if workdir is not None:
        folder = RunFolder(Path(workdir))
        request = Request(
            models.name,
            models.fingerprint,
            names,
            models.perceptual_name,
            models.identity.name,
            together,
            "" if before is None else fingerprint_of(before.generator),
        )
        folder.begin(request, config, people)
        if formula is not None:
            folder.check_targets(formula)
        if folder.finished() and folder.summary.get("steps") == config.steps:
            return finished(folder)
    prepared = _prepared(models, people, config, folder, before, progress)
    return _Run(models, people, prepared, config, mesh, folder, progress).result()


def _check_different(ws: np.ndarray, names: Sequence[str]) -> None:
    """Refuse people who are listed twice: two surrogates for one person contradict each other."""
    for k in range(len(ws)):
        for j in range(k):
            if np.array_equal(ws[j], ws[k]):
                same = names[k] if names[j] == names[k] else f"{names[j]} and {names[k]}"
                raise InputError(f"{same}: the same person is listed twice; list everybody once")


def _prepared(
    models: Models,
    people: np.ndarray,
    config: ConfigDict,
    folder: RunFolder | None,
    before: Before | None,
    progress: bool,
) -> Prepared:
    try:
        prepared = prepare(models, people, config, folder, before, progress=progress)
    except KeyboardInterrupt as error:
        raise Interrupted("interrupted before the first step; the same command begins again") from error
    if folder is not None:
        folder.keep_targets(people, prepared.ws_target)
    return prepared


def _people(ws: np.ndarray | jax.Array, models: Models) -> np.ndarray:
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


def for_people(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """`over_identities`; one person is not vmapped, since convolutions with batched weights are slow."""
    if count > 1:
        return over_identities(function)

    def single(state: Any, frozen: Frozen, target: Any, key: Any) -> Any:
        state, target, key = jax.tree.map(lambda x: x[0], (state, target, key))
        return jax.tree.map(lambda x: x[None], function(state, frozen, target, key))

    return single


@dataclasses.dataclass(frozen=True)
class StepRecipe:
    """All that decides what a step's program is, besides shapes; hashable."""

    graphdef: nnx.GraphDef
    adam: Adam
    settings: StepSettings
    count: int

    def step(self) -> UnlearningStep:
        """Its functions for one person."""
        return UnlearningStep(self.graphdef, self.adam.transformation(), self.settings)


@functools.lru_cache(maxsize=4)
def _compiled(recipe: StepRecipe, structure: Any, leaves: tuple[jax.ShapeDtypeStruct, ...]) -> Any:
    """A step's program, kept for the next run that needs the same."""
    arguments = jax.tree.unflatten(structure, leaves)
    return jax.jit(for_people(recipe.step(), recipe.count), donate_argnums=0).lower(*arguments).compile()


def compiled_step(recipe: StepRecipe, *arguments: Any) -> Callable[..., tuple[State, Measurements]]:
    """The step compiled for arguments like these: state (which it consumes), frozen, target, keys."""
    leaves, structure = jax.tree.flatten(arguments)
    shapes = tuple(jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding) for x in leaves)
    return _compiled(recipe, structure, shapes)


class _Run:
    """One call of `unlearn`."""

    def __init__(
        self,
        models: Models,
        ws: np.ndarray,
        prepared: Prepared,
        config: ConfigDict,
        mesh: Mesh | None,
        folder: RunFolder | None,
        progress: bool,
    ):
        self._models, self._config, self._mesh, self._folder = models, config, mesh, folder
        self._ws, self._ws_target, self._show = ws, prepared.ws_target, progress
        self._together = config.method == "sugar"
        self._copies = 1 if self._together else len(ws)
        split = split_generator(models.generator)
        self._split = split
        settings = configuration.step_settings(
            config, models.generator.config, models.median_radius, people=len(ws)
        )
        self._recipe = StepRecipe(split.graphdef, configuration.adam(config), settings, self._copies)
        self._frozen = self._everywhere(
            Frozen(split.trainable, split.fixed, models.perception(), prepared.surrogates, prepared.memory)
        )

    def _everywhere(self, tree: Any) -> Any:
        return (
            tree if self._mesh is None else jax.device_put(tree, NamedSharding(self._mesh, PartitionSpec()))
        )

    def _divided(self, tree: Any) -> Any:
        if self._mesh is None:
            return tree
        return jax.device_put(tree, NamedSharding(self._mesh, PartitionSpec("identity")))

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
            self._export(folder, generators)
            folder.add_to_summary(summary)
        return Result(self._ws, self._ws_target, generators, summary, folder)

    def _initial(self) -> tuple[State, Target, jax.Array]:
        count, step = self._copies, self._recipe.step()

        def start(_: jax.Array, frozen: Frozen, people: Any, __: jax.Array) -> tuple[State, Target]:
            return step.init(frozen), step.target(frozen, *people)

        keys = jax.vmap(functools.partial(jax.random.fold_in, jax.random.key(self._config.seed)))(
            jnp.arange(count)
        )
        people = (jnp.asarray(self._ws), jnp.asarray(self._ws_target))
        if self._together:
            people = jax.tree.map(lambda x: x[None], people)
        empty = jnp.zeros(count)
        state, target = jax.jit(for_people(start, count))(empty, self._frozen, people, keys)
        return self._divided(state), self._divided(target), self._divided(keys)

    def _loop(self, checkpoints: Checkpoints | None) -> tuple[State, dict[str, Any]]:
        config = self._config
        began = time.monotonic()
        state, target, keys = self._initial()
        arguments = (self._frozen, target, keys)
        advance = compiled_step(self._recipe, state, *arguments)
        compile_seconds = time.monotonic() - began
        first = 0
        if checkpoints is not None and checkpoints.latest is not None:
            state = checkpoints.restore(state)
            first = checkpoints.latest
            if first > config.steps:
                raise InputError(f"config.steps is {config.steps}, but the run is at step {first} already")
        picture = None
        if self._folder is not None:
            forget_after(self._folder.metrics_file, first)
            if config.images_every:
                compute = configuration.compute(config)
                picture = ProgressPicture(self._models.generator, compute, self._folder.images)
                picture.start(self._ws[0], self._ws_target[0])

        began, measured, aside = time.monotonic(), None, 0.0
        with (
            _interruptions() as interrupted,
            tqdm(
                total=config.steps,
                initial=first,
                unit="step",
                desc="unlearning",
                dynamic_ncols=True,
                disable=not self._show,
            ) as bar,
        ):
            for done in range(first + 1, config.steps + 1):
                state, measured = advance(state, *arguments)
                if self._due(done, config.log_every):
                    measured = jax.block_until_ready(measured)
                    line = _line(done, measured, time.monotonic() - began - aside)
                    if not np.isfinite(line["loss"]):
                        raise InputError(self._diverged(done, checkpoints))
                    bar.set_postfix(_shown(line, config), refresh=False)
                    if self._folder is not None:
                        self._folder.log(line)
                bar.update()
                other = time.monotonic()
                if picture is not None and self._due(done, config.images_every):
                    picture.save(done, self._generator(state, 0))
                if checkpoints is not None and (
                    self._due(done, config.checkpoint_every) or interrupted.is_set()
                ):
                    checkpoints.save(done, state)
                if interrupted.is_set() and done < config.steps:
                    raise Interrupted(self._how_to_go_on(done, checkpoints))
                aside += time.monotonic() - other
        seconds = time.monotonic() - began - aside
        devices = jax.devices() if self._mesh is None else list(self._mesh.devices.flat)
        summary: dict[str, Any] = {"steps": config.steps, "w_avg": _mean_latent(self._models)}
        if measured is not None:  # at least one step was left
            summary |= {
                "steps_per_second": round((config.steps - first) / seconds, 4),
                "compile_seconds": round(compile_seconds, 2),
                "devices": f"{len(devices)} x {devices[0].device_kind}",
                "loss": float(jnp.mean(measured["loss"])),
            }
        return state, summary

    def _due(self, step: int, every: int) -> bool:
        return step % every == 0 or step == self._config.steps

    def _generator(self, state: State, copy: int) -> TriPlaneGenerator:
        trainable = jax.tree.map(lambda x: jnp.asarray(x[copy]), state.trainable)
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


def finished(folder: RunFolder) -> Result:
    """A finished run, read from its folder.

    Raises:
      InputError: if it is no run, or not finished.
    """
    request = folder.request
    if not folder.finished():
        raise InputError(f"{folder.path}: the run is not finished; the command that began it goes on with it")
    generators = tuple(load_generator(str(folder.generator(k))) for k in range(request.copies))
    ws, ws_target = folder.latents()
    return Result(ws, ws_target, generators, folder.summary, folder)


def _mean_latent(models: Models) -> dict[str, Any]:
    """What a summary says of the mean latent that the targets were made with."""
    mean = models.mean
    known = {"origin": mean.origin, "samples": mean.samples, "seed": mean.seed}
    return {name: value for name, value in known.items() if value is not None}


def _line(step: int, measured: Measurements, seconds: float) -> dict[str, Any]:
    """What is logged of a step: means over people, and each term of each pair."""
    mean = {name: np.asarray(values).mean(axis=0) for name, values in measured.items()}
    return {"step": step, "seconds": round(seconds, 2)} | {
        name: np.round(value.astype(float), 6).tolist() for name, value in mean.items()
    }


def _shown(line: dict[str, Any], config: ConfigDict) -> dict[str, str]:
    """The bar's numbers; the local pair comes first."""
    shown = {"loss": f"{line['loss']:.3f}"}
    if config.terms.identity:
        shown["similarity to target"] = f"{1 - line['identity'][0]:.2f}"
    return shown


@contextlib.contextmanager
def _interruptions() -> Iterator[threading.Event]:
    """An event that is set by Ctrl-C and SIGTERM; a second Ctrl-C stops at once."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event  # only the main thread can handle signals
        return

    def note(number: int, frame: Any) -> None:
        if event.is_set():
            signal.default_int_handler(number, frame)
        event.set()

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
