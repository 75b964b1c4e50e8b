"""Pictures inside a page: small enough in sum, at their own size where that fits."""

import base64
import dataclasses
import io
import itertools
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
_QUALITIES = {90: 1.0, 75: 0.5, 55: 0.25}
"""Qualities of WebP, and the share of the first one's bytes that each takes at least."""


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


class FileEncoder:
    """Encodes picture files, and keeps the last one until its file changes.

    Most often a page that is written again and again has the same picture.
    """

    def __init__(self):
        self._last: tuple[tuple[Path, int, int, int], Picture] | None = None

    def __call__(self, path: Path, alt: str, most: int) -> Picture:
        """Return a picture file, see `encoded`.

        Raises:
          InputError: if the file is not a picture.
        """
        status = path.stat()
        key = (path, status.st_mtime_ns, status.st_size, most)
        if self._last is None or self._last[0] != key:
            self._last = key, encoded(read_picture(path), alt, most)
        return dataclasses.replace(self._last[1], alt=alt)


class PagePictures:
    """Makes pictures for a page, each with at most so many bytes that the page keeps its limit.

    Args:
      count: number of pictures in the page.
      people: number of forgotten people in the page.
      encoder: of an earlier page whose picture may be the same.
    """

    def __init__(self, count: int, people: int, encoder: FileEncoder | None = None):
        self._encoder = encoder or FileEncoder()
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
        return self._encoder(path, alt, self.most) if path.is_file() else None


def encoded(image: np.ndarray, alt: str, most: int) -> Picture:
    """Encode an image as WebP.

    Args:
      image: `[H, W, 3]` uint8.
      alt: what it shows.
      most: largest number of bytes; the picture loses quality, then size, until it fits.
    """
    whole = Image.fromarray(image)
    content, shown = b"", whole
    density = dict.fromkeys(_QUALITIES, 0.0)  # bytes per pixel that each takes at least
    for scale, quality in itertools.product(_SCALES, _QUALITIES):
        size = (max(1, round(whole.width * scale)), max(1, round(whole.height * scale)))
        pixels = size[0] * size[1]
        if density[quality] * pixels > most and scale != _SCALES[-1]:
            continue  # smaller pictures take no fewer bytes per pixel
        shown = whole.resize(size, Image.Resampling.LANCZOS)
        file = io.BytesIO()
        shown.save(file, format="WEBP", quality=quality, method=4)
        content = file.getvalue()
        if len(content) <= most:
            break
        for lower, share in _QUALITIES.items():
            if lower <= quality:
                known = len(content) / pixels * share / _QUALITIES[quality]
                density[lower] = max(density[lower], known)
    return _picture("image/webp", content, shown.size, alt)  # at the last scale a few hundred bytes


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
