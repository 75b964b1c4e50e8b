"""Read pictures of faces from files."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np
from PIL import Image, ImageOps

from jaxunlearn.errors import InputError, first_line
from jaxunlearn.files.door import open_file
from jaxunlearn.files.paths import check_folder
from jaxunlearn.images import to_float
from jaxunlearn.photos.folders import folders_in, pictures_in
from jaxunlearn.photos.pictures.colour_profiles import UnusableProfile, from_adobe_rgb, is_adobe_rgb, to_srgb
from jaxunlearn.photos.pictures.kinds import formats_for, refused_content, refused_suffix
from jaxunlearn.photos.pictures.levels import UnknownLevels, eight_bits, has_deep_colours, refuse_dark

SQUARE_ENOUGH = 1.5
"""Largest ratio of the sides of a portrait; longer pictures are refused."""
_BEGINNING = 64
_SUBFILE, _REDUCED, _DNG_VERSION = 254, 1, 50706
"""Tags of TIFF: raw files have a preview in the place of the picture."""


def read_image(path: Path, resolution: int) -> np.ndarray:
    """Read a picture of an aligned face: `open_picture`, then `portrait`.

    Args:
      path: see `open_picture`.
      resolution: pixels along each side of the result.

    Returns:
      `[resolution, resolution, 3]` float32 in [-1, 1].

    Raises:
      InputError: if it cannot be read, is smaller than `resolution`, or far from square.
    """
    return portrait(open_picture(path), resolution, path)


def open_picture(path: Path) -> Image.Image:
    """Read a picture as RGB in sRGB, turned as its EXIF data say, on white if it is transparent.

    Args:
      path: a file of a kind in `pictures.kinds`. Grey, 16 bits, a palette, CMYK, alpha and colour profiles
        are understood. If the file has several pictures, the first is read.

    Raises:
      InputError: if it cannot be read.

    Warns:
      UserWarning: if its brightness is a guess, or its colour profile cannot be used.
    """
    path = Path(path)
    advice = refused_suffix(path)
    with open_file(path) as file:
        if advice is not None:
            _refuse(path, advice)
        beginning = file.read(_BEGINNING)
        advice = refused_content(beginning)
        if advice is not None:
            _refuse(path, advice)
        formats = formats_for(beginning)
        file.seek(0)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # remarks about metadata
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(file, formats=formats) as opened:
                    picture, notes = _decoded(opened)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise InputError(f"{path}: has too many pixels to be a portrait") from error
        except Image.UnidentifiedImageError as error:
            what = f"damaged {formats[0]}" if len(formats) == 1 else "of an unknown kind"
            raise InputError(
                f"{path}: not a readable picture (its content is {what}; save it as JPEG or PNG)"
            ) from error
        except UnknownLevels as error:
            raise InputError(f"{path}: {error}") from error
        except Exception as error:  # Pillow's decoders raise many kinds of errors on damaged files
            raise InputError(f"{path}: not a readable picture ({first_line(error)})") from error
    for note in notes:
        warnings.warn(f"{path}: {note}", stacklevel=2)
    return picture


def _refuse(path: Path, advice: str) -> NoReturn:
    raise InputError(f"{path}: not a picture that can be read: {advice}")


def _decoded(opened: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return the picture as RGB, and notes about it."""
    tags = getattr(opened, "tag_v2", {})
    if _DNG_VERSION in tags or tags.get(_SUBFILE, 0) & _REDUCED:
        raise UnknownLevels("holds a preview of a raw file; develop it and save it as JPEG, or as PNG")
    deep = has_deep_colours(opened)
    profile, exif = opened.info.get("icc_profile"), opened.getexif()
    opened.load()
    if deep:
        refuse_dark(opened)
    picture, note = eight_bits(opened)
    notes = [note] if note else []
    if picture is not opened:  # read by `exif_transpose`
        picture.info["exif"] = exif.tobytes()
    picture = ImageOps.exif_transpose(picture)
    if isinstance(profile, bytes) and profile:
        try:
            picture = to_srgb(picture, profile)
        except UnusableProfile as error:
            notes.append(str(error))
    elif picture.mode == "RGB" and is_adobe_rgb(exif):
        picture = from_adobe_rgb(picture)
    return _on_white(picture), notes


