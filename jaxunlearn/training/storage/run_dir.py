"""The folder of a run.

run.json         the request: model, people, versions; written first
latents.npz      `ws` and `ws_target`, [K, L, D]
config.json      the settings; a run has begun when all three are there
metrics.jsonl    one object a logged step
checkpoints/     states from which the run resumes
images/          pictures; those of the page are in images/page/
generator/       the unlearned weights, or adapters: a file for each person or one for all; written last but
                 the figures
composed.json    figures of several adapters in one generator; written by the evaluation
surrogates.safetensors, fisher.safetensors      SUGAR's mapper and Fisher
summary.json     final figures
figures.jsonl    figures of each person, photo and view set; written by the evaluation
strength/        figures of the adapters at other strengths; written by the evaluation
attack.json, attack/      what attacks found
frontier.jsonl   figures during the run, if they are asked for
report.html      a page to look at
"""

import dataclasses
import itertools
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import local_path, read_json, write_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.lock import check_seen, locked_clean, names_in, refuse_other_files
from jaxunlearn.files.numpy_arrays import read_npz, write_npz
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.models.latent_io import is_ws
from jaxunlearn.training.storage.folder_forms import MetricsLine, SummaryJson, TrainingJson
from jaxunlearn.training.storage.metrics_log import add_line, read_metrics
from jaxunlearn.training.storage.networks_of_run import Origin
from jaxunlearn.training.storage.request import RUN, Request, read_request, request_json
from jaxunlearn.training.storage.same_run import (
    OTHER_RUN,
    check_same_request,
    check_same_settings,
    same_people,
)
from jaxunlearn.training.storage.stored_config import stored_config

_BEGINNING = (RUN, "latents.npz", "config.json")
"""Files of a run that has begun."""
SHEETS = "page"
"""Name of the folder of the page's pictures, in the folder of the pictures."""


