"""The trainer of the bundled networks: loop, log, progress bar, checkpoints, pictures, finished file.

A training is a function of its config alone: interrupted and resumed, it gives the same weights bit for bit.
Its run folder holds `config.json`, `metrics.jsonl`, `checkpoints/`, `images/` and the finished network.
"""

import contextlib
import functools
import importlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import jax
import ml_collections
import numpy as np
from tqdm import tqdm

from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.files.door import read_json, write_text
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.lock import locked
from jaxunlearn.files.paths import check_file
from jaxunlearn.images import save_png
from jaxunlearn.methods.config.declaration import flat
from jaxunlearn.process.signals import interruptions
from jaxunlearn.training.storage.checkpoints import Checkpoints
from jaxunlearn.training.storage.metrics_log import add_line, forget_after
from jaxunlearn.zoo.synthetic.photographs import MAPPING_VERSION

Config = Any
"""A `ml_collections.ConfigDict`; its annotations do not allow nested settings."""
Numbers = Mapping[str, Any]
"""Name → number or text of one step; `loss` is among them."""
Figures = dict[str, Any]
"""Name → rounded figure of an evaluation, as JSON holds it."""
LICENCE = "Apache-2.0, trained on renderings of CC0 data"
"""Licence of every network that is trained here."""

TASKS = {
    "generator": "jaxunlearn.zoo.training.generator:GeneratorTask",
    "identity": "jaxunlearn.zoo.training.identity:IdentityTask",
    "encoder": "jaxunlearn.zoo.training.encoder:EncoderTask",
}
"""Name → module and class. A new task is added here."""
FREE = (
    *("log_every", "evaluate_every", "evaluate_people", "checkpoint_minutes"),
    *("data.folder", "data.workers", "batch_threads"),
)
"""Settings that any run may change when it is resumed, because its weights do not depend on them."""
CONFIG, METRICS, CHECKPOINTS, IMAGES = "config.json", "metrics.jsonl", "checkpoints", "images"


class TrainingState(Protocol):
    """A pytree of everything that changes from step to step."""

    @property
    def step(self) -> jax.Array:
        """Number of steps taken."""
        ...


State = TypeVar("State", bound=TrainingState)
Batch = TypeVar("Batch")
HeldOut = TypeVar("HeldOut")


class Task(Protocol[State, Batch, HeldOut]):
    """A network to train, and how: everything that differs between the trainings.

    Attributes:
      config: all settings, among them `log_every` and `evaluate_every` (steps; 0 evaluates only at the end),
        `evaluate_people` and `checkpoint_minutes`.
      file: name of the finished network's file in the run folder.
    """

    config: Config
    file: str

    @property
    def lengths(self) -> tuple[str, ...]:
        """Names of the settings for the numbers of steps, which a resumed run may change; see `FREE`."""
        ...

    @property
    def steps(self) -> int:
        """Number of steps of the whole run."""
        ...

    def initial_state(self) -> State:
        """Return the state before the first step."""
        ...

    def batches(self) -> contextlib.AbstractContextManager[Callable[[int], Batch]]:
        """Photograph the people to learn from; yield a function from a step's number to its batch.

        What draws batches in the background ends with the context.
        """
        ...

    def held_out(self) -> HeldOut:
        """Photograph the people to evaluate on, who are never in a batch."""
        ...

    def step(self, state: State, batch: Batch, number: int) -> tuple[State, Numbers]:
        """Take step `number`, counted from 0; return the next state and what is logged."""
        ...

    def bar_texts(self, numbers: Numbers) -> Mapping[str, str]:
        """Return what the progress bar shows of the logged numbers."""
        ...

    def evaluate(self, state: State, held_out: HeldOut, *, people: int | None = None) -> Figures:
        """Evaluate on the first `people` held-out people; on all of them by default."""
        ...

    def picture(self, state: State, held_out: HeldOut) -> np.ndarray | None:
        """Draw what the network makes of held-out people: `[H, W, 3]` uint8, or None for no picture."""
        ...

    def save(
        self, state: State, path: Path, figures: Figures, seconds: float, *, dtype: str = "float32"
    ) -> None:
        """Write the network with a header; `figures` are of all held-out people."""
        ...


def task_of(config: Config) -> Task[Any, Any, Any]:
    """Build the task that `config.task` names.

    Args:
      config: settings, as the files in `configs/zoo` return them.

    Raises:
      InputError: if there is no such task, or a setting is out of range.
    """
    name = config.get("task")
    if name not in TASKS:
        raise InputError(f"config.task is {name!r}; choose from {', '.join(TASKS)}")
    module, _, title = TASKS[name].partition(":")
    return getattr(importlib.import_module(module), title)(config)


