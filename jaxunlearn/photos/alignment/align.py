"""Cut a face out of a photo as a generator's training photos were cut, or say why it cannot be done."""

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
      face: which face is cut out if there are several: its number from the left, from 1, or the largest. None
        refuses such a photo.
      min_side: smallest side of the square, in pixels of the photo.
      min_sharpness: see `crop.sharpness`.
      upright: see `crop.crop_square`.
      border: see `crop.crop`.
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
    """The result for one photo.

    Attributes:
      points: `[F, 5, 2]`, the faces in it.
      squares: the square of each face.
      chosen: the number of the chosen face, from 0; None if no face was chosen.
      crop: the crop; None if the photo is refused.
      reason: why it is refused; empty if it is not.
    """

    points: np.ndarray
    squares: tuple[Square, ...]
    chosen: int | None
    crop: Image.Image | None
    reason: str


def align_photo(photo: Image.Image, faces: Faces, settings: AlignmentSettings) -> Alignment:
    """Choose a face and cut it out.

    Args:
      photo: RGB.
      faces: finds the landmarks.
      settings: what is cut out, and what is refused.
    """
    points, squares = np.empty((0, 5, 2)), ()
    chosen = None
    try:
        five = np.array([five_points(face) for face in faces(photo)]).reshape(-1, 5, 2)
        squares = tuple(crop_square(face, upright=settings.upright) for face in five)
        points = five
        chosen = _choose(squares, settings)
        cut = crop(photo, squares[chosen], size=settings.size, border=settings.border)
        detail = sharpness(cut)
        if detail < settings.min_sharpness:
            raise _Refusal(f"blurred: its sharpness is {detail:.2f}, below {settings.min_sharpness:g}")
    except (NoSquare, _Refusal) as refusal:
        return Alignment(points, squares, chosen, None, str(refusal))
    return Alignment(points, squares, chosen, cut, "")


class _Refusal(ValueError):
    """A photo is refused; the message says why."""


def _choose(squares: tuple[Square, ...], settings: AlignmentSettings) -> int:
    if not squares:
        raise _Refusal("no face found")
    sides = [square.side for square in squares]
    large = [k for k, side in enumerate(sides) if side >= settings.min_side]
    if isinstance(settings.face, int):
        if settings.face > len(squares):
            raise _Refusal(f"has {len(squares)} faces, but no number {settings.face}")
        chosen = settings.face - 1
    elif settings.face == "largest" or not large:
        chosen = int(np.argmax(sides))
    elif len(large) == 1:
        chosen = large[0]
    else:
        raise _Refusal(
            f"{len(large)} faces; choose with --face largest or --face N (overlays/ shows the numbers)"
        )
    if chosen not in large:
        raise _Refusal(f"too small: the crop is {sides[chosen]:.0f} pixels wide, below {settings.min_side:g}")
    return chosen
