"""Which photos a folder holds, and what in it is not used."""

import dataclasses
from pathlib import Path

from jaxunlearn.errors import InputError
from jaxunlearn.files.names import as_text
from jaxunlearn.photos.pictures.kinds import READ_SUFFIXES, VIDEO_SUFFIXES, is_picture_name

OVERLAYS = "overlays"
"""Folder beside crops that `jaxunlearn align` writes; its pictures are no photos."""


@dataclasses.dataclass(frozen=True)
class ListedPhoto:
    """A photo that a source lists.

    Attributes:
      person: who it shows; empty if nobody is named. This and the name are text, see `file_names.as_text`.
      name: tells it from others of the source.
      path: its file.
      unusable: a line on why it cannot be used, if that is known before it is opened.
    """

    person: str
    name: str
    path: Path
    unusable: str = ""


def photos_in_folder(folder: Path) -> list[ListedPhoto]:
    """Photos of a folder, each a person of their own; or of the folders in it, each a person.

    Raises:
      InputError: if there is none.
    """
    pictures = pictures_in(folder)
    listed = [ListedPhoto(as_text(path.name), as_text(path.name), path) for path in pictures]
    theirs: dict[Path, list[Path]] = {}
    for person in sorted(path for path in folder.iterdir() if path.is_dir()):
        if person.name.startswith("."):
            continue
        try:
            theirs[person] = pictures_in(person)
        except InputError as error:
            listed.append(ListedPhoto("", as_text(f"{person.name}/"), person, str(error)))
    if any(path.suffix.lower() in READ_SUFFIXES for path in pictures):
        listed += [
            ListedPhoto(
                "",
                as_text(f"{person.name}/"),
                person,
                f"{person}: is not searched, since pictures lie beside it",
            )
            for person, its in theirs.items()
            if its and person.name != OVERLAYS
        ]
    else:
        listed += [
            ListedPhoto(as_text(person.name), as_text(f"{person.name}/{path.name}"), path)
            for person, its in theirs.items()
            for path in its
        ]
    if not listed:
        raise InputError(f"{folder}: holds no pictures, nor folders with pictures")
    return listed


def pictures_in(folder: Path) -> list[Path]:
    """Files of a folder whose names are those of pictures, sorted, also of kinds that will be refused.

    The moving part of a phone's photo, a video with the name of a picture beside it, is left out.

    Raises:
      InputError: if the folder cannot be read.
    """
    try:
        named = sorted(path for path in folder.iterdir() if is_picture_name(path) and not path.is_dir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror})") from error
    stills = {path.stem for path in named if path.suffix.lower() not in VIDEO_SUFFIXES}
    return [path for path in named if path.suffix.lower() not in VIDEO_SUFFIXES or path.stem not in stills]
