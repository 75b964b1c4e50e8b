"""A run on disk: what is kept under which name.

run.json         what was asked: model, people, versions; written first
latents.npz      `ws` and `ws_target`, [K, L, D]
config.json      the settings; a run has begun when all three are there
metrics.jsonl    one object a logged step
checkpoints/     states to go on from
images/          pictures
generator/       the unlearned weights, one file a person or one that forgot all; the run is finished then
surrogates.safetensors, fisher.safetensors      SUGAR's mapper, and what its elastic weights are held by
summary.json     final figures
report.html      a page to look at
"""

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import ml_collections
import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import local_path, read_json, write_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.lock import NO_CONTENT, locked
from jaxunlearn.files.numpy_arrays import read_npz
from jaxunlearn.methods.registry import method_of
from jaxunlearn.methods.settings import ConfigDict, flat
from jaxunlearn.methods.settings import changed as changed_settings
from jaxunlearn.training.folder_forms import MetricsLine, RunJson, SummaryJson
from jaxunlearn.training.metrics_log import add_line, read_metrics
from torch_bridge import leftover_of, remove_leftovers, replacing

FORMAT = 2
"""Raised when a folder written before can no longer be read."""
_BEGINNING = ("run.json", "latents.npz", "config.json")
"""Files of a run that has begun."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What a run was asked for.

    Attributes:
      model: name or path of the source generator.
      fingerprint: SHA-256 of its numbers.
      subjects: a line for each person: where their latent came from.
      perceptual, identity: names of the networks of the loss.
      mean_latent: where it comes from, see `models.MeanLatent`.
      together: whether one generator forgets them all, or each is forgotten by one of their own.
      start: SHA-256 of the generator that training starts from, where that is not the source.
      seeds: see `photos.people.People`.
    """

    model: str
    fingerprint: str
    subjects: tuple[str, ...]
    perceptual: str
    identity: str
    mean_latent: str
    together: bool = False
    start: str = ""
    seeds: tuple[int | None, ...] = ()

    @property
    def copies(self) -> int:
        """Generators that the run makes."""
        return 1 if self.together else len(self.subjects)


