"""Draw what attacks brought back: the person before and after, and each picture with its label."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_SIDE, _TEXT, _GAP, _COLUMNS = 160, 40, 8, 6
_FONT_SIZE = 13


class Labelled(NamedTuple):
    """A picture and its label."""

    label: str
    image: np.ndarray
    """`[R, R, 3]` uint8."""


def draw_attacks(pictures: Sequence[Labelled]) -> np.ndarray:
    """Draw pictures in rows of six, each with its label below.

    Args:
      pictures: at least one; all are shown at the same size.

    Returns:
      `[H, W, 3]` uint8.
    """
    columns = min(_COLUMNS, len(pictures))
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (_SIDE + _GAP) + _GAP, rows * (_SIDE + _TEXT + _GAP) + _GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT_SIZE)
    for k, (label, image) in enumerate(pictures):
        x = _GAP + (k % columns) * (_SIDE + _GAP)
        y = _GAP + (k // columns) * (_SIDE + _TEXT + _GAP)
        sheet.paste(Image.fromarray(image).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS), (x, y))
        pen.multiline_text((x, y + _SIDE + 3), _wrapped(label, font), fill="black", font=font, spacing=2)
    return np.asarray(sheet)


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