def train(task: Task[Any, Any, Any], workdir: Path) -> Figures:
    """Train a network, or resume the training in `workdir`.

    Args:
      task: what to train, as from `task_of`.
      workdir: the run folder; created if missing.

    Returns:
      The figures of `Task.evaluate` on all held-out people.

    Raises:
      InputError: if a number of the config is too small, before any photograph; if the checkpoint is of a
        training with other settings; or if the loss is no longer finite. The last checkpoint stays.
      Interrupted: after Ctrl-C or SIGTERM, once the state is saved.
    """
    check_least(task.config, {"log_every": 1, "evaluate_every": 0, "evaluate_people": 1})
    with locked(workdir), Checkpoints(workdir / CHECKPOINTS, keep=1) as checkpoints:
        try:
            return Trainer(task, workdir, checkpoints).run()
        except KeyboardInterrupt as error:  # between the steps and what comes before or after them
            raise Interrupted(f"interrupted; the same command resumes the training in {workdir}") from error


def check_least(config: Config, least: Mapping[str, int]) -> None:
    """Refuse numbers that are too small to train or evaluate with.

    Args:
      config: all settings.
      least: name of a setting, such as "data.people" → the smallest number that it may have.

    Raises:
      InputError: naming the first setting that is too small.
    """
    for name, smallest in least.items():
        value = functools.reduce(lambda node, key: node[key], name.split("."), config)
        if value < smallest:
            raise InputError(f"config.{name} must be at least {smallest}, not {value}")


def check_batch(config: Config) -> None:
    """Refuse batches of more people than there are to learn from.

    Raises:
      InputError: if there are too few.
    """
    if config.batch.people > config.data.people:
        raise InputError(
            f"config.batch.people must be at most config.data.people = {config.data.people}, "
            f"not {config.batch.people}"
        )


def photographs_folder(data: Config) -> Path | None:
    """Return the folder that keeps photographs from `config.data`; None if they are rendered each time."""
    return Path(data.folder) if data.folder else None


def header_of(config: Config, state: TrainingState, seconds: float, *people: str) -> dict[str, str]:
    """Return what the headers of all networks say.

    Args:
      config: all settings.
      state: the state after the last step.
      seconds: time that the steps took.
      people: which synthetic people the network learned from, such as "seed 3".
    """
    return {
        "licence": LICENCE,
        "made_by": "tools/train_zoo.py",
        "people": ", ".join(("jaxunlearn.zoo.synthetic", f"mapping version {MAPPING_VERSION}", *people)),
        "seed": str(config.seed),
        "training_steps": str(int(state.step)),
        "training_seconds": str(round(seconds)),
    }


def export(workdir: Path, path: Path, dtype: str = "float16") -> Figures:
    """Write the network of a run's last checkpoint in fewer bits.

    Args:
      workdir: the run folder.
      path: the `.safetensors` file to write.
      dtype: "float16", "uint8" for half of that, or "float32".

    Returns:
      The figures of `Task.evaluate` on all held-out people.

    Raises:
      InputError: if `workdir` is not the run folder of a training, or `path` cannot be written.
    """
    check_file(path)
    if not (workdir / CONFIG).is_file() or not (workdir / CHECKPOINTS).is_dir():
        raise InputError(f"{workdir}: not a run folder; give the --workdir of tools/train_zoo.py")
    task = task_of(ml_collections.ConfigDict(_saved_config(workdir)))
    with locked(workdir), Checkpoints(workdir / CHECKPOINTS, keep=1) as checkpoints:
        if checkpoints.latest is None:
            raise InputError(f"{workdir}: no checkpoint in it yet; train it further first")
        state, seconds = restored(task, checkpoints)
    figures = task.evaluate(state, task.held_out())
    task.save(state, path, figures, seconds, dtype=dtype)
    return figures


def restored(task: Task[State, Any, Any], checkpoints: Checkpoints) -> tuple[State, float]:
    """Return the state and the seconds of the last checkpoint, or those of a new run."""
    saved: dict[str, Any] = {"state": task.initial_state(), "seconds": np.zeros((), np.float64)}
    if checkpoints.latest is not None:
        saved = checkpoints.restore(saved)
    return saved["state"], float(saved["seconds"])


def _saved_config(workdir: Path) -> dict[str, Any]:
    """Read the settings of the run in a folder."""
    return check_form(read_json(workdir / CONFIG), dict[str, Any], workdir / CONFIG)


def _check_same_settings(task: Task[Any, Any, Any], workdir: Path) -> None:
    """Refuse to resume a run with other settings than it began with, unless they are free."""
    before, now = (
        flat(ml_collections.ConfigDict(config))
        for config in (_saved_config(workdir), json.loads(task.config.to_json_best_effort()))
    )
    for name in sorted({*before, *now} - {*FREE, *task.lengths}):
        if before.get(name) != now.get(name):
            raise InputError(
                f"{workdir}: is a training with config.{name} {before.get(name)!r}, not {now.get(name)!r}; "
                "give another --workdir, or its settings"
            )


