"""Convert pixels of more than 8 bits to 8 bits.

A file says how many bits a pixel has, but often not which number is white: scanners and scientific cameras
store 12 bits in 16, and programs store 8 bits in 32. If the file does not say it, the largest number decides,
and a note says so.
"""

import numpy as np
from PIL import Image

_WHITES = (8, 10, 12, 14, 16)
"""Numbers of bits that white may have."""
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")
_BITS_PER_SAMPLE, _PHOTOMETRIC, _PLANAR, _LARGEST, _LARGEST_OF_TYPE = 258, 262, 284, 281, 341
"""Tags of TIFF."""
_WHITE_IS_ZERO = 0
_SEPARATE_PLANES = 2
_DARK = 64
"""If the upper 8 bits of a 16-bit colour picture stay below this, it has at most 14 bits or shows nothing."""


class UnknownLevels(ValueError):
    """The number of white is unknown; the message says what to do."""


def has_deep_colours(file: Image.Image) -> bool:
    """Return True if an opened file, not yet loaded, has colours of 16 bits; Pillow keeps the upper 8.

    Raises:
      UnknownLevels: if Pillow would mix up their bytes.
    """
    tags = getattr(file, "tag_v2", {})
    deep = any(";16" in str(tile[3]) for tile in getattr(file, "tile", ()))
    bits = tags.get(_BITS_PER_SAMPLE, ())
    if len(bits) > 1 and max(bits) > 8:
        deep = True
        if tags.get(_PLANAR) == _SEPARATE_PLANES:
            raise UnknownLevels("16 bits a colour in separate planes; save it with 8 bits")
    return deep and file.mode not in (*_SIXTEEN_BITS, "I", "F")


def refuse_dark(picture: Image.Image) -> None:
    """Refuse a picture with the upper 8 of 16 bits if its white is clearly lower.

    Raises:
      UnknownLevels: if all its pixels are very dark.
    """
    colours = [band for band, name in zip(picture.split(), picture.getbands(), strict=True) if name != "A"]
    if max(np.asarray(band).max(initial=0) for band in colours) < _DARK:
        raise UnknownLevels("16 bits a colour, but the upper bits are not used; save it with 8 bits")


def eight_bits(picture: Image.Image) -> tuple[Image.Image, str | None]:
    """Return a picture with 8 bits per channel.

    Args:
      picture: in any mode; one with 8 bits or less stays as it is.

    Returns:
      The picture, and a note if its white is a guess.

    Raises:
      UnknownLevels: if its white cannot be guessed.
    """
    if picture.mode not in (*_SIXTEEN_BITS, "I", "F"):
        return picture, None
    levels = np.asarray(picture).astype(np.float64)
    if not np.isfinite(levels).all():
        raise UnknownLevels("its pixels are not all finite numbers; save it with 8 bits")
    low, high = levels.min(initial=0), levels.max(initial=0)
    if low < 0:
        raise UnknownLevels("has pixels below 0, which is not a brightness; save it with 8 bits")
    if picture.mode == "F":
        white, note = _white_of_fractions(high), "floating-point pixels, 0 taken as black and 1 as white"
    else:
        white, note = _white_of_integers(picture, high)
    if getattr(picture, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        levels = white - levels
    return Image.fromarray(np.round(levels * (255 / white)).astype(np.uint8)), note


def _white_of_fractions(high: float) -> float:
    if high > 1:
        raise UnknownLevels(
            f"floating-point pixels up to {high:g} have no known range; scale them to 0...1, or save 8 bits"
        )
    return 1.0


def _white_of_integers(picture: Image.Image, high: float) -> tuple[float, str | None]:
    tags = getattr(picture, "tag_v2", {})
    said = [tags.get(_BITS_PER_SAMPLE, (16,))[0]]
    said += [
        int(max(np.ravel(tags[tag]))).bit_length() for tag in (_LARGEST, _LARGEST_OF_TYPE) if tag in tags
    ]
    room = 16 if picture.mode in _SIXTEEN_BITS else 32
    known = min(said) if min(said) < 16 else None
    bits = int(max(high, 1)).bit_length()
    if known is not None and bits <= known:
        return 2.0 ** next(white for white in _WHITES if known <= white) - 1, None
    if bits > 16:
        raise UnknownLevels(f"integers up to {high:.0f} have no known range; save it with 8 or 16 bits")
    white = next(white for white in _WHITES if bits <= white)
    if (white, room) == (16, 16) or high == 0:
        return 2.0**white - 1, None
    return 2.0**white - 1, f"taken as {white} bits in {room}, since its brightest pixel is {high:.0f}"
