"""Whether a run that is asked for is the one that began in a folder."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.methods.config.declaration import ConfigDict, flat
from jaxunlearn.methods.config.declaration import changed as changed_settings
from jaxunlearn.methods.latents import ROUNDING
from jaxunlearn.methods.registry import method_of
from jaxunlearn.training.storage.request import Request

OTHER_RUN = "give another folder, or delete this one"
"""What to do about a folder that holds another run."""
_FREE = (
    "model",
    "adapters",
    "network_files",
    "photos_sha256",
    "inversion",
    "earlier",
    "earlier_subjects",
    "earlier_seeds",
)
"""Fields of a request that may differ in the same run: files may move; photos and the way in which they were
inverted are compared by themselves; what came before `start` is not always known."""


def check_same_request(before: Request, now: Request, folder: Path) -> None:
    """Refuse another request than that of a run, as far as it is known before latents are.

    Args:
      before: the request that the run began with.
      now: the one asked for.
      folder: of the run, for the error.

    Raises:
      InputError: naming one difference.
    """
    place = f"{folder}: is a run"
    for field in dataclasses.fields(Request):
        old, new = getattr(before, field.name), getattr(now, field.name)
        if old != new and field.name not in _FREE:
            raise InputError(f"{place} with {field.name} {old!r}, not {new!r}; {OTHER_RUN}")
    check_same_photos(before.photos_sha256, now.photos_sha256, before.subjects, place, OTHER_RUN)
    if now.inversion:  # else nobody says how
        check_made_alike(before.inversion, now.inversion, place, OTHER_RUN)


def check_same_settings(
    before: ConfigDict, now: ConfigDict, fixed: Iterable[str], place: str, hint: str
) -> None:
    """Refuse other settings than those that a folder began with, unless a run may change them.

    Args:
      before: the config that the folder began with.
      now: the config asked for.
      fixed: names that may not change, whatever the method declares.
      place: begins the error: the folder, and what it is.
      hint: ends the error.

    Raises:
      InputError: naming one such setting: the method, or else the first.
    """
    names = changed_settings(before, now, method_of(now).declaration(now), fixed)
    # Another method has other settings, of which the folder says nothing.
    for name in sorted(names, key=lambda name: name not in ("method", "shared_generator")):
        old, new = (flat(each).get(name) for each in (before, now))
        raise InputError(f"{place} with config.{name} {old!r}, not {new!r}; {hint}")


def check_same_photos(
    before: Sequence[str | None], now: Sequence[str | None], names: Sequence[str], place: str, hint: str
) -> None:
    """Refuse photos whose files have another content than those that a folder began with.

    Args:
      before: SHA-256 of the files that the folder began with; None where there was none.
      now: of the files asked for; None where there is no file, since a photo may be gone.
      names: of the people or files, for the error.
      place: see `check_same_settings`.
      hint: see `check_same_settings`.

    Raises:
      InputError: naming the first one.
    """
    for old, new, name in zip(before, now, names, strict=False):
        if old and new and old != new:
            raise InputError(f"{place} with another photo for {name}; {hint}")


def check_made_alike(before: Mapping[str, str], now: Mapping[str, str], place: str, hint: str) -> None:
    """Refuse to make people otherwise than a folder began with: by other networks, or another inversion.

    Args:
      before: what the folder began with, by name.
      now: what is asked for.
      place: see `check_same_settings`.
      hint: see `check_same_settings`.

    Raises:
      InputError: naming the first difference.
    """
    for name, old in before.items():
        if old != (new := now.get(name)):
            raise InputError(f"{place} with {name} {old!r}, not {new!r}; {hint}")


def same_people(before: np.ndarray, now: np.ndarray, tolerance: float = ROUNDING) -> bool:
    """Return True if latents `[K, L, D]` agree up to rounding, as of a photo that a GPU inverts twice.

    Args:
      before: the latents.
      now: those that are compared with them.
      tolerance: how far apart they may be, as a share of the length of a person's latent.
    """
    if before.shape != now.shape:
        return False
    before, now = (x.reshape(len(x), -1).astype(np.float64) for x in (before, now))
    apart, size = (np.linalg.norm(x, axis=1) for x in (now - before, before))
    return bool((apart <= tolerance * size).all())
