"""Read the file of requests that arrive one after the other.

JSON, or TOML with the same content; the key "requests" may be called "stages", too:

    {"requests": [{"name": "january", "seeds": [3, 4]},
                  {"name": "february", "latents": ["ws.npz"], "images": ["photo.png"]}]}

Paths are relative to the file. A request without a name is called request1, request2, ... by its number.
"""

import dataclasses
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from eg3d_flax import Compute
from jaxunlearn.errors import InputError, printable
from jaxunlearn.files.door import read_json, read_toml
from jaxunlearn.files.names import LONGEST, as_text
from jaxunlearn.limits import LARGEST_SEED
from jaxunlearn.models.files.pretrained import sha256
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion.choice import Inverting
from jaxunlearn.photos.inversion.plan import InversionPlan, invert_planned, plan_people
from jaxunlearn.photos.people import (
    People,
    distinct_subjects,
    joined,
    people_from_latents,
    people_from_seeds,
)
from jaxunlearn.photos.tables import SPREADSHEETS, SUFFIXES
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.storage.same_run import OTHER_RUN, check_made_alike, check_same_photos

_KINDS = ("seeds", "latents", "images")


@dataclasses.dataclass(frozen=True)
class ForgetRequest:
    """A request to forget some people.

    Attributes:
      name: also part of a folder's name.
      seeds: seeds of people of the generator.
      latents: files of latents, which may hold several people.
      images: files of photos, each of one person.
    """

    name: str
    seeds: tuple[int, ...] = ()
    latents: tuple[Path, ...] = ()
    images: tuple[Path, ...] = ()


def read_requests(path: Path) -> tuple[ForgetRequest, ...]:
    """Read the requests of a file.

    Raises:
      InputError: if the file cannot be read, a request names nobody, or a person is listed twice.
    """
    content = read_toml(path) if path.suffix.lower() == ".toml" else read_json(path)
    entries = content.get("requests", content.get("stages")) if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise InputError(f'{path}: expected {{"requests": [...]}} with at least one request')
    requests = tuple(_request(path, number, entry) for number, entry in enumerate(entries))
    refuse_repetition(f"{path}: name", [request.name for request in requests])
    for kind in _KINDS:
        refuse_repetition(
            f"{path}: {kind}", [member for request in requests for member in getattr(request, kind)]
        )
    return requests


def _request(path: Path, number: int, entry: Any) -> ForgetRequest:
    where = f"{path}: request {number + 1}"
    if not isinstance(entry, dict):
        raise InputError(f"{where}: expected an object, not {printable(entry)}")
    for key in entry:
        if key not in ("name", *_KINDS):
            raise InputError(f"{where}: unknown key {printable(key)}; the keys are name, {', '.join(_KINDS)}")
    name = entry.get("name", f"request{number + 1}")
    if not isinstance(name, str) or not _can_name_a_folder(name):
        raise InputError(
            f"{where}: the name {printable(name)} cannot name a folder; use printable characters, at most "
            f"{LONGEST} bytes in UTF-8, no path, no leading dot"
        )
    lists = {kind: entry.get(kind, []) for kind in _KINDS}
    for kind, members in lists.items():
        wanted = int if kind == "seeds" else str
        if not isinstance(members, list) or not all(type(member) is wanted for member in members):
            raise InputError(
                f"{where}: {kind} must be a list of {wanted.__name__}s, not {printable(members)}"
            )
    if any(not 0 <= seed <= LARGEST_SEED for seed in lists["seeds"]):
        raise InputError(f"{where}: seeds must lie between 0 and {LARGEST_SEED}")
    if not any(lists.values()):
        raise InputError(f"{where}: names nobody; give {', '.join(_KINDS[:-1])} or {_KINDS[-1]}")
    files = {kind: tuple(path.parent / member for member in lists[kind]) for kind in _KINDS[1:]}
    for file in files["latents"]:  # photos may be gone once their latents are kept, see `people_of_request`
        if not file.is_file():
            raise InputError(f"{where}: {file}: no such file")
    return ForgetRequest(name, tuple(lists["seeds"]), **files)


def _can_name_a_folder(name: str) -> bool:
    plain = name.isprintable() and 0 < len(name.encode()) <= LONGEST
    return plain and Path(name).name == name and not name.startswith(".")


