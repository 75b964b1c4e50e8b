"""Photographs from files."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from jaxunlearn.errors import InputError, first_line

SQUARE_ENOUGH = 1.5
"""A picture longer than this many times its width is no portrait, and is not cut to one."""

_SIXTEEN_BITS = ("I", "I;16", "I;16B", "I;16L", "I;16N")


def read_image(path: Path, resolution: int) -> np.ndarray:
    """Read a picture of an aligned face: `open_picture`, then `portrait`.

    Args:
      path: any file that Pillow reads.
      resolution: pixels along each side of the result.

    Returns:
      `[resolution, resolution, 3]` float32 in [-1, 1].

    Raises:
      InputError: if it cannot be read, is smaller than `resolution`, or far from square.
    """
    return portrait(open_picture(path), resolution, path)


def open_picture(path: Path) -> Image.Image:
    """Read a picture as RGB, turned as its EXIF data say, before white where it is transparent.

    Args:
      path: any file that Pillow reads; grey, 16 bits, a palette, CMYK and alpha are understood.

    Raises:
      InputError: if it cannot be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on metadata that nobody asked for
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                return _on_white(ImageOps.exif_transpose(file))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: is a folder, not a picture") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(f"{path}: has too many pixels to be a portrait") from error
    except Exception as error:  # a damaged file makes Pillow's decoders fail in any way
        raise InputError(f"{path}: not a readable picture ({first_line(error)})") from error


def portrait(picture: Image.Image, resolution: int, name: str | Path) -> np.ndarray:
    """Cut a picture of an aligned face to its central square, with a warning if that loses anything.

    Args:
      picture: in any mode that `open_picture` understands.
      resolution: pixels along each side of the result.
      name: what errors and warnings call it.

    Returns:
      `[resolution, resolution, 3]` float32 in [-1, 1].

    Raises:
      InputError: if it is smaller than `resolution`, or far from square.
    """
    try:
        picture = _on_white(picture)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from error
    width, height = picture.size
    side = min(width, height)
    if side < resolution:
        raise InputError(
            f"{name}: {width}x{height} pixels are too few, this model needs {resolution}x{resolution}"
        )
    if max(width, height) > SQUARE_ENOUGH * side:
        raise InputError(f"{name}: {width}x{height} pixels are far from square, crop the face first")
    if width != height:
        warnings.warn(f"{name}: {width}x{height} is not square, took its middle", stacklevel=3)
    left, top = (width - side) // 2, (height - side) // 2
    square = picture.crop((left, top, left + side, top + side))
    scaled = square.resize((resolution, resolution), Image.Resampling.LANCZOS)
    return np.asarray(scaled, np.float32) / 127.5 - 1


def read_images(folder: Path, resolution: int) -> np.ndarray:
    """All pictures of a folder, in order of name; see `read_image`.

    Raises:
      InputError: if there is no such folder, or a picture in it cannot be used.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    paths = sorted(path for path in folder.iterdir() if is_picture_name(path))
    if not paths:
        raise InputError(f"{folder}: holds no pictures")
    return np.stack([read_image(path, resolution) for path in paths])


def is_picture_name(path: Path) -> bool:
    """Whether Pillow knows the suffix, and the file is not hidden."""
    return path.suffix.lower() in Image.registered_extensions() and not path.name.startswith(".")


def _on_white(picture: Image.Image) -> Image.Image:
    """As RGB, transparent parts white."""
    if picture.mode in _SIXTEEN_BITS:  # Pillow would cut off, not scale
        levels = np.asarray(picture).astype(np.float64)
        if levels.min(initial=0) < 0 or levels.max(initial=0) > 65535:
            raise ValueError(f"{picture.mode} pixels beyond 16 bits")
        picture = Image.fromarray(np.round(levels / 257).astype(np.uint8))
    if picture.mode == "F":
        raise ValueError("floating-point pixels have no known range")
    if picture.has_transparency_data:
        coloured = picture.convert("RGBA")
        white = Image.new("RGBA", coloured.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(white, coloured)
    return picture.convert("RGB")
