"""The folder of a baking.

baking.json               what is baked, and the settings; written first
metrics.jsonl             one object a logged step
checkpoints/              states from which it resumes
generator.safetensors     the weights
loss.json                 what baking lost; written last
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, TypedDict

import ml_collections
import numpy as np

from jaxunlearn.baking.settings import Baking
from jaxunlearn.errors import InputError
from jaxunlearn.files.door import local_path, read_json, write_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.lock import locked_clean, refuse_other_files
from jaxunlearn.methods.config.declaration import ConfigDict, completed, flat
from jaxunlearn.methods.config.declaration import changed as changed_settings
from jaxunlearn.models.adapters import layers_of
from jaxunlearn.models.generator import Generator, fingerprint_of, fingerprint_with_settings, sha256_of_arrays
from jaxunlearn.models.loading import Models
from jaxunlearn.training.storage.metrics_log import add_line

FORMAT = 1
"""Number of the form of the folder."""


class _AdapterJson(TypedDict):
    sha256: str
    end: float
    step: float


class OriginJson(TypedDict):
    """What is baked, and the networks of the loss."""

    generator_sha256: str
    adapters: list[_AdapterJson]
    people: list[str]
    latents_sha256: str
    perceptual: str
    identity: str
    perceptual_sha256: str
    identity_sha256: str


class _BakingJson(TypedDict):
    format: int
    version: str
    of: OriginJson
    config: dict[str, Any]


def origin_of(models: Models, adapted: Generator, subjects: tuple[str, ...], ws: np.ndarray) -> OriginJson:
    """Describe what is baked.

    Args:
      models: networks of the loss.
      adapted: the generator with adapters.
      subjects: a label for each forgotten person.
      ws: `[N, L, D]`, their latents.
    """
    plain, layers = layers_of(adapted)
    return OriginJson(
        generator_sha256=fingerprint_with_settings(plain),
        adapters=[
            {"sha256": fingerprint_of(each), "end": each.config.end, "step": each.config.step}
            for each in layers
        ],
        people=list(subjects),
        latents_sha256=sha256_of_arrays([np.asarray(ws, np.float32)]),
        **models.networks_of_loss,
    )


class BakingFolder:
    """Reads and writes the files of one baking, see the module's docstring."""

    def __init__(self, path: Path | str):
        self.path = local_path(path)

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def metrics_file(self) -> Path:
        """The log of the steps."""
        return self.path / "metrics.jsonl"

    @property
    def generator(self) -> Path:
        """The baked weights."""
        return self.path / "generator.safetensors"

    @property
    def loss(self) -> Path:
        """What baking lost."""
        return self.path / "loss.json"

    @property
    def _beginning(self) -> Path:
        return self.path / "baking.json"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the folder against other processes, and remove unfinished files of a killed one.

        Raises:
          InputError: if another process has locked it, or it holds other files than those of a baking.
        """
        with locked_clean(self.path, self._check_free):
            yield

    def _check_free(self) -> None:
        if not self._beginning.is_file():
            refuse_other_files(self.path, {self._beginning.name})

    def begin(self, origin: OriginJson, config: ConfigDict) -> None:
        """Write what is baked, or check that a baking which began here has the same beginning.

        Raises:
          InputError: if the folder holds another baking.
        """
        if self._beginning.is_file():
            self._check_same(origin, config)
        content = {"format": FORMAT, "version": metadata.version("jaxunlearn"), "of": origin}
        write_json(self._beginning, {**content, "config": config.to_dict()})

    def _check_same(self, origin: OriginJson, config: ConfigDict) -> None:
        stored = check_form(read_json(self._beginning), _BakingJson, self._beginning)
        if stored["format"] != FORMAT:
            raise InputError(f"{self.path}: is in format {stored['format']}; this version reads {FORMAT}")
        hint = "give another folder, or delete this one"
        for name, text in (
            ("generator_sha256", "of another generator"),
            ("adapters", "of other adapters, or another strength"),
            ("latents_sha256", "of other people"),
            ("perceptual", "with another perceptual network"),
            ("identity", "with another identity network"),
            ("perceptual_sha256", "with another perceptual network"),
            ("identity_sha256", "with another identity network"),
        ):
            if stored["of"][name] != json.loads(json.dumps(origin[name])):
                raise InputError(f"{self.path}: is a baking {text}; {hint}")
        before = completed(ml_collections.ConfigDict(stored["config"]), Baking)
        for name in changed_settings(before, config, Baking):
            old, new = (flat(each).get(name) for each in (before, config))
            raise InputError(f"{self.path}: is a baking with config.{name} {old!r}, not {new!r}; {hint}")

    def log(self, numbers: Mapping[str, Any], /) -> None:
        """Append a line to the log."""
        add_line(self.metrics_file, numbers)
