"""The folder of a work list.

worklist.json     the people, settings and networks; written first
results.jsonl     one line per person and attempt: `subject`, `status` ("done" or "diverged"), `generator`,
                  `picture`, `loss`, `steps`, `learning_rate`, `wave`, and `seconds`, unless the wave was
                  interrupted
generators/       the unlearned weights, one file per person
latents/          `ws` and `ws_target` [L, D] of each person, for the evaluation
pictures/         before, target and after, one picture per person
waves/0000/       run folder of the current wave, removed when its people are done
summary.json      how many people are done, and how fast
measured.jsonl    figures of each person whom judges looked for; written by the evaluation
measured.json     shares over these people; written by the evaluation
report.html       a page for the browser
"""

import dataclasses
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from flax.traverse_util import unflatten_dict

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import copy_file, local_path, read_json, write_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.json_lines import drop_cut_off_line, read_json_lines, write_json_lines
from jaxunlearn.files.lock import check_seen, locked_clean, refuse_other_files
from jaxunlearn.files.names import file_name
from jaxunlearn.files.numpy_arrays import read_npz, write_npz
from jaxunlearn.methods.config.declaration import ConfigDict, flat
from jaxunlearn.models.latent_io import is_ws
from jaxunlearn.training.storage.folder_forms import MeasuredLine, ResultLine, WorklistJson
from jaxunlearn.training.storage.metrics_log import add_line
from jaxunlearn.training.storage.networks_of_run import Origin
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.storage.same_run import check_made_alike, check_same_photos, check_same_settings
from jaxunlearn.training.storage.stored_config import stored_config

DONE, DIVERGED = "done", "diverged"
WORKLIST = "worklist.json"
"""File that makes a folder one of a work list."""


@dataclasses.dataclass(frozen=True)
class Worklist:
    """The people of a work list.

    Attributes:
      subjects: `N` different names, in order.
      latents: function from the indices of `K` people to their ws `[K, L, D]`. It is called once per wave, so
        that thousands of photos are not inverted at once. Several processes share the people of a wave.
      seeds: of people of the generator, in the same order; empty for others.
      inversion: how photos are inverted, see `photos.people.People`.
      photos_sha256: SHA-256 of the photo of each person, in the same order; empty for others.
    """

    subjects: tuple[str, ...]
    latents: Callable[[Sequence[int]], np.ndarray]
    seeds: tuple[int, ...] = ()
    inversion: Mapping[str, str] = dataclasses.field(default_factory=dict)
    photos_sha256: tuple[str, ...] = ()


