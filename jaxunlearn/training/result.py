"""The result of a run, from memory or from its folder."""

import dataclasses
import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from jaxunlearn.errors import InputError
from jaxunlearn.models.adapters import load_unlearned
from jaxunlearn.models.generator import Generator
from jaxunlearn.photos.people import People
from jaxunlearn.process.jax_settings import pinned_settings
from jaxunlearn.training.storage.networks_of_run import source_of
from jaxunlearn.training.storage.run_dir import RunFolder


@dataclasses.dataclass(frozen=True, eq=False)
class Result:
    """The result of unlearning `K` people.

    Attributes:
      people: the people who were forgotten.
      ws_target: their targets, `[K, L, D]`.
      generators: one for each person in the same order, or a single one that forgot all. Where a person's
        own diverged, a result that is read from its folder has a generator whose weights are all NaN, so that
        nobody takes its pictures for anything.
      summary: figures of the run: `steps`, `steps_per_second` (without compilation), `compile_seconds`,
        `devices`, the final `loss`, `losses` of each copy, and `w_avg`, the origin of the mean latent.
        `diverged` has the numbers of copies whose loss or gradient is not finite; their generators are
        useless.
      folder: the run folder, or None.
    """

    people: People
    ws_target: np.ndarray
    generators: tuple[Generator, ...]
    summary: dict[str, Any]
    folder: RunFolder | None

    @property
    def ws(self) -> np.ndarray:
        """Latents of the people, `[K, L, D]`."""
        return self.people.ws

    @property
    def generator(self) -> Generator:
        """The first generator; the only one for one person, or for people who share it."""
        return self.generators[0]

    @property
    def together(self) -> bool:
        """True if one generator forgot several people."""
        return len(self.generators) < len(self.ws)

    @property
    def forgotten_seeds(self) -> frozenset[int | None]:
        """Seeds of the people who were forgotten, also by requests before; None stands for other people."""
        earlier = () if self.folder is None else self.folder.request.earlier_seeds
        return frozenset((*earlier, *self.people.seeds))

    @property
    def diverged(self) -> frozenset[int]:
        """Numbers of the people whose own generator diverged, so that its pictures say nothing."""
        return frozenset(() if self.together else self.summary.get("diverged", ()))

    def generator_of(self, person: int) -> Generator:
        """Return the generator that forgot a person, by the person's number."""
        return self.generators[0 if self.together else person]


def said_diverged(subjects: Sequence[str], diverged: Iterable[int]) -> str:
    """Return a sentence that names the people whose generator diverged, by their numbers."""
    names = ", ".join(subjects[k] for k in sorted(diverged))
    return f"{names}: their generator diverged; forget them again with a lower config.optimiser.learning_rate"


def check_finished(folder: RunFolder) -> None:
    """Refuse the folder of a run that is not finished.

    Raises:
      InputError: also if the folder is not of a run.
    """
    _ = folder.request
    if not folder.finished():
        raise InputError(f"{folder.path}: the run is not finished; run the command that began it once more")


def finished(folder: RunFolder, source: Generator | None = None) -> Result:
    """Read the result of a finished run from its folder.

    Args:
      folder: of the run.
      source: the generator that the run started from; None loads it where it was, if adapters need it, or a
        generator diverged.

    Raises:
      InputError: if the folder is not of a run, or the run is not finished.
    """
    check_finished(folder)
    request = folder.request

    @functools.cache
    def load_source() -> Generator:
        return source_of(folder) if source is None else source

    @functools.cache
    def useless() -> Generator:
        graphdef, weights = nnx.split(load_source())
        return nnx.merge(graphdef, jax.tree.map(lambda x: jnp.full_like(x, jnp.nan), weights))

    diverged = folder.diverged
    generators = tuple(
        useless() if k in diverged else load_unlearned(folder.generator(k), load_source)
        for k in range(request.copies)
    )
    return Result(people_of_run(folder), folder.latents()[1], generators, folder.summary, folder)


def people_of_run(folder: RunFolder) -> People:
    """Return the people of a run that has begun.

    Raises:
      InputError: if the folder is not of a run.
    """
    request = folder.request
    return People(
        folder.path.name,
        request.subjects,
        folder.people(),
        request.seeds,
        request.photos_sha256,
        request.inversion,
    )


@pinned_settings()
def load_result(folder: str | Path) -> Result:
    """Read the result of a finished run.

    Args:
      folder: the run folder.

    Raises:
      InputError: if the folder is not of a run, or the run is not finished.
    """
    return finished(RunFolder(Path(folder)))