class RunFolder:
    """Reads and writes the files of one run, see the module's docstring."""

    def __init__(self, path: Path, *, writes: bool = True):
        self.path = local_path(path)
        self.writes = writes
        """True in the process that writes; of several processes only one does."""

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def images(self) -> Path:
        """Folder of the pictures."""
        return self.path / "images"

    @property
    def report(self) -> Path:
        """The page of the run."""
        return self.path / "report.html"

    @property
    def figures_file(self) -> Path:
        """Figures of each person, photo and set of views."""
        return self.path / "figures.jsonl"

    @property
    def composed_file(self) -> Path:
        """Figures of several adapters in one generator."""
        return self.path / "composed.json"

    @property
    def attacks_file(self) -> Path:
        """Figures of all attacks."""
        return self.path / "attack.json"

    @property
    def strengths(self) -> Path:
        """Folder of figures at other strengths of the adapters."""
        return self.path / "strength"

    @property
    def frontier_file(self) -> Path:
        """Figures of forgetting and retention during the run."""
        return self.path / "frontier.jsonl"

    @property
    def frontier_picture(self) -> Path:
        """Plot of `frontier_file`."""
        return self.images / "frontier.svg"

    @property
    def everybody_picture(self) -> Path:
        """Picture of all people before, their surrogates, and after; for people who share a generator."""
        return self.images / "everybody.png"

    def generator(self, copy: int = 0) -> Path:
        """Return the file of an unlearned generator: of person number `copy`, or of all people."""
        return self.path / "generator" / f"{copy:04d}.safetensors"

    def person_picture(self, person: int = 0) -> Path:
        """Return the file of a person's picture: before, target, after."""
        return self.images / f"person{person:04d}.png"

    def others_picture(self, person: int = 0) -> Path:
        """Return the file of the picture of other people before and after."""
        return self.images / f"others{person:04d}.png"

    def attack_picture(self, person: int) -> Path:
        """Return the file of the picture of what attacks brought back of a person."""
        return self.images / f"attack{person:04d}.png"

    def exists(self) -> bool:
        """Return True if a run has begun here; one that was killed while it began has not."""
        return all((self.path / name).is_file() for name in _BEGINNING)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the folder against other processes, and remove unfinished files of a killed one.

        Where another process writes, that one must have locked it.

        Raises:
          InputError: if another process has locked it, or it holds other files than those of a run; if the
            host of another process has a folder of its own there.
        """
        if not self.writes:
            check_seen(self.path)
            yield
            return
        with locked_clean(self.path, self.check_free):
            yield

    def finished(self) -> bool:
        """Return True if the last step was taken and the weights are written."""
        return self.exists() and all(self.generator(k).is_file() for k in range(self.request.copies))

    @property
    def diverged(self) -> frozenset[int]:
        """Numbers of the people whose own generator diverged; empty if all people share one."""
        own = self.request.copies == len(self.request.subjects)
        return frozenset(self.summary.get("diverged", ()) if own else ())

    def drop_result(self) -> None:
        """Remove the generators and whatever was measured of them, before the run takes more steps.

        The generators go last: a run that is killed before is still finished, and this is repeated. The
        folder of the attacks stays, since its files name their generator.
        """
        if not self.writes:
            return
        known = TrainingJson.__annotations__
        self._write_json("summary.json", {name: x for name, x in self.summary.items() if name in known})
        for folder in (self.strengths, self.images / SHEETS):
            if folder.exists():
                shutil.rmtree(folder)
        generators = [self.generator(k) for k in range(self.request.copies)]
        for file in (self.figures_file, self.composed_file, self.attacks_file, self.report, *generators):
            file.unlink(missing_ok=True)

    @property
    def request(self) -> Request:
        """The request of the run.

        Raises:
          InputError: if this is not the folder of a run, or of a run of another version.
        """
        return read_request(self.path)

    @property
    def origin(self) -> Origin:
        """The models that the run started from."""
        request = self.request
        return Origin(
            request.model,
            request.fingerprint,
            request.adapters,
            request.network_files,
            dataclasses.asdict(request),
        )

    @property
    def config(self) -> ConfigDict:
        """The settings of the run."""
        return stored_config(self._read_json("config.json"))

    def latents(self) -> tuple[np.ndarray, np.ndarray]:
        """Read `ws` and `ws_target`, `[K, L, D]` each.

        Raises:
          InputError: if the run was cut off before the targets were known.
        """
        arrays = self._read_latents()
        if "ws_target" not in arrays:
            raise InputError(f"{self.path}: the run has not begun to train; run the same command once more")
        if arrays["ws"].shape != arrays["ws_target"].shape:
            raise InputError(f"{self.path / 'latents.npz'}: ws and ws_target have different shapes")
        return arrays["ws"], arrays["ws_target"]

    def people(self) -> np.ndarray:
        """Read `ws`, `[K, L, D]`; it is there from the beginning."""
        return self._read_latents()["ws"]

    def _read_latents(self) -> dict[str, np.ndarray]:
        path = self.path / "latents.npz"
        arrays = read_npz(path)
        for name in ("ws", "ws_target") if "ws_target" in arrays else ("ws",):
            if not is_ws(arrays.get(name), 3):
                raise InputError(f"{path}: {name} must be latents [K, L, D], finite numbers of float32")
            if (number := len(arrays[name])) != len(self.request.subjects):
                raise InputError(f"{path}: holds {number} people, run.json {len(self.request.subjects)}")
        return arrays

    def begin(self, request: Request, config: ConfigDict, ws: np.ndarray) -> None:
        """Write the request, or check that a run which began here has the same one.

        Raises:
          InputError: if the folder holds another run, or other files.
        """
        begun = self.exists()
        if begun:
            self._check_same(request, config, ws)
            before = self.request
            both = itertools.zip_longest(before.photos_sha256, request.photos_sha256)
            kept = tuple(new or old for old, new in both)  # a photo may be gone
            request = dataclasses.replace(
                request,
                photos_sha256=kept,
                inversion=request.inversion or before.inversion,
                earlier=request.earlier or before.earlier,
                earlier_subjects=request.earlier_subjects or before.earlier_subjects,
                earlier_seeds=request.earlier_seeds or before.earlier_seeds,
            )
        else:
            self.check_free()
        if not self.writes:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        self._write_json(RUN, request_json(request))
        self.images.mkdir(exist_ok=True)
        (self.path / "generator").mkdir(exist_ok=True)
        if not begun:
            self._save_latents({"ws": ws})
        self._write_json("config.json", config.to_dict())

    def check_free(self) -> None:
        """Refuse a folder with other files than those of a run.

        A run that was killed while it began left run.json, or only a temporary file.

        Raises:
          InputError: if there are some.
        """
        if not (self.path / RUN).exists():
            refuse_other_files(self.path, {RUN})
            return
        _ = self.request  # raises if it is somebody else's
        if self.exists() or names_in(self.path) <= {*_BEGINNING, "images", "generator"}:
            return
        missing = next(name for name in _BEGINNING if not (self.path / name).is_file())
        raise InputError(f"{self.path / missing}: no such file; {self.path} is not the folder of a whole run")

    def keep_targets(self, ws: np.ndarray, ws_target: np.ndarray) -> None:
        """Write the targets, `[K, L, D]`, beside the people."""
        self._save_latents({"ws": ws, "ws_target": ws_target})

    def _save_latents(self, arrays: dict[str, Any]) -> None:
        if self.writes:
            write_npz(self.path / "latents.npz", **arrays)

    def people_in_photos(self, request: Request) -> np.ndarray | None:
        """Read `ws`, `[K, L, D]`, of photos that were inverted when the run began.

        Returns:
          None if they must be inverted: no run has begun here, it does not say how it inverted them, or a
          photo has no file.

        Raises:
          InputError: if the run began with another request, see `check_same_request`.
        """
        if not self.exists():
            return None
        before = self.request
        check_same_request(before, request, self.path)
        files = (*before.photos_sha256, *request.photos_sha256)
        return self.people() if before.inversion and files and all(files) else None

    def _check_same(self, request: Request, config: ConfigDict, ws: np.ndarray) -> None:
        check_same_request(self.request, request, self.path)
        place, hint = f"{self.path}: is a run", OTHER_RUN
        if not same_people(self.people(), ws):
            raise InputError(f"{place} with other latents; {hint}")
        # If the learning rate falls to 0 at the last step, every step depends on the number of steps.
        fixed = ("steps",) if config.optimiser.schedule == "cosine" else ()
        check_same_settings(self.config, config, fixed, place, hint)
        if config.steps < (taken := self._steps_taken()):
            raise InputError(
                f"{self.path}: the run is at step {taken} already, but config.steps is {config.steps}; {hint}"
            )

    def _steps_taken(self) -> int:
        """Steps of the newest checkpoint; 0 without one."""
        names = (path.name for path in self.checkpoints.glob("*"))
        return max((int(name) for name in names if name.isdecimal()), default=0)

    @property
    def metrics_file(self) -> Path:
        """The log of the steps."""
        return self.path / "metrics.jsonl"

    def log(self, numbers: Mapping[str, Any]) -> None:
        """Append a line to `metrics.jsonl`."""
        if self.writes:
            add_line(self.metrics_file, numbers)

    def metrics(self) -> list[dict[str, Any]]:
        """Return the lines of `metrics.jsonl`."""
        return read_metrics(self.metrics_file, MetricsLine)

    @property
    def summary(self) -> dict[str, Any]:
        """The figures of `summary.json` so far."""
        if not (self.path / "summary.json").exists():
            return {}
        return dict(check_form(self._read_json("summary.json"), SummaryJson, self.path / "summary.json"))

    def add_to_summary(self, figures: Mapping[str, Any]) -> None:
        """Add figures to `summary.json`."""
        self._write_json("summary.json", {**self.summary, **figures})

    def _read_json(self, name: str) -> dict[str, Any]:
        path = self.path / name
        if not path.exists():
            raise InputError(f"{path}: no such file; {self.path} is not the folder of a whole run")
        return check_form(read_json(path), dict[str, Any], path)

    def _write_json(self, name: str, value: Mapping[str, Any]) -> None:
        if not self.writes:
            return
        write_json(self.path / name, value)
