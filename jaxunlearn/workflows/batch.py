"""Forget many people, each in a generator of their own, a wave of people at a time.

A person whose loss becomes infinite or NaN does not stop the others of the wave. After everybody else, this
person is tried once more with half the learning rate.
"""

import collections
import contextlib
import dataclasses
import functools
import time
from pathlib import Path
from typing import Any

from jax.sharding import Mesh
from tqdm import tqdm

from jaxunlearn.errors import InputError
from jaxunlearn.images import save_png
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict, flat
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People
from jaxunlearn.process import arrays, multihost
from jaxunlearn.reporting.before_after import RunPictures
from jaxunlearn.training.callbacks import Diverged
from jaxunlearn.training.checks import check_mesh
from jaxunlearn.training.storage.networks_of_run import Origin
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import unlearn
from jaxunlearn.workflows.batch_dir import DIVERGED, DONE, Worklist, WorklistFolder
from jaxunlearn.workflows.batch_report import write_worklist_page


@dataclasses.dataclass(frozen=True)
class _Wave:
    """People that are trained at once."""

    number: int
    people: tuple[int, ...]
    learning_rate: float


def unlearn_all(
    models: Models,
    worklist: Worklist,
    config: ConfigDict,
    workdir: Path,
    *,
    parallel: int,
    mesh: Mesh | None = None,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """Work through a list, or resume it; finished people are not trained again.

    Up to rounding, a person's generator does not depend on `parallel` or on the other people of the wave.

    Args:
      models: the source, with the networks of the loss.
      worklist: the people.
      config: of every person's run; its method must give everybody a generator of their own.
      workdir: folder of the work list, see `batch_dir`.
      parallel: people in a wave.
      mesh: see `training.unlearn`.
      progress: True shows progress bars, in process 0.

    Returns:
      The last line of each person in `results.jsonl`, in the order of the list.

    Raises:
      InputError: if an argument is invalid, or the folder holds another list. It is raised before any
        computation.
      Interrupted: after Ctrl-C or SIGTERM; the state of the current wave is saved.
    """
    check_mesh(mesh, shared=False)
    if parallel < 1:
        raise InputError(f"parallel must be at least 1, not {parallel}")
    if method_of(config).shares_generator(config):
        raise InputError(
            "a work list needs a method that gives everybody a generator of their own, such as guide"
        )
    if not worklist.subjects:
        raise InputError("the work list is empty")
    subject, times = collections.Counter(worklist.subjects).most_common(1)[0]
    if times > 1:
        raise InputError(f"{subject} is in the work list {times} times; list everybody once")
    origin = Origin.of(models)
    asked = {"generator": models.fingerprint, "people": worklist.subjects, "settings": flat(config)}
    asked |= {"parallel": parallel, "networks": {**origin.made_with, **worklist.inversion}}
    multihost.check_same(asked, "the work list")
    folder = WorklistFolder(workdir, writes=multihost.leads())
    with contextlib.ExitStack() as stack:
        lock = functools.partial(stack.enter_context, folder.lock())
        multihost.leader_first(lock, "the work list's folder")
        begin = functools.partial(folder.begin, origin, worklist, config)
        multihost.leader_first(begin, "the work list's beginning")
        folder.clean()
        return _work(models, worklist, config, folder, parallel, mesh, progress and multihost.leads())


def _work(
    models: Models,
    worklist: Worklist,
    config: ConfigDict,
    folder: WorklistFolder,
    parallel: int,
    mesh: Mesh | None,
    progress: bool,
) -> list[dict[str, Any]]:
    """Run the remaining waves."""
    bar = tqdm(
        total=len(worklist.subjects),
        initial=sum(line["status"] == DONE for line in folder.last().values()),
        desc="people",
        unit="person",
        disable=not progress,
    )
    try:
        with bar:
            while (wave := _next_wave(folder, worklist, config, parallel)) is not None:
                lines = _run_wave(models, worklist, config, folder, wave, mesh, progress)
                bar.update(sum(line["status"] == DONE for line in lines))
    finally:
        if folder.writes:  # a page that stays as it is, also after an interruption
            write_worklist_page(folder)
    last = folder.last()
    folder.summarise()
    return [last[subject] for subject in worklist.subjects]


def _next_wave(folder: WorklistFolder, worklist: Worklist, config: ConfigDict, parallel: int) -> _Wave | None:
    """Choose the people of the next wave; None if all are done.

    First everybody is trained once, then the people that diverged, with half the learning rate. A wave that
    was interrupted keeps its people, whatever `parallel` is now.
    """
    last, rate, number = folder.last(), config.optimiser.learning_rate, folder.waves()
    begun = folder.begun(number)

    def choose(people: list[int]) -> tuple[int, ...]:
        return tuple([k for k in people if worklist.subjects[k] in begun] or people[:parallel])

    new = [k for k, subject in enumerate(worklist.subjects) if subject not in last]
    if new:
        return _Wave(number, choose(new), rate)
    again = [
        k
        for k, subject in enumerate(worklist.subjects)
        if last[subject]["status"] == DIVERGED and last[subject]["learning_rate"] == rate
    ]
    return _Wave(number, choose(again), rate / 2) if again else None


def _run_wave(
    models: Models,
    worklist: Worklist,
    config: ConfigDict,
    folder: WorklistFolder,
    wave: _Wave,
    mesh: Mesh | None,
    progress: bool,
) -> list[dict[str, Any]]:
    """Train a wave and write the results of its people."""
    own = config.copy_and_resolve_references()
    own.optimiser.learning_rate = wave.learning_rate
    own.images_every = 0
    subjects = [worklist.subjects[k] for k in wave.people]
    path, began, result = folder.wave(wave.number), time.monotonic(), None
    run = RunFolder(path)
    resumed = run.exists()
    ws = run.people() if resumed else arrays.divided(worklist.latents, wave.people)
    with contextlib.suppress(Diverged):  # raised if everybody diverged
        result = unlearn(
            models,
            People(path.name, tuple(subjects), ws),
            own,
            workdir=path,
            mesh=mesh,
            numbers=wave.people,
            progress=progress,
        )
    diverged = range(len(subjects)) if result is None else result.diverged
    pictures = None
    if result is not None and folder.writes:
        pictures = RunPictures(models.generator, result, from_config.compute(config), batch=1)
    lines = []
    for k, subject in enumerate(subjects):
        line: dict[str, Any] = {"subject": subject, "status": DIVERGED if k in diverged else DONE}
        line |= {"wave": wave.number, "steps": own.steps, "learning_rate": wave.learning_rate}
        if result is not None and line["status"] == DONE:
            assert result.folder is not None
            kept = folder.keep(result.folder.generator(k), wave.people[k], subject)
            line["generator"] = kept
            folder.keep_latents(wave.people[k], subject, ws[k], result.ws_target[k])
            if pictures is not None:
                picture = folder.picture(wave.people[k], subject)
                save_png(picture, pictures.strip(k))
                line["picture"] = str(picture.relative_to(folder.path))
            line["loss"] = result.summary["losses"][k]
        lines.append(line)
    if not resumed:  # nobody knows how long the call before took
        seconds = round((time.monotonic() - began) / len(subjects), 2)
        lines = [line | {"seconds": seconds} for line in lines]
    folder.add(lines)
    folder.clean()
    if folder.writes:
        write_worklist_page(folder, going=True)
    multihost.wait("a wave is done")
    return lines
