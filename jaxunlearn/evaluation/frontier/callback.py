"""Measure during a run, at every so many steps."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.frontier.files import read_frontier, thresholds_of
from jaxunlearn.evaluation.frontier.plot import plot_frontiers
from jaxunlearn.evaluation.frontier.probe import Probe
from jaxunlearn.evaluation.judges.choice import judges_of
from jaxunlearn.evaluation.judges.stored import with_stored_thresholds
from jaxunlearn.evaluation.reference import calibrated_judges
from jaxunlearn.evaluation.settings import EvaluationSettings
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models.loading import Models
from jaxunlearn.models.renderer import Renderer
from jaxunlearn.photos.people import People
from jaxunlearn.process import multihost
from jaxunlearn.training.storage.metrics_log import add_line, forget_after
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.trainer import Callback, Moment

OTHERS = 32
"""Number of other people; they are drawn apart from those of `evaluate`."""


class Frontier(Callback):
    """Appends a line to the run folder's `frontier.jsonl` from time to time, and draws the plot at the end.

    Args:
      every: steps between two lines.
      folder: of the run.
      copies: number of generator copies.
      probe: makes the measurement; called at the first line, and only in the process that writes.
      measured_with: of each line, see `FrontierLine`.
    """

    def __init__(
        self,
        every: int,
        folder: RunFolder,
        copies: int,
        probe: Callable[[], Probe],
        measured_with: Mapping[str, Any],
    ):
        self.every, self._folder, self._copies = every, folder, copies
        self._measured_with = dict(measured_with)
        self._make_probe = probe
        self._probe: Probe | None = None
        self._resumed = False

    def after_step(self, moment: Moment) -> None:
        """See `Callback.after_step`; the first call drops lines of steps that are taken again."""
        if not self._resumed:
            self._resumed = True
            if self._folder.writes:
                forget_after(self._folder.frontier_file, moment.step - 1)
        if not moment.due(self.every):
            return
        generators = [moment.generator(k) for k in range(self._copies)]  # all processes help to gather them
        if self._folder.writes:
            self._probe = self._probe or self._make_probe()
            judges = self._probe.measure(generators)
            line = {"step": moment.step, "judges": judges, "measured_with": self._measured_with}
            add_line(self._folder.frontier_file, line)

    def at_end(self) -> None:
        """Draw all lines so far."""
        if self._folder.writes and self._folder.frontier_file.is_file():
            plot_frontiers({"": self._folder.path}, self._folder.frontier_picture)


def frontier_of(models: Models, people: People, config: ConfigDict, folder: str | Path) -> list[Callback]:
    """Return the callback that `config.evaluation.frontier_every` asks for, as a list; empty for 0.

    Args:
      models: the models of the run, with the judges.
      people: who is forgotten.
      config: settings of the run.
      folder: the run folder.

    Raises:
      InputError: if faces cannot be aligned as `config.evaluation.align` asks, or the steps so far were
        measured by other judges or with other settings.
    """
    wanted = config.evaluation
    if not wanted.frontier_every:
        return []
    settings = EvaluationSettings.of(wanted, retained_people=OTHERS, frechet_samples=OTHERS)
    judges = judges_of(models, wanted.align)

    def probe() -> Probe:
        compute = from_config.compute(config)
        renderer = Renderer(models.generator, batch=settings.batch, compute=compute)
        known = with_stored_thresholds(judges, models, settings)
        calibrated = calibrated_judges(known, models.generator, renderer, settings, progress=False)
        return Probe(models.generator, calibrated, jnp.asarray(people.ws), settings, compute)

    copies = 1 if method_of(config).shares_generator(config) else len(people.ws)
    run_folder = RunFolder(Path(folder), writes=multihost.leads())
    told = ("seed", "views", "pivot", "strangers")
    measured_with: dict[str, Any] = {name: getattr(settings, name) for name in told}
    measured_with["align"] = {judge.name: judge.align for judge in judges}
    if not (run_folder.finished() and run_folder.summary.get("steps") == config.steps):
        _refuse_other_lines(run_folder.frontier_file, [judge.name for judge in judges], measured_with)
    return [Frontier(wanted.frontier_every, run_folder, copies, probe, measured_with)]


def _refuse_other_lines(file: Path, judges: Sequence[str], measured_with: Mapping[str, Any]) -> None:
    """Refuse to go on with lines of other judges or settings: no curve has points of both.

    Raises:
      InputError: naming the file, and its judges or the setting.
    """
    lines = read_frontier(file) if file.is_file() else []
    if not lines:
        return
    if set(thresholds_of(lines)) != set(judges):
        raise InputError(
            f"{file}: was measured by {', '.join(thresholds_of(lines))}; give the same --judge, or remove "
            "this file"
        )
    for name, before in lines[-1]["measured_with"].items():
        if before != (now := measured_with.get(name)):
            raise InputError(
                f"{file}: was measured with config.evaluation.{name} {before!r}, not {now!r}; give the same, "
                "or remove this file"
            )
