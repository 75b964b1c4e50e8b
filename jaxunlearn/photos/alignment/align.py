"""From a photo to a crop that a generator knows how to make, or the reason why there is none."""

import dataclasses
from collections.abc import Callable
from typing import Literal

import numpy as np
from PIL import Image

from jaxunlearn.photos.alignment.crop import (
    CROP_SIZE,
    Border,
    NoSquare,
    Square,
    crop,
    crop_square,
    five_points,
    sharpness,
)

Faces = Callable[[Image.Image], np.ndarray]
"""Photo → landmarks `[F, N, 2]` of its faces, from left to right."""


@dataclasses.dataclass(frozen=True)
class AlignmentSettings:
    """What is cut out, and what is refused.

    Attributes:
      face: which face is meant where there are several: its number from the left, from 1, or the largest;
        None refuses such a photo.
      min_side: smallest side of the square in the photo, in its pixels.
      min_sharpness: see `alignment.sharpness`.
      upright, border: see `alignment.crop_square` and `alignment.crop`.
      size: pixels along each side of the crop.
    """

    face: int | Literal["largest"] | None = None
    min_side: float = 128
    min_sharpness: float = 0.15
    upright: bool = True
    border: Border = "mirror"
    size: int = CROP_SIZE


@dataclasses.dataclass(frozen=True, eq=False)
class Alignment:
    """What came of one photo.

    Attributes:
      points: `[F, 5, 2]`, the faces found.
      squares: of each of them.
      chosen: the number of the one that is meant, from 0; None if none is.
      crop: None if the photo is refused.
      reason: why it is refused; empty if it is not.
    """

    points: np.ndarray
    squares: tuple[Square, ...]
    chosen: int | None
    crop: Image.Image | None
    reason: str


def align_photo(photo: Image.Image, faces: Faces, settings: AlignmentSettings) -> Alignment:
    """Find the face that is meant, and cut it out.

    Args:
      photo: RGB.
      faces: finds landmarks.
      settings: what is refused.
    """
    points, squares = np.empty((0, 5, 2)), ()
    chosen = None
    try:
        seen = np.array([five_points(face) for face in faces(photo)]).reshape(-1, 5, 2)
        squares = tuple(crop_square(face, upright=settings.upright) for face in seen)
        points = seen
        chosen = _choose(squares, settings)
        cut = crop(photo, squares[chosen], size=settings.size, border=settings.border)
        detail = sharpness(cut)
        if detail < settings.min_sharpness:
            raise _Refusal(f"blurred: its sharpness is {detail:.2f}, below {settings.min_sharpness:g}")
    except (NoSquare, _Refusal) as refusal:
        return Alignment(points, squares, chosen, None, str(refusal))
    return Alignment(points, squares, chosen, cut, "")


class _Refusal(ValueError):
    """Why a photo is refused."""


def _choose(squares: tuple[Square, ...], settings: AlignmentSettings) -> int:
    if not squares:
        raise _Refusal("no face found")
    sides = [square.side for square in squares]
    large = [k for k, side in enumerate(sides) if side >= settings.min_side]
    if isinstance(settings.face, int):
        if settings.face > len(squares):
            raise _Refusal(f"has {len(squares)} faces, and no number {settings.face}")
        chosen = settings.face - 1
    elif settings.face == "largest" or not large:
        chosen = int(np.argmax(sides))
    elif len(large) == 1:
        chosen = large[0]
    else:
        raise _Refusal(
            f"{len(large)} faces; choose with --face largest or --face N (the overlay has numbers)"
        )
    if chosen not in large:
        raise _Refusal(f"too small: the crop is {sides[chosen]:.0f} pixels wide, below {settings.min_side:g}")
    return chosen
