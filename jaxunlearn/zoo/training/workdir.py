"""The frame of a training run: its folder, resuming, the loop with progress, metrics and checkpoints.

A run is a function of its config alone: cut off and resumed it gives the same weights. Its folder holds
`config.json`, `metrics.jsonl` and `checkpoint.safetensors`, beside what each training adds.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import jax
import ml_collections
import numpy as np
from tqdm import tqdm

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json, write_text
from jaxunlearn.files.json_form import check_form
from jaxunlearn.training.metrics_log import forget_after
from jaxunlearn.zoo.training.checkpoints import load_state, save_state

Config = Any
"""A `ml_collections.ConfigDict`, whose annotations deny that settings have settings of their own."""
LICENCE = "Apache-2.0, trained on renderings of CC0 data"
"""Of all that is trained here."""


class TrainingState(Protocol):
    """A pytree of all that changes from step to step."""

    @property
    def step(self) -> jax.Array:
        """Steps taken."""
        ...


State = TypeVar("State", bound=TrainingState)


class Workdir(Generic[State]):
    """A run, begun or gone on with.

    Attributes:
      path: the folder.
      state: where the run is.
      seconds: spent so far.
    """

    def __init__(self, path: Path, config: Config, initial: State):
        """Open the folder, and take up what is in it.

        Args:
          path: created if there is none.
          config: of the run, with `log_every`, `evaluate_every` (steps) and `checkpoint_minutes`.
          initial: state to begin with.

        Raises:
          InputError: if its checkpoint is of a network of other sizes.
        """
        path.mkdir(parents=True, exist_ok=True)
        self.path, self._config = path, config
        self.state, self.seconds = initial, 0.0
        if (path / CHECKPOINT).exists():
            self.state, self.seconds = load_state(path / CHECKPOINT, initial)
        forget_after(path / "metrics.jsonl", int(self.state.step))
        write_text(path / "config.json", config.to_json_best_effort(indent=1) + "\n")

    def report(self, numbers: Mapping[str, Any]) -> None:
        """Add a line to the metrics."""
        line = {"step": int(self.state.step), "seconds": round(self.seconds, 1), **numbers}
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def train(
        self,
        steps: int,
        advance: Callable[[State, int], tuple[State, Mapping[str, Any]]],
        *,
        evaluate: Callable[[State], Mapping[str, Any]],
        shown: Callable[[Mapping[str, Any]], Mapping[str, str]],
    ) -> None:
        """Take steps until there are `steps`.

        Args:
          steps: of the whole run.
          advance: state and number of the step → next state, and numbers or texts to log; `loss` is one.
          evaluate: state → figures on people held out.
          shown: logged numbers → what the bar shows.

        Raises:
          FloatingPointError: if the loss is no longer finite; the checkpoint before stays.
        """
        config, begun = self._config, int(self.state.step)
        last_saved = last = time.monotonic()
        with tqdm(total=steps, initial=begun, unit="step", dynamic_ncols=True) as bar:
            for done in range(begun + 1, steps + 1):
                self.state, parts = advance(self.state, done - 1)
                bar.update()
                if done % config.log_every == 0 or done == steps:
                    numbers = {name: x if isinstance(x, str) else float(x) for name, x in parts.items()}
                    now = time.monotonic()
                    self.seconds, last = self.seconds + now - last, now
                    if not np.isfinite(numbers["loss"]):
                        raise FloatingPointError(
                            f"step {done}: the loss is {numbers['loss']}; lower config.rate.peak"
                        )
                    self.report(rounded(numbers))
                    bar.set_postfix(shown(numbers))
                if done % config.evaluate_every == 0:
                    self.report({"held_out": evaluate(self.state)})
                if time.monotonic() - last_saved > 60 * config.checkpoint_minutes or done == steps:
                    save_state(self.path / CHECKPOINT, self.state, self.seconds + time.monotonic() - last)
                    last_saved = time.monotonic()


CHECKPOINT = "checkpoint.safetensors"


def config_of(path: Path, tool: str) -> Config:
    """The config of the run in a folder, which has a checkpoint.

    Raises:
      InputError: if it has none, naming the tool whose folder was wanted.
    """
    if not (path / CHECKPOINT).is_file():
        raise InputError(f"{path}: no checkpoint in it; give the --workdir of {tool}")
    return ml_collections.ConfigDict(
        check_form(read_json(path / "config.json"), dict[str, Any], path / "config.json")
    )


def last_state(path: Path, like: State) -> tuple[State, float]:
    """State and seconds of the run in a folder; see `checkpoints.load_state`."""
    return load_state(path / CHECKPOINT, like)


def rounded(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """To five digits after the point, for metrics; texts stay."""
    return {name: x if isinstance(x, str) else round(x, 5) for name, x in numbers.items()}
