"""Who the people of a column are: of the generator, or in photos, whose latents the folder keeps."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from eg3d_flax import Compute
from jaxunlearn.evaluation.other_photos import OtherPhotos, invert_remaining
from jaxunlearn.evaluation.retaining_sets import read_retaining_set
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion.choice import Inverting, choose, settings_for
from jaxunlearn.photos.people import People, people_from_seeds
from jaxunlearn.photos.sources import listed_names
from jaxunlearn.workflows.batch_dir import Worklist
from jaxunlearn.workflows.batch_sources import worklist_of_photos
from jaxunlearn.workflows.reproduce.declaration import RANDOM, Table
from jaxunlearn.workflows.reproduce.folder import kept


@dataclasses.dataclass(frozen=True)
class Whose:
    """Whose pictures fill the columns of a table.

    Attributes:
      seeds: of the people of the generator in the column Random; empty for no such column.
      photos: column → source of photos, whose first of each person is forgotten.
      retained: column → latents or photos of people who should stay.
      people: most people in a column; None for all.
      inverting: how photos are inverted.
    """

    seeds: Sequence[int] = ()
    photos: Mapping[str, str | Path] = dataclasses.field(default_factory=dict)
    retained: Mapping[str, Path] = dataclasses.field(default_factory=dict)
    people: int | None = None
    inverting: Inverting = dataclasses.field(default_factory=Inverting)


@dataclasses.dataclass(frozen=True)
class Listed:
    """The people of a column before their photos are inverted.

    Attributes:
      column: its key.
      source: whose pictures these are, in words.
      subjects: names of the people.
      photos: the source of photos; None for people of the generator.
      retained: people who should stay; None if none are given.
      worklist: of the photos, which inverts them.
      seeds: of people of the generator.
    """

    column: str
    source: str
    subjects: tuple[str, ...]
    photos: str | Path | None = None
    retained: Path | None = None
    worklist: Worklist | None = None
    seeds: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class Column:
    """The people of a column.

    Attributes:
      people: who is forgotten.
      others: number of a person → other photos of them.
      retaining: `[M, L, D]`, people who should stay; None if none are given.
    """

    people: People
    others: Mapping[int, OtherPhotos]
    retaining: np.ndarray | None

    def some(self, number: int) -> People:
        """Return the first people."""
        whole = self.people
        return dataclasses.replace(
            whole,
            subjects=whole.subjects[:number],
            ws=whole.ws[:number],
            seeds=whole.seeds[:number],
            photos_sha256=whole.photos_sha256[:number],
        )


def listed(models: Models, column: str, whose: Whose, compute: Compute, *, progress: bool) -> Listed:
    """Return who the people of a column are; photos are opened, but not inverted.

    Raises:
      InputError: if a source has no photos that can be used, or cannot be inverted.
    """
    if column == RANDOM:
        seeds = tuple(whose.seeds[: whose.people])
        return Listed(column, "people of the generator", tuple(f"seed {seed}" for seed in seeds), seeds=seeds)
    source = whose.photos[column]
    worklist = worklist_of_photos(models, source, **whose.inverting, compute=compute, progress=progress)
    return Listed(
        column,
        Path(source).name,
        worklist.subjects[: whose.people],
        source,
        whose.retained.get(column),
        worklist,
    )


def people_of(
    models: Models, who: Listed, whose: Whose, table: Table, out: Path, compute: Compute, *, progress: bool
) -> Column:
    """Return the people of a column with their latents, which are inverted if no earlier call has done it.

    Raises:
      InputError: if a photo or a retaining set cannot be used.
    """
    if who.worklist is None:
        return Column(people_from_seeds(models, who.seeds), {}, None)
    digests = who.worklist.photos_sha256[: len(who.subjects)]
    how = choose(models, **whose.inverting)
    way = how.way(settings_for(how.method, models))
    about = {"generator": models.fingerprint, "photos": digests, "way": way}
    worklist = who.worklist
    ws = kept(out / who.column / "people.npz", about, lambda: {"ws": worklist.latents(range(len(digests)))})
    people = People(who.column, who.subjects, ws["ws"], photos_sha256=digests, inversion=worklist.inversion)
    others = {}
    if table.others:
        others = _others(models, who, people, whose, about, out, compute, progress=progress)
    retaining = None
    if who.retained is not None:
        set_of = who.retained
        retaining = kept(
            out / who.column / "retained.npz",
            {**about, "retained": _listing(set_of)},
            lambda: {
                "ws": read_retaining_set(
                    models, set_of, **whose.inverting, compute=compute, progress=progress
                )
            },
        )["ws"]
    return Column(people, others, retaining)


def _others(
    models: Models,
    who: Listed,
    people: People,
    whose: Whose,
    about: Mapping[str, object],
    out: Path,
    compute: Compute,
    *,
    progress: bool,
) -> dict[int, OtherPhotos]:
    """Return number of a person → their photos after the first."""
    assert who.photos is not None
    source = who.photos

    def make() -> dict[str, np.ndarray]:
        found = invert_remaining(
            models,
            people.subjects,
            source,
            photos_sha256=people.photos_sha256,
            **whose.inverting,
            compute=compute,
            progress=progress,
        )
        return {
            "ws": np.concatenate([each.ws for each in found.values()]),
            "person": np.concatenate([np.full(len(each.ws), k) for k, each in found.items()]),
        }

    arrays = kept(out / who.column / "others.npz", {**about, "others": _listing(source)}, make)
    return {int(k): OtherPhotos(arrays["ws"][arrays["person"] == k]) for k in np.unique(arrays["person"])}


def _listing(source: str | Path) -> list[str]:
    """Return the names by which a source is known again: its own, and those of its photos."""
    return [str(source), *listed_names(source)]