def refuse_repetition(where: str, members: Iterable[Any]) -> None:
    """Refuse a list that has a member twice.

    Args:
      where: beginning of the message: the file or option.
      members: the list.

    Raises:
      InputError: if a member is repeated.
    """
    seen = set()
    for member in members:
        if member in seen:
            raise InputError(f"{where}: {member} is listed twice; list everybody once")
        seen.add(member)


@dataclasses.dataclass(frozen=True, eq=False)
class RequestedPeople:
    """The people of a request, with photos that may have to be inverted yet.

    Attributes:
      people: everybody. The latents of photos that have to be inverted, who come last, are NaN.
      plan: how the photos are inverted; None if all latents are known.
    """

    people: People
    plan: InversionPlan | None

    def inverted(self, models: Models, compute: Compute, *, progress: bool = True) -> People:
        """Return the people with the latents of all; photos are inverted, which takes long.

        Args:
          models: their generator is inverted.
          compute: dtype and forms of the inversion.
          progress: True shows a bar.
        """
        if self.plan is None:
            return self.people
        inversion = invert_planned(models, self.plan, compute=compute, progress=progress)
        before = len(self.people.ws) - len(inversion.ws)
        return dataclasses.replace(self.people, ws=np.concatenate([self.people.ws[:before], inversion.ws]))


def people_of_request(
    models: Models,
    request: ForgetRequest,
    folder: RunFolder,
    inverting: Inverting,
    way: Mapping[str, str],
) -> RequestedPeople:
    """Get the people of a request, without inverting photos.

    Args:
      models: the generator and its networks.
      request: the request.
      folder: of its run; if that has begun, it has the latents of photos, whose files may be gone.
      inverting: how photos are inverted.
      way: what a folder keeps of that, see `choice.Chosen.way`.

    Raises:
      InputError: if a file cannot be used, or the run began with more or fewer people, with other photos, or
        inverted them otherwise.
    """
    groups = [people_from_seeds(models, request.seeds)] if request.seeds else []
    groups += [people_from_latents(models, path) for path in request.latents]
    before = sum(len(group.ws) for group in groups)
    plan, photos = None, None
    if request.images and folder.exists():
        photos = _photos_of_run(request, folder, before, way)
    elif request.images:
        plan, config = plan_people(models, request.images, **inverting), models.generator.config
        unknown = np.full((len(request.images), config.num_ws, config.w_dim), np.nan, np.float32)
        photos = dataclasses.replace(plan.people, ws=unknown)
    if photos is not None:
        names = tuple(as_text(path.name) for path in request.images)
        groups.append(dataclasses.replace(photos, subjects=names))
    people = joined(request.name, groups)
    files = [None] * before + list(request.images)
    subjects = distinct_subjects(list(zip(people.subjects, files, strict=True)))
    inversion = {} if photos is None else photos.inversion
    return RequestedPeople(dataclasses.replace(people, subjects=subjects, inversion=inversion), plan)


def check_photos(request: ForgetRequest) -> None:
    """Check that the photos of a request are there, before those of other requests are read.

    Raises:
      InputError: if one is missing, or is not the file of a single photo.
    """
    for photo in request.images:
        if photo.is_dir() or photo.suffix.lower() in SUFFIXES + SPREADSHEETS:
            what = "a folder" if photo.is_dir() else "a table"
            raise InputError(f'request "{request.name}": {photo}: is {what}; list its photos one by one')
        if not photo.is_file():
            raise InputError(f'request "{request.name}": {photo}: no such file')


def _photos_of_run(request: ForgetRequest, folder: RunFolder, before: int, way: Mapping[str, str]) -> People:
    """Return the people in a request's photos, which were inverted when its run began.

    Args:
      request: the request.
      folder: of its run.
      before: number of people who come before the photos.
      way: see `people_of_request`.

    Raises:
      InputError: if the run began with more or fewer people; naming the first photo that is another one; if
        photos were inverted otherwise.
    """
    began, known, place = folder.request, folder.people(), f"{folder.path}: is a run"
    if (number := before + len(request.images)) != len(known):
        raise InputError(
            f"{folder.path}: began with another number of people, {len(known)} and not {number}; {OTHER_RUN}"
        )
    names = tuple(as_text(str(photo)) for photo in request.images)
    digests = tuple(sha256(photo) if os.path.isfile(photo) else None for photo in request.images)
    check_same_photos(began.photos_sha256[before:], digests, names, place, OTHER_RUN)
    check_made_alike(began.inversion, way, place, OTHER_RUN)
    return People("photos", names, known[before:], photos_sha256=digests, inversion=began.inversion)
