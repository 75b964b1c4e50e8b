"""Align the photos of a list and write crops, pictures of what was found, and landmarks."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json, write_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.names import distinct_file_names
from jaxunlearn.files.paths import check_writable
from jaxunlearn.images import save_png
from jaxunlearn.photos.alignment.align import Alignment, AlignmentSettings, align_photo
from jaxunlearn.photos.folders import OVERLAYS, ListedPhoto, refuse_folders_of_photos
from jaxunlearn.photos.pictures.image_io import open_picture

NamedFaces = Callable[[str, Image.Image], np.ndarray]
"""Name of a photo and the photo → landmarks `[F, N, 2]` of its faces, from left to right."""

Overlay = Callable[[Image.Image, Alignment], Image.Image]
"""A photo and its alignment → a picture of what was found in it."""


@dataclasses.dataclass(frozen=True)
class AlignedFiles:
    """The result for a list of photos.

    Attributes:
      aligned: names of the photos that have a crop now; empty if no photo could be aligned.
      refused: a line on each of the others, with the crop of an earlier call where there is one.
    """

    aligned: tuple[str, ...]
    refused: tuple[str, ...]


def align_files(
    photos: Sequence[ListedPhoto],
    out: Path,
    faces: NamedFaces,
    settings: AlignmentSettings,
    *,
    overlay: Overlay,
) -> AlignedFiles:
    """Align photos, with a progress bar if there are several.

    Args:
      photos: photos of a source; those that cannot be used are refused.
      out: folder for the crops, `landmarks.json`, and the pictures of `overlay` in `overlays/`. Landmarks of
        other photos that are there stay, and so do their crops.
      faces: finds the landmarks.
      settings: what is cut out, and what is refused.
      overlay: draws what was found.

    Raises:
      InputError: if two photos have the same name, crops would be written into a folder of photos, nothing
        can be written to `out`, or the `landmarks.json` that is there cannot be read.
    """
    refused = [photo.unusable for photo in photos if photo.unusable]
    listed = [photo for photo in photos if not photo.unusable]
    if len({photo.name for photo in listed}) < len(listed):
        raise InputError(
            "two photos have the same name, and so would their crops; align each with an --out of its own"
        )
    file_of_landmarks = out / "landmarks.json"
    before = _landmarks_in(file_of_landmarks)
    crops = _crop_files(listed, _crops_in(before))
    folders = {(out / place / file).parent for file in crops for place in ("", OVERLAYS)}
    refuse_folders_of_photos(folders, [photo.path for photo in listed])
    for folder in (out, *sorted(folders)):
        check_writable(folder)
    landmarks: dict[str, Any] = {}
    bar = tqdm(listed, desc="aligning", unit="photo", disable=len(listed) == 1)
    for listed_photo, file in zip(bar, crops, strict=True):
        try:
            photo = open_picture(listed_photo.path)
        except InputError as error:
            refused.append(f"{error}{_earlier(out / file)}")
            continue
        alignment = align_photo(photo, lambda picture, name=listed_photo.name: faces(name, picture), settings)
        _save(overlay(photo, alignment), out / OVERLAYS / file)
        if alignment.crop is None:
            refused.append(f"{listed_photo.path}: {alignment.reason}{_earlier(out / file)}")
            continue
        _save(alignment.crop, out / file)
        landmarks[listed_photo.name] = _entry(alignment, file)
    if landmarks:
        write_json(file_of_landmarks, {**before, **landmarks})
    return AlignedFiles(tuple(landmarks), tuple(refused))


def _earlier(crop: Path) -> str:
    """Return what to add to a refusal: the crop of an earlier call stays, and it may show somebody else."""
    return f"; {crop} of an earlier call stays, so remove it if it is wrong" if crop.exists() else ""


def _landmarks_in(path: Path) -> dict[str, Any]:
    """Return the entries of a file of landmarks, which may be corrected by hand; none if there is no file."""
    return check_form(read_json(path), dict[str, Any], path) if path.exists() else {}


def _crops_in(landmarks: Mapping[str, Any]) -> dict[Path, dict[str, str]]:
    """Return folder → photo → name of its crop without suffix, of the entries that name one."""
    crops: dict[Path, dict[str, str]] = {}
    for name, entry in landmarks.items():
        file = entry.get("crop") if isinstance(entry, dict) else None
        if isinstance(file, str) and file.endswith(".png"):
            crops.setdefault(Path(file).parent, {})[name] = Path(file).stem
    return crops


def _entry(alignment: Alignment, crop: Path) -> dict[str, Any]:
    """Return what `landmarks.json` says about a photo with a crop."""
    assert alignment.chosen is not None
    square = alignment.squares[alignment.chosen]
    return {
        "crop": crop.as_posix(),
        "points": alignment.points[alignment.chosen].round(2).tolist(),
        "centre": [round(x, 2) for x in square.centre],
        "side": round(square.side, 2),
        "angle": round(square.angle, 4),
    }


def _crop_files(photos: Sequence[ListedPhoto], before: Mapping[Path, Mapping[str, str]]) -> list[Path]:
    """Return a file for the crop of each photo, in a folder of its person's name unless it is its own.

    Args:
      photos: the photos.
      before: the crops of earlier calls, see `_crops_in`. A photo keeps its file, and takes no other photo's.
    """
    by_person: dict[str, list[ListedPhoto]] = {}
    for photo in photos:
        by_person.setdefault("" if photo.person == photo.name else photo.person, []).append(photo)
    people = [person for person in by_person if person]
    folders = distinct_file_names(people, plain=False, taken=[OVERLAYS])
    places = {"": Path()} | dict(zip(people, map(Path, folders), strict=True))
    files: dict[str, Path] = {}
    for person, theirs in by_person.items():
        kept = before.get(places[person], {})
        new = [photo for photo in theirs if photo.name not in kept]
        stems = distinct_file_names(
            [photo.path.stem for photo in new], plain=False, longest=200, taken=kept.values()
        )
        named = {**kept, **{photo.name: stem for photo, stem in zip(new, stems, strict=True)}}
        files |= {photo.name: places[person] / f"{named[photo.name]}.png" for photo in theirs}
    return [files[photo.name] for photo in photos]


def _save(picture: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_png(path, np.asarray(picture))
