"""What a run does besides its steps: watch the loss, log, show, save, stop, and sum up."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import jax
import numpy as np
from tqdm import tqdm

from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.process import multihost
from jaxunlearn.training.progress_picture import ProgressPicture
from jaxunlearn.training.step import State
from jaxunlearn.training.storage.checkpoints import Checkpoints
from jaxunlearn.training.storage.metrics_log import similarity_to_target
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.trainer import Callback, Moment


class LogFolder(Protocol):
    """A folder that keeps a log of steps."""

    @property
    def path(self) -> Path:
        """The folder."""
        ...

    def log(self, numbers: Mapping[str, Any], /) -> None:
        """Append a line to the log."""
        ...


class Diverged(InputError):
    """No copy's loss and gradient are finite any more."""


class Divergence(Callback):
    """Remembers copies whose loss or gradient ceased to be finite, and ends the run when none is left.

    The gradient counts, too: a step's loss is measured before its update.

    Args:
      every: steps between two looks; measurements must have been fetched there.
      copies: number of generator copies.
      before: numbers of the copies that diverged before this call.
    """

    def __init__(self, every: int, copies: int, before: set[int]):
        self.every, self._all = every, copies
        self.copies = set(before)

    def after_step(self, moment: Moment) -> None:
        """See `Callback.after_step`.

        Raises:
          Diverged: if all copies have diverged.
        """
        if moment.due(self.every):
            self.look(moment.step, moment.measured)

    def look(self, step: int, measured: Mapping[str, np.ndarray]) -> None:
        """Remember the copies that have diverged in a step.

        Args:
          step: its number.
          measured: its measurements, fetched.

        Raises:
          Diverged: if all copies have.
        """
        finite = np.isfinite([measured[name] for name in ("loss", "gradient_norm")]).all(axis=0)
        self.copies |= set(np.flatnonzero(~finite).tolist())
        if len(self.copies) == self._all:
            raise Diverged(
                f"step {step}: the loss or its gradient is no longer finite; lower "
                "config.optimiser.learning_rate, and give another folder"
            )

    def mean(self, losses: np.ndarray) -> float:
        """Return the mean loss of the copies that did not diverge."""
        return float(np.mean(np.delete(losses, sorted(self.copies))))


class Log(Callback):
    """Adds lines to the run folder's `metrics.jsonl` and moves a progress bar.

    Args:
      every: steps between two lines.
      divergence: whose diverged copies are left out of the means.
      folder: None for a run without one.
      bar: of all steps.
    """

    def __init__(self, every: int, divergence: Divergence, folder: LogFolder | None, bar: "tqdm[Any]"):
        self.every, self._divergence, self._folder, self._bar = every, divergence, folder, bar

    def after_step(self, moment: Moment) -> None:
        """See `Callback.after_step`."""
        if moment.due(self.every):
            line = self._line(moment)
            self._bar.set_postfix(_postfix(line), refresh=False)
            if self._folder is not None:
                self._folder.log(line)
        self._bar.update()

    def _line(self, moment: Moment) -> dict[str, Any]:
        """Means over the copies that did not diverge, with each term of each pair; None if not finite."""
        left_out = sorted(self._divergence.copies)
        line: dict[str, Any] = {"step": moment.step, "seconds": round(moment.seconds, 2)}
        for name, values in moment.measured.items():
            rows = np.delete(np.asarray(values), left_out, axis=0)
            means = np.round(rows.mean(axis=0).astype(float), 6)
            line[name] = np.where(np.isfinite(means), means, np.array(None)).tolist()
        return line | ({"diverged": left_out} if left_out else {})


def _postfix(line: Mapping[str, Any]) -> dict[str, str]:
    """The bar's numbers."""
    numbers = {} if line["loss"] is None else {"loss": f"{line['loss']:.3f}"}
    if (similarity := similarity_to_target(line)) is not None:
        numbers["similarity to target"] = f"{similarity:.2f}"
    return numbers


class SavePictures(Callback):
    """Saves a picture of the first copy from time to time.

    Args:
      every: steps between two pictures.
      picture: None in a process that writes nothing; it must still help to gather the generator.
    """

    def __init__(self, every: int, picture: ProgressPicture | None):
        self.every, self._picture = every, picture

    def after_step(self, moment: Moment) -> None:
        """See `Callback.after_step`."""
        if moment.due(self.every):
            generator = moment.generator(0)
            if self._picture is not None:
                self._picture.save(moment.step, generator)


