"""Photos as Python gives them: paths, arrays, or what was read before."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

import jax
import ml_dtypes
import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.files.paths import as_list
from jaxunlearn.images import to_float
from jaxunlearn.photos.sources import Photograph, Photographs, Refused, counted, iterate_photographs

PhotoSource = str | Path
"""A picture, a folder, a table or `tfds:NAME[split]`; see `photos.sources.iterate_photographs`."""

GivenPhotos = (
    PhotoSource
    | Sequence[PhotoSource]
    | Sequence[np.ndarray]
    | Sequence[jax.Array]
    | np.ndarray
    | jax.Array
    | Photographs
)
"""What `invert.invert` takes."""

_MOST_LEVEL = 2.0
"""Highest level of images in [-1, 1]: generators exceed 1 a little, and levels of 0 to 255 do by far."""


def read_given(photos: GivenPhotos, side: int, whole_side: int | None, progress: bool) -> Photographs:
    """Read photos, with a warning for each one that is left out.

    Args:
      photos: see `GivenPhotos`.
      side: pixels along each side of the generator's images.
      whole_side: of whole files, see `choice.side_of_file`; None reads crops alone.
      progress: True shows a bar if it takes long.

    Raises:
      InputError: if no photo can be used, or whole files are wanted of photos that have none.
      ValueError: if images have another shape, type or range.

    Warns:
      UserWarning: for each photo that is left out; if images look as if they were in [0, 1].
    """
    images = _given_images(photos)
    if images is not None:
        if whole_side is not None:
            raise InputError('encoder_input "file" needs files, not arrays; choose "crop"')
        read: Iterable[Photograph | Refused] = _of_array(images, side)
    elif isinstance(photos, Photographs):
        if whole_side is not None and any(
            photo.whole is None or len(photo.whole) != whole_side for photo in photos.photographs
        ):
            raise InputError(
                f'encoder_input "file" needs whole files: read the photos with whole_side={whole_side}, '
                'or choose "crop"'
            )
        read = (*photos.photographs, *photos.refused)
    else:
        one_after_another = (
            photo
            for source in as_list(cast("PhotoSource | Sequence[PhotoSource]", photos))
            for photo in iterate_photographs(source, side, whole_side=whole_side)
        )
        read = list(counted(one_after_another, progress))
    usable = tuple(photo for photo in read if isinstance(photo, Photograph))
    refused = tuple(photo for photo in read if isinstance(photo, Refused))
    if not usable and len(refused) == 1:
        raise InputError(refused[0].reason)
    for photo in refused:
        warnings.warn(f"left out: {photo.reason}", stacklevel=5)
    if not usable:
        raise InputError("none of the given photos can be used")
    return Photographs(usable, refused)


def _given_images(photos: object) -> np.ndarray | None:
    """Return images that were given as one array, or as a list of arrays; None for anything else.

    Raises:
      InputError: if a list's images are not of one shape, or not all of it are images.
    """
    if isinstance(photos, np.ndarray | jax.Array):
        return np.asarray(photos)
    if not isinstance(photos, list | tuple) or not any(
        isinstance(each, np.ndarray | jax.Array) for each in photos
    ):
        return None
    if len({np.shape(each) for each in photos}) > 1:
        raise InputError("a list of images must hold nothing but images of one shape")
    return np.stack(photos)


def _of_array(images: np.ndarray, side: int) -> list[Photograph]:
    """Return images as photos without files.

    Raises:
      ValueError: see `invert.invert`.

    Warns:
      UserWarning: if images look as if they were in [0, 1].
    """
    if images.ndim != 4 or images.shape[1:] != (side, side, 3) or not len(images):
        raise ValueError(f"images must be [N, {side}, {side}, 3], not {list(images.shape)}")
    of_8_bits = images.dtype == np.uint8
    if of_8_bits:
        images = to_float(images)
    elif images.dtype.kind != "f" and images.dtype != ml_dtypes.bfloat16:
        raise ValueError(f"images must be uint8, or floating point in [-1, 1], not {images.dtype}")
    images = np.asarray(images, np.float32)
    highest = np.abs(images).max()
    if not highest <= _MOST_LEVEL:  # NaN too
        raise ValueError(
            f"images must lie in [-1, 1], but have levels of {highest:g}; give levels from 0 to 255 as uint8"
        )
    if images.min() >= 0 and not of_8_bits:
        warnings.warn(
            "no level of the images is below 0, the middle grey of [-1, 1]; if they are in [0, 1], "
            "give 2 * images - 1",
            stacklevel=6,
        )
    return [Photograph(f"image{k:04d}", f"image{k:04d}", image) for k, image in enumerate(images)]
