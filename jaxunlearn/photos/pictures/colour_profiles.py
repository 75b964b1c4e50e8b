"""Convert pictures with a colour profile to sRGB, as every viewer does."""

import io

import numpy as np
from PIL import Image, ImageCms

_SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
"""Colour space of a profile → Pillow's mode."""
_INTEROPERABILITY, _INDEX, _ADOBE_RGB = 0xA005, 1, "R03"
"""The mark of Adobe RGB in EXIF data: cameras add no profile."""
_ADOBE_GAMMA = 563 / 256
_ADOBE_TO_SRGB = np.array([[1.39836, -0.39836, 0.0], [0.0, 1.0, 0.0], [0.0, -0.04293, 1.04293]])
"""For linear light; both spaces have the white of D65, and the same red and blue."""


class UnusableProfile(ValueError):
    """A profile cannot be used; the message says why."""


def to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Return a picture in sRGB, with the colours that its profile means.

    Args:
      picture: with 8 bits a channel, in any mode; alpha stays as it is.
      profile: the bytes of the ICC profile.

    Returns:
      RGB or RGBA.

    Raises:
      UnusableProfile: if the profile is damaged, or is for another kind of pixels.
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


def is_adobe_rgb(exif: Image.Exif) -> bool:
    """Return True if EXIF data say that a camera's picture is in Adobe RGB."""
    try:
        index = exif.get_ifd(_INTEROPERABILITY).get(_INDEX)
    except Exception:  # damaged EXIF data raise many kinds of errors
        return False
    return isinstance(index, str) and index.rstrip("\0 ") == _ADOBE_RGB


def from_adobe_rgb(picture: Image.Image) -> Image.Image:
    """Return a picture in sRGB whose numbers are those of Adobe RGB."""
    linear = (np.asarray(picture.convert("RGB")) / 255) ** _ADOBE_GAMMA
    linear = np.clip(linear @ _ADOBE_TO_SRGB.T, 0, 1)
    share = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return Image.fromarray(np.round(255 * share).astype(np.uint8))


def _as_mode(picture: Image.Image, mode: str | None) -> Image.Image:
    if mode is None:
        raise UnusableProfile("its colour profile is not for RGB, grey or CMYK and was not used")
    if mode == "RGB" and picture.mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "YCbCr"):
        return picture.convert("RGB")
    if mode == "L" and picture.mode in ("1", "L", "LA"):
        return picture.convert("L")
    if mode == picture.mode:
        return picture
    raise UnusableProfile(
        f"its colour profile is for {mode}, its pixels are {picture.mode}; the profile was not used"
    )


def _converted(colours: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    def convert(picture: Image.Image) -> Image.Image:
        converted = ImageCms.profileToProfile(
            picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        assert converted is not None  # None only if it works in place
        return converted

    if colours.mode == "RGB":
        steps = np.arange(0, 256, 15).astype(np.uint8)
        cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(len(steps), -1, 3)
        moved = np.asarray(convert(Image.fromarray(cube))).astype(int) - cube
        if np.abs(moved).max() <= 1:  # sRGB under any name: the pixels stay as they are
            return colours
    return convert(colours)
