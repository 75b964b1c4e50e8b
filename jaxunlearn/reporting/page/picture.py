"""Pictures inside a page: small enough in sum, at their own size where that fits."""

import base64
import dataclasses
import io
from pathlib import Path

import numpy as np
from PIL import Image

from jaxunlearn.files.door import read_bytes
from jaxunlearn.reporting.sheets.sheet import LARGEST_PICTURE, read_picture

PAGE_OF_A_PERSON, LARGEST_PAGE = 3_000_000, 20_000_000
"""Bytes: a page of one person, and of any number of people."""
_PICTURES_OF_A_PERSON, _PICTURES_OF_ALL = 1_700_000, 11_500_000
"""Bytes of encoded pictures; base64 adds a third, and text needs room, too."""
_LARGEST = 60_000
"""Bytes of a single picture."""
_SCALES = (1, 3 / 4, 1 / 2, 3 / 8, 1 / 4, 3 / 16, 1 / 8, 1 / 16)
_QUALITIES = (90, 75, 55)


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture in a page.

    Attributes:
      source: its data URI.
      width, height: pixels.
      alt: what the picture shows, for screen readers.
    """

    source: str
    width: int
    height: int
    alt: str


class Pictures:
    """Makes pictures for a page, each with at most so many bytes that the page keeps its limit.

    Args:
      count: number of pictures in the page.
      people: number of forgotten people in the page.
    """

    def __init__(self, count: int, people: int):
        room = min(_PICTURES_OF_A_PERSON * max(people, 1), _PICTURES_OF_ALL)
        self.most = min(_LARGEST, room // max(count, 1))
        """Bytes of a single picture."""

    def __call__(self, image: np.ndarray, alt: str) -> Picture:
        """Return an image `[H, W, 3]` uint8 as WebP: at its own size, or smaller if it does not fit."""
        return encoded(image, alt, self.most)

    def file(self, path: Path, alt: str) -> Picture | None:
        """Return a picture file; None if there is none.

        Raises:
          InputError: if the file is not a picture.
        """
        return self(read_picture(path), alt) if path.is_file() else None


def encoded(image: np.ndarray, alt: str, most: int) -> Picture:
    """Encode an image as WebP.

    Args:
      image: `[H, W, 3]` uint8.
      alt: what it shows.
      most: largest number of bytes; the picture loses quality, then size, until it fits.
    """
    whole = Image.fromarray(image)
    content, shown = b"", whole
    for scale in _SCALES:
        size = (max(1, round(whole.width * scale)), max(1, round(whole.height * scale)))
        shown = whole if scale == 1 else whole.resize(size, Image.Resampling.LANCZOS)
        for quality in _QUALITIES:
            file = io.BytesIO()
            shown.save(file, format="WEBP", quality=quality, method=4)
            content = file.getvalue()
            if len(content) <= most:
                return _picture("image/webp", content, shown.size, alt)
    return _picture("image/webp", content, shown.size, alt)  # a few hundred bytes


def drawing(path: Path, alt: str, size: tuple[int, int]) -> Picture | None:
    """Return an SVG file as a picture; None if there is none.

    Args:
      path: the file.
      alt: what it shows.
      size: width and height in pixels, for the layout before it is loaded.
    """
    if not path.is_file():
        return None
    return _picture("image/svg+xml", read_bytes(path, most=LARGEST_PICTURE), size, alt)


def _picture(kind: str, content: bytes, size: tuple[int, int], alt: str) -> Picture:
    return Picture(f"data:{kind};base64,{base64.b64encode(content).decode()}", *size, alt)
