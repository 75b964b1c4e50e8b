"""Pictures with a colour profile become sRGB, as every viewer shows them."""

import io

import numpy as np
from PIL import Image, ImageCms

_SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
"""Colour space of a profile → Pillow's mode."""


class UnusableProfile(ValueError):
    """Why a profile is not used."""


def to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """A picture in the colours that its profile means.

    Args:
      picture: with 8 bits a channel, in any mode; alpha stays as it is.
      profile: ICC, as the file holds it.

    Returns:
      RGB or RGBA.

    Raises:
      UnusableProfile: if the profile is damaged, or made for other pixels.
    """
    alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _SPACES.get(ImageCms.core.profile_frombytes(profile).xcolor_space.strip())
        colours = _as_mode(picture, mode)
        converted = _converted(colours, source)
    except (OSError, ImageCms.PyCMSError) as error:
        raise UnusableProfile("its colour profile is damaged and was not used") from error
    if alpha is not None:
        converted.putalpha(alpha)
    return converted


def _as_mode(picture: Image.Image, mode: str | None) -> Image.Image:
    if mode is None:
        raise UnusableProfile("its colour profile is not of RGB, grey or CMYK and was not used")
    if mode == "RGB" and picture.mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "YCbCr"):
        return picture.convert("RGB")
    if mode == "L" and picture.mode in ("1", "L", "LA"):
        return picture.convert("L")
    if mode == picture.mode:
        return picture
    raise UnusableProfile(f"its colour profile is of {mode}, its pixels are {picture.mode}; it was not used")


def _converted(colours: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    def convert(picture: Image.Image) -> Image.Image:
        converted = ImageCms.profileToProfile(
            picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        assert converted is not None  # only where it works in place
        return converted

    if colours.mode == "RGB":
        steps = np.arange(0, 256, 15).astype(np.uint8)
        cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(len(steps), -1, 3)
        moved = np.asarray(convert(Image.fromarray(cube))).astype(int) - cube
        if np.abs(moved).max() <= 1:  # sRGB under any name: its pixels stay as they are
            return colours
    return convert(colours)
