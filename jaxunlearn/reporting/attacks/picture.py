"""Draw what attacks brought back: a section for each attack, each picture with its label."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_SIDE, _TEXT, _HEADING, _GAP, _COLUMNS = 160, 40, 30, 8, 6
_FONT_SIZE, _HEADING_SIZE = 13, 16


def can_write(text: str) -> bool:
    """Return True if the font of these pictures has all letters of a text; Pillow's own has English ones."""
    box = _written("\N{REPLACEMENT CHARACTER}")
    return all(_written(letter) != box for letter in text)


def _written(letter: str) -> bytes:
    """Return the pixels of a letter; all that the font lacks look alike."""
    image = Image.new("L", (4 * _HEADING_SIZE, 2 * _HEADING_SIZE))
    ImageDraw.Draw(image).text((0, 0), letter, fill="white", font=ImageFont.load_default(_HEADING_SIZE))
    return image.tobytes()


class Labelled(NamedTuple):
    """A picture and its label."""

    label: str
    image: np.ndarray
    """`[R, R, 3]` uint8."""


def draw_attacks(sections: Mapping[str, Sequence[Labelled]]) -> np.ndarray:
    """Draw pictures in rows of six, each with its label below.

    Args:
      sections: heading → pictures; all are shown at the same size. Sections without pictures are left out.

    Returns:
      `[H, W, 3]` uint8.
    """
    shown = {heading: pictures for heading, pictures in sections.items() if pictures}
    heights = [_HEADING + -(-len(pictures) // _COLUMNS) * _row_height() for pictures in shown.values()]
    size = (_COLUMNS * (_SIDE + _GAP) + _GAP, sum(heights) + _GAP)
    sheet = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_HEADING_SIZE)
    top = _GAP
    for (heading, pictures), height in zip(shown.items(), heights, strict=True):
        pen.text((_GAP, top), _shortened(heading, font, size[0] - 2 * _GAP), fill="black", font=font)
        _draw(sheet, pen, pictures, top + _HEADING)
        top += height
    return np.asarray(sheet)


def _row_height() -> int:
    return _SIDE + _TEXT + _GAP


def _draw(sheet: Image.Image, pen: ImageDraw.ImageDraw, pictures: Sequence[Labelled], top: int) -> None:
    font = ImageFont.load_default(_FONT_SIZE)
    for k, (label, image) in enumerate(pictures):
        x = _GAP + (k % _COLUMNS) * (_SIDE + _GAP)
        y = top + (k // _COLUMNS) * _row_height()
        sheet.paste(Image.fromarray(image).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS), (x, y))
        text = _wrapped(label.replace("_", " "), font)
        pen.multiline_text((x, y + _SIDE + 3), text, fill="black", font=font, spacing=2)


def _shortened(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float) -> str:
    """Return as much of a text as fits, with dots in place of the rest."""
    if font.getlength(text) <= room:
        return text
    end = len(text)
    while font.getlength(f"{text[:end]}…") > room:
        end -= 1
    return f"{text[:end]}…"


def _wrapped(label: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Break a label into at most two lines that fit under a picture."""
    lines = [""]
    for word in label.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= _SIDE or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines[:2])