class WorklistFolder:
    """Reads and writes the files of a work list, see the module's docstring.

    Attributes:
      path: the folder.
      writes: True if this process writes files; one of several processes does.
    """

    def __init__(self, path: Path, *, writes: bool = True):
        self.path = local_path(path)
        self.writes = writes

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from writing here, and remove unfinished files of a killed process.

        Where another process writes, that one must have locked it.

        Raises:
          InputError: if another process uses the folder, or the folder holds other files; if the host of
            another process has a folder of its own there.
        """
        if not self.writes:
            check_seen(self.path)
            yield
            return
        with locked_clean(self.path, self.check_free):
            drop_cut_off_line(self.results, ResultLine)
            yield

    @property
    def _asked(self) -> Path:
        return self.path / WORKLIST

    @property
    def results(self) -> Path:
        """A line for each person and attempt."""
        return self.path / "results.jsonl"

    @property
    def report(self) -> Path:
        """The page of the work list."""
        return self.path / "report.html"

    def check_free(self) -> None:
        """Refuse a folder that holds other files than a work list's.

        Raises:
          InputError: if there are some.
        """
        if self._asked.exists():
            self._read_asked()  # raises if another program wrote the file
        else:
            refuse_other_files(self.path, {self._asked.name})

    def begin(self, origin: Origin, worklist: Worklist, config: ConfigDict) -> None:
        """Write `worklist.json`, or check that the same was asked before.

        Of the settings, those may differ that a run may change, but not the number of steps.

        Args:
          origin: what everybody starts from; its paths are not compared, since files may have moved.
          worklist: the people; their latents are not asked for.
          config: of every person's run.

        Raises:
          InputError: if the folder holds another list, or other files.
        """
        made_with = {**origin.made_with, **worklist.inversion}
        if self._asked.exists():
            place, hint = f"{self.path}: is a work list", "choose another folder"
            before = self._read_asked()
            if before["model"] != origin.fingerprint:
                raise InputError(f"{place} with another source generator; {hint}")
            if before["subjects"] != list(worklist.subjects):
                raise InputError(f"{place} with other people; {hint}")
            check_made_alike(before["made_with"], made_with, place, hint)
            photos = worklist.photos_sha256
            check_same_photos(before["photos_sha256"], photos, worklist.subjects, place, hint)
            check_same_settings(self.config, config, ("steps",), place, hint)
        else:
            self.check_free()
        if not self.writes:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        asked = {"model": origin.fingerprint, "subjects": list(worklist.subjects), "config": flat(config)}
        asked |= {"made_with": made_with, "photos_sha256": list(worklist.photos_sha256)}
        asked |= {"source": origin.model, "adapters": origin.adapters, "seeds": worklist.seeds}
        asked |= {"network_files": dict(origin.network_files)}
        write_json(self._asked, asked)
        for name in ("generators", "latents", "pictures"):
            (self.path / name).mkdir(exist_ok=True)

    def _read_asked(self) -> dict[str, Any]:
        """Return the contents of `worklist.json`.

        Raises:
          InputError: if the file does not have the form of a work list.
        """
        return dict(check_form(read_json(self._asked), WorklistJson, self._asked))

    def subjects(self) -> list[str]:
        """Return the names of the people in the list."""
        return self._read_asked()["subjects"]

    def photos_sha256(self) -> dict[str, str]:
        """Return name of a person → SHA-256 of their photo; empty where people have no photos."""
        asked = self._read_asked()
        return dict(zip(asked["subjects"], asked["photos_sha256"], strict=False))

    @property
    def origin(self) -> Origin:
        """What everybody starts from."""
        asked = self._read_asked()
        return Origin(
            asked["source"],
            asked["model"],
            tuple(asked["adapters"]),
            asked["network_files"],
            asked["made_with"],
        )

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the people; empty if they are not of the generator."""
        return tuple(self._read_asked()["seeds"])

    @property
    def config(self) -> ConfigDict:
        """The settings of every person's run."""
        return stored_config(unflatten_dict(self._read_asked()["config"], sep="."))

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of `results.jsonl`; an incomplete last line is left out.

        Raises:
          InputError: if another line is damaged; the message has its number.
        """
        return [dict(line) for line in read_json_lines(self.results, ResultLine)]

    def last(self) -> dict[str, dict[str, Any]]:
        """Return the last line of each person, by name."""
        return {line["subject"]: line for line in self.lines()}

    def waves(self) -> int:
        """Return the number of waves that are done."""
        return max((line["wave"] + 1 for line in self.lines()), default=0)

    def wave(self, number: int) -> Path:
        """Return the run folder of a wave."""
        return self.path / "waves" / f"{number:04d}"

    def begun(self, number: int) -> tuple[str, ...]:
        """Return the names of the people in a wave that was begun; empty if it was not."""
        run = RunFolder(self.wave(number))
        return run.request.subjects if run.exists() else ()

    def keep(self, generator: Path, number: int, subject: str) -> str:
        """Copy a person's generator into `generators/`; return its path relative to the folder."""
        name = Path("generators") / f"{_file_name(number, subject)}.safetensors"
        if self.writes:
            copy_file(generator, self.path / name)
        return str(name)

    def keep_latents(self, number: int, subject: str, ws: np.ndarray, ws_target: np.ndarray) -> None:
        """Write a person's latents, `[L, D]` each, into `latents/`."""
        if not self.writes:
            return
        path = self._latents(number, subject)
        path.parent.mkdir(exist_ok=True)
        write_npz(path, ws=ws, ws_target=ws_target)

    def latents(self, number: int, subject: str) -> tuple[np.ndarray, np.ndarray]:
        """Read a person's `ws` and `ws_target`, `[L, D]` each.

        Raises:
          InputError: if they are not there or have another form.
        """
        path = self._latents(number, subject)
        arrays = read_npz(path)
        for name in ("ws", "ws_target"):
            if not is_ws(arrays.get(name), 2):
                raise InputError(f"{path}: {name} must be latents [L, D], finite numbers of float32")
        return arrays["ws"], arrays["ws_target"]

    def _latents(self, number: int, subject: str) -> Path:
        return self.path / "latents" / f"{_file_name(number, subject)}.npz"

    def picture(self, number: int, subject: str) -> Path:
        """Return the path of a person's picture: before, target, after."""
        return self.path / "pictures" / f"{_file_name(number, subject)}.png"

    def clean(self) -> None:
        """Remove the run folders of waves that are done."""
        if not self.writes:
            return
        done = self.waves()
        for path in (self.path / "waves").glob("*"):
            if re.fullmatch(r"\d{4,}", path.name, re.ASCII) and path.is_dir() and int(path.name) < done:
                shutil.rmtree(path)

    def add(self, lines: Sequence[dict[str, Any]]) -> None:
        """Add the lines of a wave to `results.jsonl`, all or none."""
        if not self.writes:
            return
        write_json_lines(self.results, [*self.lines(), *lines])

    def measured(self) -> list[MeasuredLine]:
        """Return the lines of `measured.jsonl`.

        Raises:
          InputError: if a line is damaged; the message has its number.
        """
        return read_json_lines(self._measured, MeasuredLine)

    def add_measured(self, line: MeasuredLine) -> None:
        """Append a line to `measured.jsonl`."""
        add_line(self._measured, line)

    def replace_measured(self, lines: Sequence[MeasuredLine]) -> None:
        """Write `measured.jsonl` anew."""
        write_json_lines(self._measured, lines)

    @property
    def _measured(self) -> Path:
        return self.path / "measured.jsonl"

    @property
    def shares(self) -> Path:
        """Shares over the measured people; there once an evaluation has ended."""
        return self.path / "measured.json"

    def summarise(self) -> None:
        """Write `summary.json`.

        `identities_per_hour` is of the people whose waves were never interrupted, and missing without them.
        """
        if not self.writes:
            return
        lines, last = self.lines(), self.last()
        summary: dict[str, Any] = {
            "people": len(last),
            DONE: sum(line["status"] == DONE for line in last.values()),
            DIVERGED: sorted(subject for subject, line in last.items() if line["status"] == DIVERGED),
        }
        unknown = {line["subject"] for line in lines if "seconds" not in line}
        seconds = sum(line["seconds"] for line in lines if line["subject"] not in unknown)
        if seconds:
            summary["identities_per_hour"] = round(3600 * len(last.keys() - unknown) / seconds, 2)
        write_json(self.path / "summary.json", summary)


def _file_name(number: int, subject: str) -> str:
    return f"{number:05d}-{file_name(subject)}"
