"""The people to be forgotten: the generator's own by seeds, or latents from a file."""

import collections
import dataclasses
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from jaxunlearn.files.door import local_path
from jaxunlearn.files.names import as_text
from jaxunlearn.given_arrays import whole_numbers_of
from jaxunlearn.limits import LARGEST_SEED
from jaxunlearn.methods.latents import repeated
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import latent_space_of
from jaxunlearn.models.latent_io import read_latents, read_names, read_photos_sha256, read_provenance
from jaxunlearn.models.loading import Models
from jaxunlearn.models.renderer import latents_of_seeds
from jaxunlearn.process.jax_settings import pinned_settings


@dataclasses.dataclass(frozen=True, eq=False)
class People:
    """`K` people.

    Attributes:
      name: a name for them all that suits a folder.
      subjects: a label for each person.
      ws: `[K, L, D]`.
      seeds: the seed of each person of the generator's own, None for the others; empty if there are none.
      photos_sha256: SHA-256 of the file of each person's photo, None for others; empty if there are none.
      inversion: how photos were inverted, for folders to keep; empty if none were.
    """

    name: str
    subjects: tuple[str, ...]
    ws: np.ndarray
    seeds: tuple[int | None, ...] = ()
    photos_sha256: tuple[str | None, ...] = ()
    inversion: Mapping[str, str] = dataclasses.field(default_factory=dict)


@pinned_settings()
def people_from_seeds(models: Models, seeds: Sequence[int]) -> People:
    """Return people of the generator; see `models.renderer.latents_of_seeds`.

    Args:
      models: the generator and its networks.
      seeds: a seed from 0 to 2**32 - 1 for each person.

    Raises:
      InputError: if it is no list of at least one, or a seed is no such number.
    """
    numbers = whole_numbers_of("seeds", seeds, LARGEST_SEED)
    ws = latents_of_seeds(models.generator, numbers, conditioning_view(models.generator.config))
    subjects = tuple(f"seed {seed}" for seed in numbers)
    return People(name_of_seeds(numbers), subjects, np.asarray(ws), tuple(numbers))


def name_of_seeds(seeds: Sequence[int]) -> str:
    """Return a name for people of the generator that suits a folder."""
    return f"seed{seeds[0]:04d}" + (f"-{seeds[-1]:04d}" if len(seeds) > 1 else "")


def people_from_latents(models: Models, path: Path | str) -> People:
    """Return the people whose latents a file holds, with what it says of them: names, and SHA-256 of photos.

    Args:
      models: the generator and its networks.
      path: see `models.latent_io.read_latents`.

    Raises:
      InputError: if the file cannot be read, or its latents do not fit the generator.

    Warns:
      UserWarning: if the latents were found with a generator in which latents mean something else.
    """
    path = local_path(path)
    ws = read_latents(path, models.generator.config)
    provenance, own = read_provenance(path), latent_space_of(models.generator)
    if provenance.get("latent_space", own) != own:
        warnings.warn(
            f"{path}: found with {provenance.get('model', 'another generator')}, whose latents are of other "
            f"people than those of {models.name}",
            stacklevel=2,
        )
    subjects = read_names(path)
    if subjects is None or len(subjects) != len(ws):
        name = as_text(path.name)
        subjects = (name,) if len(ws) == 1 else tuple(f"{name} row {k}" for k in range(len(ws)))
    digests = read_photos_sha256(path)
    known = len(digests) == len(ws)
    return People(as_text(path.stem), subjects, ws, photos_sha256=digests if known else ())


def joined(name: str, groups: Sequence[People]) -> People:
    """Return the people of all groups, one group after the other, without how their photos were inverted.

    Args:
      name: see `People`.
      groups: at least one.
    """
    seeds = tuple(seed for group in groups for seed in group.seeds or [None] * len(group.subjects))
    digests = tuple(each for group in groups for each in group.photos_sha256 or [None] * len(group.subjects))
    return People(
        name,
        tuple(subject for group in groups for subject in group.subjects),
        np.concatenate([group.ws for group in groups]),
        seeds,
        digests if any(digests) else (),
    )


def listed_twice(people: People) -> tuple[int, int] | None:
    """Return the numbers of two who are the same person: by their photo's file, or by latents.

    Args:
      people: latents may be NaN or missing, if they are not known.

    Returns:
      None if nobody is listed twice.
    """
    first: dict[str, int] = {}
    for k, digest in enumerate(people.photos_sha256):
        if digest and (earlier := first.setdefault(digest, k)) != k:
            return earlier, k
    return repeated(people.ws) if len(people.ws) else None


def distinct_subjects(named: Sequence[tuple[str, Path | None]]) -> tuple[str, ...]:
    """Return a different label for each name: where names repeat, with the folder, or else with a number.

    Args:
      named: names, such as `1.png`, with the file that each comes from, if there is one.
    """
    times = collections.Counter(name for name, _ in named)
    given: set[str] = set()
    subjects = []
    for name, path in named:
        label = name if path is None or times[name] == 1 else _with_folder(name, path)
        subject, number = label, 1
        while subject in given:
            number += 1
            subject = f"{label} ({number})"
        given.add(subject)
        subjects.append(subject)
    return tuple(subjects)


def _with_folder(name: str, path: Path) -> str:
    """Return one part more of the path of a file than its name has: `1.png` becomes `ada/1.png`."""
    parts = Path(os.path.abspath(path)).parts  # the same from every working folder
    return as_text(Path(*parts[-1 - len(Path(name).parts) :]).as_posix())
