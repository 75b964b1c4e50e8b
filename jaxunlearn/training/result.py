"""What a run gives back, from memory or from its folder."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from eg3d_flax import TriPlaneGenerator
from jaxunlearn.errors import InputError
from jaxunlearn.models.generator import load_generator
from jaxunlearn.photos.people import People
from jaxunlearn.training.run_dir import RunFolder


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of `K` people.

    Attributes:
      people: who was forgotten.
      ws_target: `[K, L, D]`, what they became.
      generators: one for each of them, in the same order, or a single one that forgot all.
      summary: `steps`, `steps_per_second` (without compilation), `compile_seconds`, `devices`, final `loss`,
        `losses` of each copy, and `diverged`: those whose loss ceased to be finite, and whose generators are
        of no use; and `w_avg`: where the mean latent comes from.
      folder: the run's folder, if it has one.
    """

    people: People
    ws_target: np.ndarray
    generators: tuple[TriPlaneGenerator, ...]
    summary: dict[str, Any]
    folder: RunFolder | None

    @property
    def ws(self) -> np.ndarray:
        """Latents of the people, `[K, L, D]`."""
        return self.people.ws

    @property
    def generator(self) -> TriPlaneGenerator:
        """The first person's, the only one in the common case."""
        return self.generators[0]

    @property
    def together(self) -> bool:
        """Whether one generator forgot several people."""
        return len(self.generators) < len(self.ws)

    def generator_of(self, person: int) -> TriPlaneGenerator:
        """The generator that forgot a person."""
        return self.generators[0 if self.together else person]


def finished(folder: RunFolder) -> Result:
    """A finished run, read from its folder.

    Raises:
      InputError: if it is no run, or not finished.
    """
    request = folder.request
    if not folder.finished():
        raise InputError(f"{folder.path}: the run is not finished; the command that began it goes on with it")
    generators = tuple(load_generator(str(folder.generator(k))) for k in range(request.copies))
    ws, ws_target = folder.latents()
    people = People(folder.path.name, request.subjects, ws, request.seeds)
    return Result(people, ws_target, generators, folder.summary, folder)


def load_result(folder: str | Path) -> Result:
    """A finished run, by its folder.

    Raises:
      InputError: if it is no run, or not finished.
    """
    return finished(RunFolder(Path(folder)))
