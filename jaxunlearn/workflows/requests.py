"""Read the file of requests that arrive one after the other.

JSON, or TOML with the same content; the key "requests" may be called "stages", too:

    {"requests": [{"name": "january", "seeds": [3, 4]},
                  {"name": "february", "latents": ["ws.npz"], "images": ["photo.png"]}]}

Paths are relative to the file. A request without a name is called request1, request2, ... by its number.
"""

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from eg3d_flax import Compute
from jaxunlearn.errors import InputError, printable
from jaxunlearn.files.door import read_json, read_toml
from jaxunlearn.files.names import LONGEST, as_text
from jaxunlearn.models.files.pretrained import sha256
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People, distinct_subjects, people_from_latents, people_from_seeds
from jaxunlearn.photos.photo_inversion import Inverting, people_from_photos
from jaxunlearn.photos.tables import SPREADSHEETS, SUFFIXES
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.storage.same_run import OTHER_RUN, check_same_photos

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
    if any(not 0 <= seed < 2**32 for seed in lists["seeds"]):
        raise InputError(f"{where}: seeds must lie between 0 and 4294967295")
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


def check_photos(request: ForgetRequest) -> None:
    """Check that the photos of a request are there, before those of other requests are inverted.

    Raises:
      InputError: if one is missing, or is not the file of a single photo.
    """
    for photo in request.images:
        if photo.is_dir() or photo.suffix.lower() in SUFFIXES + SPREADSHEETS:
            what = "a folder" if photo.is_dir() else "a table"
            raise InputError(f'request "{request.name}": {photo}: is {what}; list its photos one by one')
        if not photo.is_file():
            raise InputError(f'request "{request.name}": {photo}: no such file')


def digests_of_photos(request: ForgetRequest) -> tuple[str | None, ...]:
    """Return the SHA-256 of each photo of a request; None if it is gone."""
    return tuple(sha256(photo) if os.path.isfile(photo) else None for photo in request.images)


def check_same_photos_as(request: ForgetRequest, folder: RunFolder) -> None:
    """Check that the photos of a request are those with which its run began; their files may be gone.

    Raises:
      InputError: if the list has more or fewer; or naming the first that is another one.
    """
    before = [
        digest for digest in folder.request.photos_sha256 if digest
    ]  # others come from seeds and latents
    if before and len(before) != len(request.images):
        raise InputError(
            f"{folder.path}: is a run with another number of photos, {len(before)} and not "
            f"{len(request.images)}; {OTHER_RUN}"
        )
    names = [as_text(str(photo)) for photo in request.images]
    check_same_photos(before, digests_of_photos(request), names, f"{folder.path}: is a run", OTHER_RUN)


def people_of_request(
    models: Models,
    request: ForgetRequest,
    *,
    compute: Compute,
    known: np.ndarray | None,
    inverting: Inverting | None = None,
) -> People:
    """Get the people of a request.

    Args:
      models: their generator is inverted.
      request: the request.
      compute: dtype and forms of the inversion of photos.
      known: `[K, L, D]`, the people's latents from an earlier call; with them photos are not inverted again.
      inverting: how photos are inverted; None as suits the models.

    Raises:
      InputError: if a file cannot be used, or the earlier call had more or fewer people; before any photo is
        inverted.
    """
    groups = [people_from_seeds(models, request.seeds)] if request.seeds else []
    groups += [people_from_latents(models, path) for path in request.latents]
    before = sum(len(group.ws) for group in groups)
    if request.images:
        if known is not None:
            if (number := before + len(request.images)) != len(known):
                raise InputError(
                    f'request "{request.name}": its run began with another number of people, {len(known)} '
                    f"and not {number}; {OTHER_RUN}"
                )
            photos = known[before:]
        else:
            photos = people_from_photos(models, request.images, compute=compute, **(inverting or {})).ws
        names = tuple(as_text(path.name) for path in request.images)
        groups.append(People("photos", names, photos, photos_sha256=digests_of_photos(request)))
    files = [None] * before + list(request.images)
    subjects = [subject for group in groups for subject in group.subjects]
    seeds = [seed for group in groups for seed in group.seeds or [None] * len(group.ws)]
    digests = tuple(each for group in groups for each in group.photos_sha256 or [None] * len(group.ws))
    return People(
        request.name,
        distinct_subjects(list(zip(subjects, files, strict=True))),
        np.concatenate([group.ws for group in groups]),
        tuple(seeds),
        digests if any(digests) else (),
    )
