"""Where the files of an inversion are written, and what must not be lost there.

The output is a folder, or FILE.npz with other files beside it; see `inversion_report.InversionReport`.
"""

import os
from collections.abc import Collection
from pathlib import Path
from typing import NotRequired, TypedDict

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import read_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.lock import NO_CONTENT
from jaxunlearn.files.paths import check_writable
from jaxunlearn.models.files.pretrained import sha256
from jaxunlearn.photos.folders import refuse_folders_of_photos

INVERSION = "inversion.json"
"""File of the figures in a folder; it makes a folder one of an inversion."""
_FILES = (".npz", ".npy", ".pt", ".pth", ".pkl", ".safetensors", ".json", ".html", ".png", ".jpg", ".jpeg")
"""An --out with one of these suffixes names a file. Any other, such as results.v2, names a folder."""


class _Photo(TypedDict):
    """A photo of an earlier inversion; photos of TFDS have no SHA-256."""

    file: str
    sha256: NotRequired[str]


class _Figures(TypedDict):
    """What the figures of an earlier inversion say about its photos."""

    photographs: list[_Photo]
    left_out: list[str]


def figures_file(out: Path) -> Path:
    """Return the file of the figures for `out`."""
    return out.with_suffix(".json") if in_one_file(out) else out / INVERSION


def check_out(out: Path, photos: Collection[Path]) -> None:
    """Check, before a long search, that files can be written to `out` and would replace nothing.

    Results of an earlier call may be kept or replaced if all its photos are given again.

    Raises:
      InputError: if nothing can be written, or a photo, an earlier result or somebody else's file could be
        replaced.
    """
    if out.suffix.lower() in _FILES and not in_one_file(out) and not out.is_dir():
        raise InputError(f"--out {out}: give a folder, or a file that ends in .npz")
    if in_one_file(out) and out.is_dir():
        raise InputError(f"--out {out}: is a folder; give a folder without .npz, or a file")
    folder = out.parent if in_one_file(out) else out
    check_writable(folder)
    refuse_folders_of_photos([folder], [photo for photo in photos if _could_be_written(out, photo.name)])
    if figures_file(out).exists():
        _refuse_other_results(figures_file(out), photos)
    elif folder.is_dir():
        _refuse_other_files(out, folder)


def _refuse_other_results(figures: Path, photos: Collection[Path]) -> None:
    """Refuse figures with photos that are not given again, and those of something else."""
    try:
        earlier = check_form(read_json(figures), _Figures, figures)["photographs"]
    except InputError as error:
        raise InputError(
            f"{figures}: was not written by jaxunlearn invert and would be replaced; give another --out"
        ) from error
    again = {sha256(photo) for photo in photos if os.path.isfile(photo)}
    for photo in earlier:
        if photo.get("sha256") not in again:
            raise InputError(
                f"{figures}: has the result of {photo['file']}, which would be lost; give another --out"
            )


def _refuse_other_files(out: Path, folder: Path) -> None:
    """Refuse files that could be replaced: all in a folder, or those that have names of files of FILE.npz."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in NO_CONTENT or not _could_be_written(out, path.name):
            continue
        if in_one_file(out):
            raise InputError(f"{path}: would be replaced; give another --out")
        raise InputError(f"{out}: holds other files; give an empty or a new folder, or FILE.npz")


def _could_be_written(out: Path, name: str) -> bool:
    """Return True for any name in a folder, or if it is FILE.npz, .json, .html or FILE_NAME.png."""
    if not in_one_file(out):
        return True
    stem, name = out.stem.casefold(), name.casefold()
    picture = name.startswith(f"{stem}_") and name.endswith(".png")
    return picture or name in (f"{stem}.npz", f"{stem}.json", f"{stem}.html")


def in_one_file(out: Path) -> bool:
    """Return True if an inversion writes the latents of all photos into one file, not a folder."""
    return out.suffix == ".npz"
