"""The result of a run, from memory or from its folder."""

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from eg3d_flax import TriPlaneGenerator
from jaxunlearn.errors import InputError
from jaxunlearn.models import loading
from jaxunlearn.models.adapters import adapted, load_unlearned
from jaxunlearn.models.generator import Generator, fingerprint_with_settings, load_generator
from jaxunlearn.photos.people import People
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


def source_of(folder: RunFolder, *, model: str | None = None) -> TriPlaneGenerator:
    """Load the generator that a run started from.

    Args:
      folder: of the run.
      model: the generator, if its file has moved since the run.

    Raises:
      InputError: if its file has moved, or holds another generator.
    """
    request = folder.request
    name = model or request.model
    generator = adapted(load_generator(name), request.adapters)
    _check_source(folder, name, fingerprint_with_settings(generator))
    return generator


def models_of_run(
    folder: RunFolder,
    *,
    model: str | None = None,
    adapters: Sequence[str | Path] = (),
    judge: str | Sequence[str] = (),
    network_files: Mapping[str, str] | None = None,
) -> loading.Models:
    """Load the models that a run started from.

    Args:
      folder: of the run.
      model: the source generator, if its file has moved since the run.
      adapters: those of the source, if their files have moved.
      judge: see `load_models`.
      network_files: `perceptual`, `identity` and `w_avg` of `load_models`, those whose files have moved.

    Raises:
      InputError: if a file cannot be used, or the source generator is another one.
    """
    request = folder.request
    files = {**request.network_files, **(network_files or {})}
    models = loading.load_models(
        model or request.model,
        perceptual=files.get("perceptual"),
        identity=files.get("identity"),
        judge=judge,
        w_avg=files.get("w_avg"),
        adapters=adapters or request.adapters,
    )
    _check_source(folder, models.name, models.fingerprint)
    return models


def check_models(models: loading.Models, result: Result) -> None:
    """Refuse models that the run of a result was not made with; one without a folder does not say.

    Raises:
      InputError: naming the folder, and the generator, a network of the loss or the mean latent.
    """
    if result.folder is not None:
        _check_source(result.folder, models.name, models.fingerprint)
        check_networks(result.folder.path, dataclasses.asdict(result.folder.request), models)


def check_networks(folder: Path, made_with: Mapping[str, Any], models: loading.Models) -> None:
    """Refuse other networks of the loss, or another mean latent, than a folder was made with.

    Args:
      folder: the folder.
      made_with: `perceptual_sha256`, `identity_sha256` and `mean_latent`, and the names of the networks.
      models: the models of now.

    Raises:
      InputError: naming the first that is another one.
    """
    now = {**models.networks_of_loss, "mean_latent": models.mean.origin}
    for key, name, what, option in (
        ("perceptual_sha256", "perceptual", "perceptual network", "--perceptual"),
        ("identity_sha256", "identity", "identity network", "--identity"),
        ("mean_latent", "mean_latent", "mean latent", "--w-avg"),
    ):
        if made_with[key] != now[key]:
            raise InputError(
                f"{folder}: was made with another {what} ({made_with[name]}); give its file with {option}"
            )


def _check_source(folder: RunFolder, name: str, fingerprint: str) -> None:
    if fingerprint != folder.request.fingerprint:
        raise InputError(f"{name}: is not the generator that {folder.path} started from")


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


def load_result(folder: str | Path) -> Result:
    """Read the result of a finished run.

    Args:
      folder: the run folder.

    Raises:
      InputError: if the folder is not of a run, or the run is not finished.
    """
    return finished(RunFolder(Path(folder)))
