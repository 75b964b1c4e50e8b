"""Charts as plain numbers for the template that draws them: axes, curves, the spread of strangers."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from jaxunlearn.drawing import round_numbers, stroke
from jaxunlearn.reporting.page.frame import minus

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
      colour: number of its colour, or "own" for a colour that no numbered curve has.
      dashes: see `Stroke`.
      label: beside the last point; may be empty.
      label_at: where the label begins, in pixels.
    """

    name: str
    path: str
    last: tuple[float, float]
    colour: str
    dashes: str
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
    """Points of a curve.

    Attributes:
      name: in the legend.
      points: `[N, 2]` values.
      label: at the last point.
      apart: True for a curve of another meaning than all others, in a colour of its own.
    """

    name: str
    points: np.ndarray
    label: str = ""
    apart: bool = False


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
    curves = _curves(series, paths, places)
    height = 0.0 if level is None else y(level[0])
    crowded = any(0 <= height - end < _ROW + 5 for _, end in ends)
    return LineChart(
        title,
        *labels,
        curves,
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


def _curves(
    series: Sequence[Series],
    paths: Sequence[Sequence[tuple[float, float]]],
    places: Sequence[tuple[float, float]],
) -> tuple[Curve, ...]:
    """Return the curves, each with a colour and dashes that no other has."""
    strokes = map(stroke, itertools.count())
    curves = []
    for each, path, place in zip(series, paths, places, strict=True):
        colour, dashes = ("own", "") if each.apart else next(strokes)
        points = " ".join(f"{a:g},{b:g}" for a, b in path)
        curves.append(Curve(each.name, points, path[-1], str(colour), dashes, each.label, place))
    return tuple(curves)


def beside(points: Sequence[tuple[float, float]], labels: Sequence[str]) -> list[tuple[float, float]]:
    """Return where labels begin: at their points, inside the chart, clear of all points and of each other.

    They stand below and right of their points where there is room, else above; near the right edge further
    to the left.

    Args:
      points: in pixels.
      labels: one for each point.
    """
    taken: list[tuple[float, float, float]] = []  # where labels begin and end, and their row
    places: dict[int, tuple[float, float]] = {}
    for number in sorted(range(len(points)), key=lambda each: points[each][1]):
        x, y = points[number]
        width = _LETTER * len(labels[number])
        left = max(0.0, min(x + 6, WIDTH - width))
        row = _row(left, left + width, y, points, taken)
        taken.append((left, left + width, row))
        places[number] = left, row
    return [places[number] for number in range(len(points))]


def _row(
    left: float,
    right: float,
    y: float,
    points: Sequence[tuple[float, float]],
    taken: Sequence[tuple[float, float, float]],
) -> float:
    """Return the row of a label that is free, the nearest below the height `y`, or else above."""
    below, above = np.arange(y + 16, HEIGHT - _BOTTOM), np.arange(y - 6, _ROW, -1)
    for row in [*below.tolist(), *above.tolist()]:
        met = any(left < end and start < right and abs(row - line) < _ROW for start, end, line in taken)
        if not met and not any(left - 4 < a < right and row - _ROW < b < row + 4 for a, b in points):
            return row
    return y + 16  # more labels than there is room


def _range(values: np.ndarray, given: tuple[float, float] | None) -> tuple[float, float]:
    if given is not None:
        return given
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-9:
        return low - 0.5, high + 0.5
    return low - _MARGIN * (high - low), high


def _short(value: float) -> str:
    return minus(f"{value:g}")


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
