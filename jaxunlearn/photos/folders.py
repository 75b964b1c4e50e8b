"""The photos of a folder, and the files in it that are not used."""

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from jaxunlearn.errors import InputError
from jaxunlearn.files.names import as_text
from jaxunlearn.photos.pictures.kinds import READ_SUFFIXES, VIDEO_SUFFIXES, is_picture_name

OVERLAYS = "overlays"
"""Folder that `jaxunlearn align` writes beside its crops; the pictures in it are not photos."""


@dataclasses.dataclass(frozen=True)
class ListedPhoto:
    """A photo in the list of a source.

    Attributes:
      person: the name of the person; empty if there is none. Both names are text, see `names.as_text`.
      name: the name of the photo, different from others of the source.
      path: its file.
      unusable: a line that says why it cannot be used, if this is known before it is opened.
    """

    person: str
    name: str
    path: Path
    unusable: str = ""


def photos_in_folder(folder: Path) -> list[ListedPhoto]:
    """Return the photos of a folder.

    If it holds pictures, each counts as a person; otherwise each folder in it holds one person's photos.
    Folders that are not searched but hold pictures are listed as unusable.

    Raises:
      InputError: if there are no photos.
    """
    pictures = pictures_in(folder)
    listed = [ListedPhoto(as_text(path.name), as_text(path.name), path) for path in pictures]
    beside = any(path.suffix.lower() in READ_SUFFIXES for path in pictures)
    for person in folders_in(folder):
        if beside:
            listed += _not_searched(person, f"{person.name}/", "since there are pictures beside it")
        else:
            listed += _photos_of(person)
    if not listed:
        raise InputError(f"{folder}: has no pictures, and no folders with pictures")
    return listed


def _photos_of(person: Path) -> list[ListedPhoto]:
    """Return the photos in the folder of a person."""
    try:
        pictures, deeper = pictures_in(person), folders_in(person)
    except InputError as error:
        return [ListedPhoto("", as_text(f"{person.name}/"), person, str(error))]
    listed = [
        ListedPhoto(as_text(person.name), as_text(f"{person.name}/{path.name}"), path) for path in pictures
    ]
    why = f"since {person} is the folder of one person; put its pictures there"
    for folder in deeper:
        listed += _not_searched(folder, f"{person.name}/{folder.name}/", why)
    return listed


def _not_searched(folder: Path, name: str, why: str) -> list[ListedPhoto]:
    """Return a folder as an unusable photo if there are pictures anywhere in it, or it cannot be read."""

    def refuse(error: OSError) -> NoReturn:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})") from error

    try:
        for place, folders, files in os.walk(folder, onerror=refuse):
            folders[:] = [each for each in folders if _is_searched(each)]
            if any(is_picture_name(Path(place, file)) for file in files):
                return [ListedPhoto("", as_text(name), folder, f"{folder}: is not searched, {why}")]
    except InputError as error:
        return [ListedPhoto("", as_text(name), folder, str(error))]
    return []


def refuse_folders_of_photos(folders: Iterable[Path], photos: Iterable[Path]) -> None:
    """Check that no folder for new pictures holds one of the photos: they could replace photos there.

    Raises:
      InputError: naming the first such photo.
    """
    taken = {place for folder in folders if (place := _place(folder)) is not None}
    for photo in photos:
        target = Path(os.path.realpath(photo))  # of a link
        if not taken.isdisjoint([_place(photo.parent), _place(target.parent)]):
            raise InputError(
                f"{photo}: pictures would be written into its folder and could replace it or others there; "
                "give another folder with --out"
            )


def _place(folder: Path) -> tuple[int, int] | None:
    """Return the number of a folder, the same under all its names; None if it does not exist."""
    try:
        status = os.stat(folder)
    except (OSError, ValueError):  # ValueError: a zero byte in a name
        return None
    return status.st_dev, status.st_ino


def folders_in(folder: Path) -> list[Path]:
    """Return the folders in a folder, sorted, without hidden ones and those of `OVERLAYS`.

    Raises:
      InputError: if the folder cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and _is_searched(path.name))
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror})") from error


def _is_searched(folder: str) -> bool:
    return not folder.startswith(".") and folder != OVERLAYS


def pictures_in(folder: Path) -> list[Path]:
    """Return the files of a folder with names of pictures, sorted, including kinds that are refused later.

    A video with the same name as a picture is left out: it is the moving part of a phone's photo.

    Raises:
      InputError: if the folder cannot be read.
    """
    try:
        named = sorted(path for path in folder.iterdir() if is_picture_name(path) and not path.is_dir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror})") from error
    stills = {path.stem for path in named if path.suffix.lower() not in VIDEO_SUFFIXES}
    return [path for path in named if path.suffix.lower() not in VIDEO_SUFFIXES or path.stem not in stills]
