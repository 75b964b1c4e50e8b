"""Charts as plain numbers for the template that draws them: axes, curves, the spread of strangers."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from jaxunlearn.drawing import round_numbers

WIDTH, HEIGHT = 360, 200
"""Pixels of a chart, so that its text is readable on a phone."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 14, 34
_MARGIN = 0.2
"""Room before the lowest value of an axis, for labels; a share of its length."""
_LETTER, _ROW = 8, 13
"""Pixels that a letter and a row of text take."""


@dataclasses.dataclass(frozen=True)
class Tick:
    """A number at an axis: its place in pixels, and its text."""

    place: float
    text: str


@dataclasses.dataclass(frozen=True)
class Curve:
    """A line in a chart.

    Attributes:
      name: in the legend.
      path: the points in pixels, as SVG writes them.
      last: the last point, in pixels.
      number: of its colour, from 0.
      label: beside the last point; may be empty.
      label_at: where the label begins, in pixels.
    """

    name: str
    path: str
    last: tuple[float, float]
    number: int
    label: str
    label_at: tuple[float, float]


@dataclasses.dataclass(frozen=True)
class LineChart:
    """Curves between two axes.

    Attributes:
      title, x_label, y_label: texts.
      curves: the lines.
      x_ticks, y_ticks: numbers at the axes.
      summary: what a screen reader says in place of the drawing.
      level: a horizontal dashed line in pixels, and its text; None draws none.
      level_text: height of that text, in pixels: above the line, or below where a curve ends just above.
      upright: a vertical dashed line in pixels; None draws none.
    """

    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    summary: str
    level: Tick | None = None
    level_text: float = 0.0
    upright: float | None = None
    width: int = WIDTH
    height: int = HEIGHT
    box: tuple[int, int, int, int] = (_LEFT, _TOP, WIDTH - _RIGHT, HEIGHT - _BOTTOM)


@dataclasses.dataclass(frozen=True)
class Series:
    """Points of a curve: its name, `[N, 2]` values, and a label at the last point."""

    name: str
    points: np.ndarray
    label: str = ""


def line_chart(
    title: str,
    series: Sequence[Series],
    *,
    labels: tuple[str, str],
    summary: str,
    level: tuple[float, str] | None = None,
    upright: float | None = None,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    whole_x: bool = False,
) -> LineChart:
    """Lay out curves.

    Args:
      title: of the chart.
      series: at least one with a point.
      labels: of the x axis and of the y axis.
      summary: for screen readers.
      level: value and text of a horizontal line.
      upright: value of a vertical line.
      x_range: of the x axis; None takes that of the points and the vertical line.
      y_range: of the y axis; None takes that of the points and the horizontal line.
      whole_x: True for an x axis that counts, without halves.
    """
    every = np.concatenate([each.points for each in series])
    x_low, x_high = _range(np.append(every[:, 0], [] if upright is None else [upright]), x_range)
    y_low, y_high = _range(np.append(every[:, 1], [] if level is None else [level[0]]), y_range)

    def x(value: float) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * (value - x_low) / (x_high - x_low), 1)

    def y(value: float) -> float:
        return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (y_high - value) / (y_high - y_low), 1)

    paths = [[(x(a), y(b)) for a, b in each.points] for each in series]
    ends = [path[-1] for path in paths]
    places = beside(ends, [each.label for each in series])
    curves = [
        Curve(each.name, " ".join(f"{a:g},{b:g}" for a, b in path), path[-1], number % 6, each.label, place)
        for number, (each, path, place) in enumerate(zip(series, paths, places, strict=True))
    ]
    height = 0.0 if level is None else y(level[0])
    crowded = any(0 <= height - end < _ROW + 5 for _, end in ends)
    return LineChart(
        title,
        *labels,
        tuple(curves),
        tuple(
            Tick(x(value), _short(value))
            for value in round_numbers(x_low, x_high)
            if not whole_x or value.is_integer()
        ),
        tuple(Tick(y(value), _short(value)) for value in round_numbers(y_low, y_high)),
        summary,
        None if level is None else Tick(height, level[1]),
        height + _ROW if crowded else height - 5,
        None if upright is None else x(upright),
    )


def beside(points: Sequence[tuple[float, float]], labels: Sequence[str]) -> list[tuple[float, float]]:
    """Return where labels begin: below and right of their points, clear of all points and of each other.

    Args:
      points: in pixels.
      labels: one for each point.
    """
    taken: list[tuple[float, float, float]] = []  # where labels begin and end, and their row
    places: dict[int, tuple[float, float]] = {}
    for number in sorted(range(len(points)), key=lambda each: points[each][1]):
        left, row = points[number][0] + 6, points[number][1] + 16
        right = left + _LETTER * len(labels[number])
        while any(
            left < end and start < right and abs(row - line) < _ROW for start, end, line in taken
        ) or any(left - 4 < x < right and row - _ROW < y < row + 4 for x, y in points):
            row += 1
        taken.append((left, right, row))
        places[number] = left, row
    return [places[number] for number in range(len(points))]


def _range(values: np.ndarray, given: tuple[float, float] | None) -> tuple[float, float]:
    if given is not None:
        return given
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-9:
        return low - 0.5, high + 0.5
    return low - _MARGIN * (high - low), high


def _short(value: float) -> str:
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def spread(quantiles: Sequence[float], low: float, high: float, bins: int = 60) -> np.ndarray:
    """Return how many of the strangers lie where: `[bins]`, the share of pairs in each bin; the largest is 1.

    Args:
      quantiles: similarities of evenly spaced levels from 0 to 1.
      low: beginning of the axis.
      high: end of the axis.
      bins: equal parts of the axis.
    """
    levels = np.linspace(0, 1, len(quantiles))
    edges = np.linspace(low, high, bins + 1)
    below = np.interp(edges, quantiles, levels, left=0, right=1)
    share = np.diff(below)
    smooth = np.convolve(np.pad(share, 2, mode="edge"), [0.1, 0.2, 0.4, 0.2, 0.1], mode="valid")
    return smooth / max(float(smooth.max()), 1e-12)
