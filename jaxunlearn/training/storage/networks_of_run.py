"""Load the networks that a run or a work list was made with, and refuse others."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from eg3d_flax import TriPlaneGenerator
from jaxunlearn.errors import InputError
from jaxunlearn.models import loading
from jaxunlearn.models.adapters import adapted
from jaxunlearn.models.generator import fingerprint_with_settings, load_generator


@dataclasses.dataclass(frozen=True)
class Origin:
    """What a run or a work list started from.

    Attributes:
      model: name or path of the source generator.
      fingerprint: SHA-256 of its weights.
      adapters: files of the adapters that it has.
      network_files: see `models.loading.Models`.
      made_with: networks of the loss and mean latent: name → fingerprint, name or origin; may say more.
    """

    model: str
    fingerprint: str
    adapters: tuple[str, ...] = ()
    network_files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    made_with: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, models: loading.Models) -> "Origin":
        """Return what starts from models."""
        made_with = {**models.networks_of_loss, "mean_latent": models.mean.origin}
        return cls(models.name, models.fingerprint, models.adapters, models.network_files, made_with)


class Begun(Protocol):
    """The folder of a run or a work list that has begun."""

    path: Path

    @property
    def origin(self) -> Origin:
        """What it started from."""
        ...


def source_of(folder: Begun, *, model: str | None = None) -> TriPlaneGenerator:
    """Load the generator that a folder was begun with.

    Args:
      folder: of the run.
      model: the generator, if its file has moved since.

    Raises:
      InputError: if its file has moved, or holds another generator.
    """
    origin = folder.origin
    name = model or origin.model
    generator = adapted(load_generator(name), origin.adapters)
    _check_source(folder.path, origin, name, fingerprint_with_settings(generator))
    return generator


def models_again(
    folder: Begun,
    *,
    model: str | None = None,
    adapters: Sequence[str | Path] = (),
    judge: str | Sequence[str] = (),
    network_files: Mapping[str, str] | None = None,
) -> loading.Models:
    """Load the models that a folder was begun with.

    Args:
      folder: of the run or work list.
      model: the source generator, if its file has moved since.
      adapters: those of the source, if their files have moved.
      judge: see `load_models`.
      network_files: `perceptual`, `identity` and `w_avg` of `load_models`, those whose files have moved.

    Raises:
      InputError: if a file cannot be used, or the source generator is another one.
    """
    origin = folder.origin
    files = {**origin.network_files, **(network_files or {})}
    models = loading.load_models(
        model or origin.model,
        perceptual=files.get("perceptual"),
        identity=files.get("identity"),
        judge=judge,
        w_avg=files.get("w_avg"),
        adapters=adapters or origin.adapters,
    )
    _check_source(folder.path, origin, models.name, models.fingerprint)
    return models


def check_models(models: loading.Models, folder: Begun | None) -> None:
    """Refuse models that a run was not made with; a run without a folder does not say which.

    Raises:
      InputError: naming the folder, and the generator, a network of the loss or the mean latent.
    """
    if folder is not None:
        _check_source(folder.path, folder.origin, models.name, models.fingerprint)
        check_networks(models, folder)


def check_networks(models: loading.Models, folder: Begun) -> None:
    """Refuse other networks of the loss, or another mean latent, than a folder was begun with.

    Raises:
      InputError: naming the first that is another one.
    """
    before, now = folder.origin.made_with, Origin.of(models).made_with
    for key, name, what, option in (
        ("perceptual_sha256", "perceptual", "perceptual network", "--perceptual"),
        ("identity_sha256", "identity", "identity network", "--identity"),
        ("mean_latent", "mean_latent", "mean latent", "--w-avg"),
    ):
        if before[key] != now[key]:
            raise InputError(
                f"{folder.path}: was made with another {what} ({before[name]}); give its file with {option}"
            )


def _check_source(path: Path, origin: Origin, name: str, fingerprint: str) -> None:
    if fingerprint != origin.fingerprint:
        raise InputError(f"{name}: is not the generator that {path} started from; give its file with --model")
