"""Requests to be forgotten that arrive one after another: a file that lists them in stages.

JSON, or TOML of the same content:

    {"stages": [{"name": "january", "seeds": [3, 4]}, {"name": "february", "latents": ["ws.npz"],
                 "images": ["photo.png"]}]}

Paths are relative to the file.
"""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from eg3d_flax import Compute
from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json, read_toml
from jaxunlearn.files.json_form import shown
from jaxunlearn.files.names import as_text
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People, people_from_latents, people_from_seeds
from jaxunlearn.photos.photo_inversion import people_from_photos

_LONGEST_NAME = 100
_KINDS = ("seeds", "latents", "images")


@dataclasses.dataclass(frozen=True)
class Stage:
    """One request.

    Attributes:
      name: good for a folder.
      seeds: people of the generator.
      latents: files of latents.
      images: photos.
    """

    name: str
    seeds: tuple[int, ...] = ()
    latents: tuple[Path, ...] = ()
    images: tuple[Path, ...] = ()


def read_requests(path: Path) -> tuple[Stage, ...]:
    """Read the stages of a file.

    Raises:
      InputError: if the file cannot be read, a stage has nobody in it, or somebody is listed twice.
    """
    content = read_toml(path) if path.suffix.lower() == ".toml" else read_json(path)
    entries = content.get("stages") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise InputError(f'{path}: expected {{"stages": [...]}} with at least one stage')
    stages = tuple(_stage(path, number, entry) for number, entry in enumerate(entries))
    refuse_repetition(f"{path}: stage", [stage.name for stage in stages])
    for kind in _KINDS:
        refuse_repetition(f"{path}: {kind}", [who for stage in stages for who in getattr(stage, kind)])
    return stages


def _stage(path: Path, number: int, entry: Any) -> Stage:
    where = f"{path}: stage {number + 1}"
    if not isinstance(entry, dict):
        raise InputError(f"{where}: expected an object, not {shown(entry)}")
    for key in entry:
        if key not in ("name", *_KINDS):
            raise InputError(f"{where}: no such key {shown(key)}; there are name, {', '.join(_KINDS)}")
    name = entry.get("name", f"stage{number + 1}")
    if not isinstance(name, str) or not _good_for_a_folder(name):
        raise InputError(f"{where}: the name {shown(name)} is not good for a folder")
    lists = {kind: entry.get(kind, []) for kind in _KINDS}
    for kind, members in lists.items():
        wanted = int if kind == "seeds" else str
        if not isinstance(members, list) or not all(type(member) is wanted for member in members):
            raise InputError(f"{where}: {kind} must be a list of {wanted.__name__}s, not {shown(members)}")
    if any(not 0 <= seed < 2**32 for seed in lists["seeds"]):
        raise InputError(f"{where}: seeds lie between 0 and 4294967295")
    if not any(lists.values()):
        raise InputError(f"{where}: nobody is to be forgotten; give {', '.join(_KINDS[:-1])} or {_KINDS[-1]}")
    files = {kind: tuple(path.parent / member for member in lists[kind]) for kind in _KINDS[1:]}
    for file in (*files["latents"], *files["images"]):
        if not file.is_file():
            raise InputError(f"{where}: {file}: no such file")
    return Stage(name, tuple(lists["seeds"]), **files)


def _good_for_a_folder(name: str) -> bool:
    plain = name.isprintable() and 0 < len(name) <= _LONGEST_NAME
    return plain and Path(name).name == name and not name.startswith(".")


def refuse_repetition(where: str, listed: Iterable[Any]) -> None:
    """Refuse a list that names somebody twice.

    Raises:
      InputError: beginning with `where`.
    """
    seen = set()
    for member in listed:
        if member in seen:
            raise InputError(f"{where}: {member} is listed twice; list everybody once")
        seen.add(member)


def people_of_stage(models: Models, stage: Stage, *, compute: Compute, known: np.ndarray | None) -> People:
    """The people of a request.

    Args:
      models: whose latents are wanted.
      stage: the request.
      compute: of the inversion of photos.
      known: `[K, L, D]`, the latents that were found before; photos are not inverted again then.
    """
    groups = [people_from_seeds(models, stage.seeds)] if stage.seeds else []
    groups += [people_from_latents(models, path) for path in stage.latents]
    subjects = [subject for group in groups for subject in group.subjects]
    subjects += [as_text(path.name) for path in stage.images]
    if stage.images:
        if known is not None and len(known) == len(subjects):
            photos = known[len(subjects) - len(stage.images) :]
        else:
            photos = people_from_photos(models, stage.images, compute=compute).ws
        groups.append(People("photos", tuple(as_text(path.name) for path in stage.images), photos))
    seeds = [seed for group in groups for seed in group.seeds or [None] * len(group.ws)]
    return People(stage.name, tuple(subjects), np.concatenate([group.ws for group in groups]), tuple(seeds))