class Trainer(Generic[State, Batch, HeldOut]):
    """One training in its run folder.

    Attributes:
      state: the state after the last step taken.
    """

    def __init__(self, task: Task[State, Batch, HeldOut], workdir: Path, checkpoints: Checkpoints):
        """Restore the last checkpoint, if there is one.

        Args:
          task: what is trained.
          workdir: the run folder; it exists.
          checkpoints: those of the run folder.

        Raises:
          InputError: if the checkpoint belongs to a training with other settings.
        """
        if checkpoints.latest is not None:
            _check_same_settings(task, workdir)
        self._task, self._workdir, self._checkpoints = task, workdir, checkpoints
        self.state, self._seconds_before = restored(task, checkpoints)
        self._began = time.monotonic()
        forget_after(workdir / METRICS, self._step)
        write_text(workdir / CONFIG, task.config.to_json_best_effort(indent=1) + "\n")

    def run(self) -> Figures:
        """Take all remaining steps, evaluate, and write the finished network.

        Returns:
          The figures on all held-out people.
        """
        task = self._task
        with task.batches() as batch_of:
            held_out = task.held_out()
            self._began = time.monotonic()
            self._take_steps(batch_of, held_out)
        figures = self._look(held_out)
        task.save(self.state, self._workdir / task.file, figures, self._seconds)
        return figures

    def _take_steps(self, batch_of: Callable[[int], Batch], held_out: HeldOut) -> None:
        task, config, begun = self._task, self._task.config, self._step
        last_saved = time.monotonic()
        with (
            interruptions() as interrupted,
            tqdm(total=task.steps, initial=begun, unit="step", dynamic_ncols=True) as bar,
        ):
            for done in range(begun + 1, task.steps + 1):
                self.state, numbers = task.step(self.state, batch_of(done - 1), done - 1)
                bar.update()
                if done % config.log_every == 0 or done == task.steps:
                    bar.set_postfix(task.bar_texts(self._log(numbers)))
                if config.evaluate_every and done % config.evaluate_every == 0:
                    self._look(held_out, people=config.evaluate_people)
                stop = interrupted.is_set()
                is_old = time.monotonic() - last_saved > 60 * config.checkpoint_minutes
                if stop or is_old or done == task.steps:
                    self._save(numbers)
                    last_saved = time.monotonic()
                if stop:
                    self._checkpoints.wait()
                    raise Interrupted(
                        f"interrupted; step {done} is saved in {self._workdir}. The same command resumes it"
                    )

    @property
    def _step(self) -> int:
        """Number of steps taken."""
        return int(self.state.step)

    @property
    def _seconds(self) -> float:
        """Seconds spent on the steps so far, in all sessions together."""
        return self._seconds_before + time.monotonic() - self._began

    def _log(self, numbers: Numbers) -> Numbers:
        """Add a step's numbers to the metrics; return them as floats."""
        values = {name: x if isinstance(x, str) else float(x) for name, x in numbers.items()}
        self._check_finite(float(values["loss"]))
        self._report(rounded(values))
        return values

    def _look(self, held_out: HeldOut, *, people: int | None = None) -> Figures:
        """Evaluate on held-out people: a line in the metrics, and a picture."""
        picture = self._task.picture(self.state, held_out)
        if picture is not None:
            folder = self._workdir / IMAGES
            folder.mkdir(exist_ok=True)
            save_png(folder / f"step{self._step:06d}.png", picture)
        figures = self._task.evaluate(self.state, held_out, people=people)
        self._report({"held_out": figures})
        return figures

    def _report(self, numbers: Mapping[str, Any]) -> None:
        """Add a line to the metrics."""
        line = {"step": self._step, "seconds": round(self._seconds, 1), **numbers}
        add_line(self._workdir / METRICS, line)

    def _save(self, numbers: Numbers) -> None:
        """Write a checkpoint, unless the loss is no longer finite."""
        loss = float(numbers["loss"])
        self._check_finite(loss)
        saved = {"state": self.state, "seconds": np.array(self._seconds)}
        self._checkpoints.save(self._step, saved, loss)

    def _check_finite(self, loss: float) -> None:
        if not np.isfinite(loss):
            raise InputError(
                f"{self._workdir}: the loss of step {self._step} is {loss}; lower config.rate.peak. "
                f"The checkpoint of step {self._checkpoints.latest or 0} stays"
            )


def rounded(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Round numbers to five digits after the point; texts stay."""
    return {name: x if isinstance(x, str) else round(x, 5) for name, x in numbers.items()}
