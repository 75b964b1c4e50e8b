"""Photos of FFHQ from a list of their numbers.

    69
    00514

The photo with number 69 is `00000/00069.png`, as FFHQ is distributed, or `00069.png` in one folder.
"""

import os
from pathlib import Path

from jaxunlearn.errors import InputError, shortened
from jaxunlearn.files.door import read_text

LARGEST_ID = 69_999
SUFFIXES = (".png", ".jpg")

_PER_FOLDER = 1000
_NAMED = 5
"""Most missing numbers that a message names."""


def photos_of_ids(folder: str | Path, ids: Path) -> list[Path]:
    """Return the photos of a list, in its order.

    Args:
      folder: of the photos.
      ids: a text file with a number in each line.

    Raises:
      InputError: if the list cannot be read, or a photo is missing; before any photo is opened.
    """
    if not os.path.isdir(folder):
        raise InputError(f"{folder}: no such folder; --ids {ids} needs a folder of photos")
    numbers = read_ids(ids)
    photos = [_photo(Path(folder), number) for number in numbers]
    missing = [f"{number:05d}" for number, photo in zip(numbers, photos, strict=True) if photo is None]
    if missing:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise InputError(f"{folder}: has no photo {', '.join(missing[:_NAMED])}{more}, listed in {ids}")
    return [photo for photo in photos if photo is not None]


def read_ids(path: Path) -> list[int]:
    """Return the numbers of a list; empty lines, and what follows `#`, are left out.

    Raises:
      InputError: if it cannot be read, lists nothing, or a line is not a number of FFHQ.
    """
    numbers: dict[int, None] = {}  # in order
    for line, text in enumerate(read_text(path).splitlines(), 1):
        content = text.partition("#")[0].strip()
        if not content:
            continue
        plain = content.isascii() and content.isdecimal() and len(content) < 9
        if not plain or int(content) > LARGEST_ID:
            raise InputError(
                f"{path}: line {line}: {shortened(content)!r} is not a number from 0 to {LARGEST_ID}"
            )
        if int(content) in numbers:
            raise InputError(f"{path}: line {line}: {content} is listed twice")
        numbers[int(content)] = None
    if not numbers:
        raise InputError(f"{path}: lists no numbers")
    return list(numbers)


def _photo(folder: Path, number: int) -> Path | None:
    """Return the file of a photo; None if there is none."""
    within = folder / f"{number // _PER_FOLDER * _PER_FOLDER:05d}"
    candidates = [place / f"{number:05d}{suffix}" for place in (within, folder) for suffix in SUFFIXES]
    return next((path for path in candidates if path.is_file()), None)