class SaveCheckpoints(Callback):
    """Saves the state from time to time, and before the run stops.

    Args:
      every: steps between two checkpoints.
      checkpoints: where to.
      divergence: whose diverged copies are left out of the mean loss.
      fetch: an array of all copies on the devices → NumPy.
      without_padding: a state → the same without the copies that only fill up devices.
    """

    def __init__(
        self,
        every: int,
        checkpoints: Checkpoints,
        divergence: Divergence,
        fetch: Callable[[Any], Any],
        without_padding: Callable[[State], State],
    ):
        self.every, self._checkpoints, self._divergence = every, checkpoints, divergence
        self._fetch, self._without_padding = fetch, without_padding

    def after_step(self, moment: Moment) -> None:
        """See `Callback.after_step`."""
        if moment.due(self.every) or moment.stop:
            loss = self._divergence.mean(self._fetch(moment.measured["loss"]))
            self._checkpoints.save(moment.step, self._without_padding(moment.state), loss)

    def at_end(self) -> None:
        """Wait until everything is on disk."""
        self._checkpoints.wait()


class StopOnSignal(Callback):
    """Ends the run between two steps after Ctrl-C or SIGTERM, in all processes after the same step.

    It stands after callbacks that may set `Moment.stop`, and before `SaveCheckpoints`, which saves the step.

    Args:
      every: steps between two questions to the other processes; a single process asks after each step.
      received: set when a signal came.
      first: steps taken before this call.
      folder: of the run, where it resumes from.
    """

    def __init__(self, every: int, received: threading.Event, first: int, folder: LogFolder | None):
        self.every, self._received, self._step, self._folder = every, received, first, folder
        self._stopped = False

    def after_step(self, moment: Moment) -> None:
        """See `Callback.after_step`."""
        self._step = moment.step
        came = self._received.is_set()
        moment.stop |= (
            multihost.anywhere(came) if moment.due(self.every) else came and jax.process_count() == 1
        )
        self._stopped = moment.stop

    def at_end(self) -> None:
        """See `Callback.at_end`.

        Raises:
          Interrupted: if a signal came to any process, or a callback stopped a run with a folder.
        """
        received = multihost.anywhere(self._received.is_set())
        if self._folder is None and received:
            raise Interrupted(
                f"interrupted after step {self._step}; nothing was saved, since the run has no folder"
            )
        if self._folder is not None and (received or self._stopped):
            raise Interrupted(
                f"interrupted; step {self._step} is saved in {self._folder.path}. The same command resumes it"
            )


class SumUp(Callback):
    """Keeps the figures of the steps, in the run folder before the last state is saved there.

    A run that is killed after its last checkpoint has no step left to measure, and reads them.

    Args:
      divergence: whose diverged copies are left out of the mean loss.
      first: steps taken before this call.
      known: figures that do not depend on the steps.
      folder: None for a run without one, whose last step is the one after which a callback stopped it.
      fetch: measurements of all copies on the devices → NumPy.
    """

    every = 0  # the last step is fetched anyway

    def __init__(
        self,
        divergence: Divergence,
        first: int,
        known: Mapping[str, Any],
        folder: RunFolder | None,
        fetch: Callable[[Any], Any],
    ):
        self._divergence, self._first, self._known, self._folder = divergence, first, known, folder
        self._fetch = fetch
        self.steps = first
        """Steps taken so far."""
        self.figures: dict[str, Any] = {}

    def after_step(self, moment: Moment) -> None:
        """See `Callback.after_step`."""
        self.steps = moment.step
        if moment.step < moment.last_step:
            if self._folder is not None or not moment.stop:
                return
            moment.measured = self._fetch(moment.measured)
            self._divergence.look(moment.step, moment.measured)
        losses = np.asarray(moment.measured["loss"])
        self.figures = {
            "steps_per_second": round((moment.step - self._first) / moment.seconds, 4),
            "loss": self._divergence.mean(losses),
            "losses": [float(x) if np.isfinite(x) else None for x in losses],
            **self._known,
        }
        if self._folder is not None:
            self._folder.add_to_summary(self.figures)
