"""Draw in SVG: a picture, panels with numbers along two axes, what tells curves apart, and round numbers."""

import html
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

COLOURS = ("#1f6f8b", "#b3541e", "#4a7c2c", "#7b3f8c", "#8a6d00", "#b0305c")
"""Colours of curves on white; the style of the pages has its own, as many, which suit dark mode, too."""

_DASHES = ("", "7 4", "2 3", "10 3 2 3")
"""Lengths of strokes and gaps in pixels: of the first six curves, and of six more each."""


class Stroke(NamedTuple):
    """What tells a curve from the others: number of its colour, and its dashes for `stroke-dasharray`."""

    colour: int
    dashes: str


def stroke(number: int) -> Stroke:
    """Return the stroke of a curve; 24 curves differ.

    Args:
      number: of the curve, from 0.
    """
    dashes, colour = divmod(number, len(COLOURS))
    return Stroke(colour, _DASHES[dashes % len(_DASHES)])


def svg(width: int, height: int, shapes: Iterable[str], title: str) -> str:
    """Return a picture on white.

    Args:
      width: in pixels.
      height: in pixels.
      shapes: elements of SVG, the lowest first.
      title: what the picture shows, for screen readers.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'font-family="sans-serif" font-size="12" role="img"><title>{html.escape(title)}</title>'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(shapes)}</svg>\n'
    )


class Panel(NamedTuple):
    """A rectangle of a picture for points `(x, y)`; x grows to the right, y upwards."""

    left: float
    """Pixels from the left of the picture."""

    top: float
    """Pixels from the top of the picture."""

    width: float
    """In pixels."""

    height: float
    """In pixels."""

    low: tuple[float, float]
    """The point of the lower left corner."""

    high: tuple[float, float]
    """The point of the upper right corner."""

    @property
    def bottom(self) -> float:
        """Pixels from the top of the picture to the x axis."""
        return self.top + self.height

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point is in the picture, in pixels."""
        right, up = (
            float((value - low) / (high - low))
            for value, low, high in zip((x, y), self.low, self.high, strict=True)
        )
        return self.left + self.width * right, self.bottom - self.height * up

    def ticks(self) -> list[str]:
        """Draw round numbers below and left of the panel, at most seven each."""
        shapes = []
        for value in round_numbers(self.low[0], self.high[0], 7):
            x, _ = self.place(value, self.low[1])
            shapes.append(
                f'<path d="M{x:.1f} {self.bottom}v5" stroke="#555"/>'
                f'<text x="{x:.1f}" y="{self.bottom + 19}" text-anchor="middle">{value:g}</text>'
            )
        for value in round_numbers(self.low[1], self.high[1], 7):
            _, y = self.place(self.low[0], value)
            shapes.append(
                f'<path d="M{self.left} {y:.1f}h-5" stroke="#555"/>'
                f'<text x="{self.left - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
            )
        return shapes


def round_numbers(low: float, high: float, most: int = 6) -> list[float]:
    """Return at most `most` round numbers between two values, one step apart."""
    span = high - low
    power = 10.0 ** np.floor(np.log10(span / most))
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if span / (power * factor) <= most - 1 + 1e-9)
    first = np.ceil(low / step - 1e-9)
    count = int(np.floor(high / step + 1e-9) - first) + 1
    return [float(round((first + k) * step, 10)) + 0.0 for k in range(count)]