class RunFolder:
    """Reads and writes the files of one run; see the module's text."""

    def __init__(self, path: Path, *, writes: bool = True):
        self.path = local_path(path)
        self.writes = writes
        """Whether what is to be written is written: of several processes one does."""

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
        """The page."""
        return self.path / "report.html"

    @property
    def surrogates(self) -> Path:
        """SUGAR's mapper."""
        return self.path / "surrogates.safetensors"

    @property
    def fisher(self) -> Path:
        """What mattered to the people around the forgotten."""
        return self.path / "fisher.safetensors"

    @property
    def everybody_picture(self) -> Path:
        """All people before, as their surrogates and after, where one generator forgot them all."""
        return self.images / "everybody.png"

    def generator(self, copy: int = 0) -> Path:
        """File of an unlearned generator: that of person number `copy`, or the one that forgot them all."""
        return self.path / "generator" / f"{copy:04d}.safetensors"

    def person_picture(self, person: int = 0) -> Path:
        """Before, target, after."""
        return self.images / f"person{person:04d}.png"

    def others_picture(self, person: int = 0) -> Path:
        """Other people before and after."""
        return self.images / f"others{person:04d}.png"

    def exists(self) -> bool:
        """Whether a run was begun here; one that was killed while it began has not."""
        return all((self.path / name).is_file() for name in _BEGINNING)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from writing here, and remove what a killed one left unfinished.

        Raises:
          InputError: if another process holds the folder, or it is somebody's with other files.
        """
        if not self.writes:
            yield
            return
        self._check_free()
        with locked(self.path):
            remove_leftovers(self.path)
            yield

    def finished(self) -> bool:
        """Whether its last step was taken and its weights written."""
        return self.exists() and all(self.generator(k).is_file() for k in range(self.request.copies))

    @property
    def request(self) -> Request:
        """What was asked.

        Raises:
          InputError: if this is not the folder of a run, or one of another version.
        """
        if not (self.path / "run.json").is_file():
            raise InputError(f"{self.path}: not the folder of a run (no run.json in it)")
        stored = self._read_json("run.json")
        if stored.get("format") != FORMAT:
            raise InputError(
                f"{self.path}: written by jaxunlearn {stored.get('version', 'unknown')} in format "
                f"{stored.get('format')}; this version reads format {FORMAT}"
            )
        stored = check_form(stored, RunJson, self.path / "run.json")
        return Request(
            model=stored["model"],
            fingerprint=stored["fingerprint"],
            subjects=tuple(stored["subjects"]),
            perceptual=stored["perceptual"],
            identity=stored["identity"],
            mean_latent=stored.get("mean_latent", ""),
            together=stored.get("together", False),
            start=stored.get("start", ""),
            seeds=tuple(stored.get("seeds", ())),
        )

    @property
    def config(self) -> ConfigDict:
        """The settings."""
        return ml_collections.ConfigDict(self._read_json("config.json"))

    def latents(self) -> tuple[np.ndarray, np.ndarray]:
        """`ws` and `ws_target`, `[K, L, D]` each.

        Raises:
          InputError: if the run was cut off before it knew the targets.
        """
        arrays = self._read_latents()
        if "ws_target" not in arrays:
            raise InputError(f"{self.path}: the run has not begun to train; the same command goes on")
        if arrays["ws"].shape != arrays["ws_target"].shape:
            raise InputError(f"{self.path / 'latents.npz'}: ws and ws_target have different shapes")
        return arrays["ws"], arrays["ws_target"]

    def people(self) -> np.ndarray:
        """Who is forgotten, `[K, L, D]`; known from the beginning."""
        return self._read_latents()["ws"]

    def _read_latents(self) -> dict[str, np.ndarray]:
        path = self.path / "latents.npz"
        arrays = read_npz(path)
        for name in ("ws", "ws_target") if "ws_target" in arrays else ("ws",):
            found = arrays.get(name)
            if found is None or found.ndim != 3 or found.dtype != np.float32 or not np.isfinite(found).all():
                raise InputError(f"{path}: {name} must be latents [K, L, D], finite numbers of float32")
            if len(found) != len(self.request.subjects):
                raise InputError(f"{path}: holds {len(found)} people, run.json {len(self.request.subjects)}")
        return arrays

    def begin(self, request: Request, config: ConfigDict, ws: np.ndarray) -> None:
        """Write what was asked, or check that a run begun here before was asked the same.

        Raises:
          InputError: if the folder holds another run, or other files.
        """
        begun = self.exists()
        if begun:
            self._check_same(request, config, ws)
        else:
            self._check_free()
        if not self.writes:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        version = metadata.version("jaxunlearn")
        self._write_json("run.json", {"format": FORMAT, "version": version, **dataclasses.asdict(request)})
        self.images.mkdir(exist_ok=True)
        (self.path / "generator").mkdir(exist_ok=True)
        if not begun:
            self._save_latents({"ws": ws})
        self._write_json("config.json", config.to_dict())

    def _check_free(self) -> None:
        """Refuse a folder with other files than those of a run.

        A run that was killed while it began left its run.json, or nothing but a temporary file.
        """
        if self.exists():
            _ = self.request  # raises if it is somebody else's
        if self.exists() or not self.path.is_dir():
            return
        names = {leftover_of(path.name) or path.name for path in self.path.iterdir()} - NO_CONTENT
        if not names or (names == {"run.json"} and not (self.path / "run.json").exists()):
            return
        if (self.path / "run.json").is_file():
            _ = self.request  # raises if it is somebody else's
            if names <= {*_BEGINNING, "images", "generator"}:
                return
            missing = next(name for name in _BEGINNING if not (self.path / name).is_file())
            raise InputError(
                f"{self.path / missing}: no such file; {self.path} is not the folder of a whole run"
            )
        raise InputError(f"{self.path}: holds other files; give an empty or a new folder")

    def keep_targets(self, ws: np.ndarray, ws_target: np.ndarray) -> None:
        """Write what everybody becomes, `[K, L, D]`, beside who they are."""
        self._save_latents({"ws": ws, "ws_target": ws_target})

    def _save_latents(self, arrays: dict[str, Any]) -> None:
        if not self.writes:
            return
        with replacing(self.path / "latents.npz") as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)

    def _check_same(self, request: Request, config: ConfigDict, ws: np.ndarray) -> None:
        hint = "give another folder, or delete this one"
        before = self.request
        for field in dataclasses.fields(Request):
            old, new = getattr(before, field.name), getattr(request, field.name)
            if old != new and field.name != "model":
                raise InputError(f"{self.path}: is a run with {field.name} {old!r}, not {new!r}; {hint}")
        if not same_people(self.people(), ws):
            raise InputError(f"{self.path}: is a run with other latents; {hint}")
        # Where the learning rate falls to 0 at the last step, every step depends on how many there are.
        fixed = ("steps",) if config.optimiser.schedule == "cosine" else ()
        changed = changed_settings(self.config, config, method_of(config).declaration(config), fixed)
        if changed:
            name = changed[0]
            old, new = (flat(each).get(name) for each in (self.config, config))
            raise InputError(f"{self.path}: is a run with config.{name} {old!r}, not {new!r}; {hint}")

    @property
    def metrics_file(self) -> Path:
        """What was logged."""
        return self.path / "metrics.jsonl"

    def log(self, numbers: Mapping[str, Any]) -> None:
        """Add a line to `metrics.jsonl`."""
        if self.writes:
            add_line(self.metrics_file, numbers)

    def metrics(self) -> list[dict[str, Any]]:
        """The lines of `metrics.jsonl`."""
        return read_metrics(self.metrics_file, MetricsLine)

    @property
    def summary(self) -> dict[str, Any]:
        """Final figures so far."""
        if not (self.path / "summary.json").exists():
            return {}
        return dict(check_form(self._read_json("summary.json"), SummaryJson, self.path / "summary.json"))

    def add_to_summary(self, figures: Mapping[str, Any]) -> None:
        """Put figures into `summary.json`, beside those there."""
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


def same_people(before: np.ndarray, now: np.ndarray) -> bool:
    """Whether latents `[K, L, D]` agree up to rounding: photos inverted again on a GPU differ by that."""
    if before.shape != now.shape:
        return False
    before, now = (x.reshape(len(x), -1).astype(np.float64) for x in (before, now))
    apart, size = (np.linalg.norm(x, axis=1) for x in (now - before, before))
    return bool((apart <= 1e-3 * size).all())
