"""The loop of a run: step, fetch measurements, tell the callbacks."""

import dataclasses
import time
from collections.abc import Callable, Sequence

import jax

from jaxunlearn.models.generator import Generator
from jaxunlearn.training.compiled_step import Measurements
from jaxunlearn.training.step import State


@dataclasses.dataclass
class Moment:
    """A run just after a step.

    Attributes:
      step: steps taken so far, counted from 1.
      last_step: number of the run's last step.
      state: of all copies, on the devices; the next step consumes it.
      measured: measurements of this step: NumPy arrays `[copies, ...]` where the trainer fetched them, else
        arrays on the devices.
      seconds: time of all steps of this call, without the callbacks' time.
      generator: copy number → its generator as it is now. All processes must call it together.
      stop: set it to True, in all processes, to end the run after this step. A run with a folder saves the
        step and raises `Interrupted`, and the same call resumes it; one without returns the step's `Result`.
    """

    step: int
    last_step: int
    state: State
    measured: Measurements
    seconds: float
    generator: Callable[[int], Generator]
    stop: bool = False

    def due(self, every: int) -> bool:
        """Return True at each multiple of `every` steps and at the last step; 0 is never due."""
        return bool(every) and (self.step % every == 0 or self.step == self.last_step)


class Callback:
    """Something that a run does besides its steps; subclass it and override what is needed.

    Attributes:
      every: steps between two steps whose results the callback uses. Devices are waited for where
        `moment.due(self.every)`, and run ahead of Python in between; 0 waits for none. It does not choose the
        steps of `after_step`, which asks `moment.due` itself.
    """

    every: int = 1

    def after_step(self, moment: Moment) -> None:
        """Act on a step; called after every step, whatever `every` is, in the order of the callbacks."""

    def at_end(self) -> None:
        """Act after the last step, or after a step that stopped the run."""

    def at_error(self, error: BaseException) -> None:
        """Act on an error of a step or a callback, which ends the run: it is raised again afterwards."""


@dataclasses.dataclass(frozen=True)
class Trainer:
    """Takes steps and tells callbacks about each.

    Attributes:
      advance: one compiled step: state → new state and measurements.
      fetch: measurements on the devices → NumPy, one row a copy.
      fetch_every: steps between two fetches. Between them devices run ahead of Python.
      generator: state and number of a copy → its generator.
      callbacks: in the order of their calls.
    """

    advance: Callable[[State], tuple[State, Measurements]]
    fetch: Callable[[Measurements], Measurements]
    fetch_every: int
    generator: Callable[[State, int], Generator]
    callbacks: Sequence[Callback] = ()

    def run(self, state: State, first: int, last: int) -> State:
        """Take steps `first` + 1 to `last`, unless a callback stops the run earlier.

        Args:
          state: after `first` steps; it is consumed.
          first: steps taken already.
          last: number of the last step.
        """
        try:
            return self._run(state, first, last)
        except BaseException as error:
            for callback in self.callbacks:
                callback.at_error(error)
            raise

    def _run(self, state: State, first: int, last: int) -> State:
        seconds = 0.0
        for step in range(first + 1, last + 1):
            began = time.monotonic()
            state, measured = self.advance(state)
            moment = Moment(step, last, state, measured, seconds, lambda k, now=state: self.generator(now, k))
            if any(moment.due(callback.every) for callback in self.callbacks):
                jax.block_until_ready((state, measured))  # a callback's own wait would not be counted
            if moment.due(self.fetch_every):
                moment.measured = self.fetch(measured)
            moment.seconds = seconds = seconds + time.monotonic() - began
            for callback in self.callbacks:
                callback.after_step(moment)
            if moment.stop:
                break
        for callback in self.callbacks:
            callback.at_end()
        return state