def portrait(picture: Image.Image, resolution: int, name: str | Path) -> np.ndarray:
    """Cut a picture of an aligned face to its central square, with a warning if it is not square.

    Args:
      picture: in any mode that `open_picture` understands.
      resolution: pixels along each side of the result.
      name: its name in errors and warnings.

    Returns:
      `[resolution, resolution, 3]` float32 in [-1, 1].

    Raises:
      InputError: if it is smaller than `resolution`, or far from square.
    """
    try:
        picture, note = eight_bits(picture)
        picture = _on_white(picture)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from error
    if note:
        warnings.warn(f"{name}: {note}", stacklevel=3)
    width, height = picture.size
    side = min(width, height)
    if side < resolution:
        raise InputError(
            f"{name}: {width}x{height} pixels are too few; this model needs {resolution}x{resolution}"
        )
    if max(width, height) > SQUARE_ENOUGH * side:
        raise InputError(f"{name}: {width}x{height} pixels are far from square; crop the face first")
    if width != height:
        warnings.warn(f"{name}: {width}x{height} is not square; its middle is used", stacklevel=3)
    left, top = (width - side) // 2, (height - side) // 2
    square = picture.crop((left, top, left + side, top + side))
    scaled = square.resize((resolution, resolution), Image.Resampling.LANCZOS)
    return to_float(np.asarray(scaled))


def whole_picture(picture: Image.Image, side: int) -> np.ndarray:
    """Return a whole picture at `side`², as the `image_to_tensor` of GUIDE and SUGAR makes it.

    Nothing is cut off, and a picture that is not square is squeezed. Bicubic, rounded to 8 bits.

    Args:
      picture: RGB, as `open_picture` returns it.
      side: pixels along each side of the result.

    Returns:
      `[side, side, 3]` float32 in [-1, 1].
    """
    scaled = picture.resize((side, side), Image.Resampling.BICUBIC)
    return to_float(np.asarray(scaled))


def pictures_of(folder: Path) -> list[Path]:
    """Return the files of a folder with names of pictures, sorted; if it has none, those of its folders.

    Raises:
      InputError: if there is no such folder, or no picture in it.
    """
    check_folder(folder)
    paths = pictures_in(folder)
    if not paths:
        paths = [path for each in folders_in(folder) for path in pictures_in(each)]
    if not paths:
        raise InputError(f"{folder}: has no pictures")
    return paths


def iterate_images(folder: Path, resolution: int) -> Iterator[np.ndarray]:
    """Read the pictures of a folder one after another, in the order of their names; see `pictures_of`.

    Args:
      folder: of pictures.
      resolution: see `read_image`.

    Yields:
      `[R, R, 3]` float32 in [-1, 1].

    Raises:
      InputError: if there is no such folder, or no picture in it can be used.

    Warns:
      UserWarning: for each picture that is left out.
    """
    refused: list[InputError] = []
    paths = pictures_of(folder)
    for path in paths:
        try:
            image = read_image(path, resolution)
        except InputError as error:
            refused.append(error)
            if len(refused) == len(paths):
                raise InputError(
                    f"{folder}: none of its {len(paths)} pictures can be used; the first: {refused[0]}"
                ) from error
        else:
            yield image
    for error in refused:
        warnings.warn(f"left out: {error}", stacklevel=2)


def _on_white(picture: Image.Image) -> Image.Image:
    """Return a picture as RGB, with transparent parts white."""
    if picture.has_transparency_data:
        coloured = picture.convert("RGBA")
        white = Image.new("RGBA", coloured.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(white, coloured)
    return picture.convert("RGB")
