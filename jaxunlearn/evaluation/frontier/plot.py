"""Draw frontiers in SVG: what others keep against how far people are forgotten, a point for each step."""

import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.frontier.files import FrontierLine, read_frontier, thresholds_of
from jaxunlearn.files.door import write_text
from jaxunlearn.training.storage.run_dir import RunFolder

COLOURS = ("#1f6f8b", "#b3541e", "#4a7c2c", "#7b3f8c", "#8a6d00", "#b0305c")
_WIDE, _HIGH, _LEFT, _TOP, _BELOW, _APART = 330, 230, 58, 40, 44, 26
"""Size of a panel, the margins around it, and the room above the panels for each line of the legend."""

_LABELS_APART = 26
"""Pixels between two points that both get a label."""

_FIGURES = {"others_id": "similarity of other people", "others_kept": "share of other people kept"}


class _Curve(NamedTuple):
    colour: str
    steps: list[int]
    points: np.ndarray
    """`[S, 2]`: similarity of the forgotten, figure of the others."""


def plot_frontiers(folders: Mapping[str, str | Path], out: Path) -> None:
    """Draw the frontiers of runs in one picture: a column for each judge.

    Along x is the mean similarity of the forgotten before and now; further left is more forgotten. Along y is
    the mean similarity of other people, and below it the share of them whom the judge still accepts. Each
    curve begins at step 0, where nobody has changed.

    Args:
      folders: name of a run in the legend → its folder; a single run needs no name.
      out: the SVG file.

    Raises:
      InputError: if a run has no `frontier.jsonl`, or another judge or threshold than the first.
    """
    runs = {name: read_frontier(RunFolder(Path(path)).frontier_file) for name, path in folders.items()}
    runs = {name: lines for name, lines in runs.items() if lines}
    if not runs:
        raise InputError("nothing was measured yet, so there is no frontier to draw")
    thresholds = {name: thresholds_of(lines) for name, lines in runs.items()}
    first = next(iter(thresholds))
    for name in thresholds:
        if thresholds[name] != thresholds[first]:
            raise InputError(
                f"{folders[name]}: its judges or thresholds are others than those of {folders[first]}"
            )
    write_text(out, _svg(runs, thresholds[first]))


def _svg(runs: Mapping[str, Sequence[FrontierLine]], thresholds: Mapping[str, float | None]) -> str:
    legend = [name for name in runs if name]
    top = _TOP + _APART * len(legend)
    shapes = [
        f'<rect x="{_LEFT}" y="{14 + _APART * k}" width="14" height="14" fill="{_colour(k)}"/>'
        f'<text x="{_LEFT + 22}" y="{26 + _APART * k}">{html.escape(name)}</text>'
        for k, name in enumerate(legend)
    ]
    for column, (judge, threshold) in enumerate(thresholds.items()):
        for row, (figure, label) in enumerate(_FIGURES.items()):
            curves = [_curve(k, lines, judge, figure) for k, lines in enumerate(runs.values())]
            at = _LEFT + column * (_WIDE + _LEFT), top + row * (_HIGH + _TOP + _BELOW)
            level = threshold if figure == "others_id" else None
            shapes.append(_panel(at, curves, (threshold, level), (f"{judge}: {label}", row == 1)))
    width = len(thresholds) * (_WIDE + _LEFT) + 30
    height = top + 2 * (_HIGH + _TOP + _BELOW) - _TOP + 10
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        'font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(shapes)}</svg>\n'
    )


def _colour(k: int) -> str:
    return COLOURS[k % len(COLOURS)]


def _curve(k: int, lines: Sequence[FrontierLine], judge: str, figure: str) -> _Curve:
    """Return the points of a run that have both figures, after step 0, where everything is 1."""
    steps, points = [0], [(1.0, 1.0)]
    for line in lines:
        judged = line["judges"][judge]
        people = [value for value in judged["id"] if value is not None]
        others = judged["others_id"] if figure == "others_id" else judged["others_kept"]
        if people and others is not None:
            steps.append(line["step"])
            points.append((float(np.mean(people)), others))
    return _Curve(_colour(k), steps, np.array(points))


def _panel(
    at: tuple[int, int],
    curves: Sequence[_Curve],
    thresholds: tuple[float | None, float | None],
    labels: tuple[str, bool],
) -> str:
    """Draw axes and curves.

    Args:
      at: upper left corner of the panel, in pixels.
      curves: one for each run.
      thresholds: lines across x and along y; None draws none.
      labels: the title, and True to name the x axis.
    """
    every = np.concatenate([curve.points for curve in curves])
    lines = [[value for value in (each,) if value is not None] for each in thresholds]
    low = [_floor(min([*every[:, axis], *lines[axis]])) for axis in (0, 1)]

    def pixel(x: float, y: float) -> tuple[float, float]:
        return (
            at[0] + _WIDE * (x - low[0]) / (1 - low[0]),
            at[1] + _HIGH * (1 - (y - low[1]) / (1 - low[1])),
        )

    shapes = [
        f'<text x="{at[0]}" y="{at[1] - 12}" font-weight="bold">{html.escape(labels[0])}</text>',
        f'<path d="M{at[0]} {at[1]}V{at[1] + _HIGH}H{at[0] + _WIDE}" fill="none" stroke="#555"/>',
        *_ticks(at, low),
    ]
    dashed = 'fill="none" stroke="#999" stroke-dasharray="5 4"'
    for x in lines[0]:
        shapes.append(f'<path d="M{pixel(x, 1)[0]:.1f} {at[1]}v{_HIGH}" {dashed}/>')
    for y in lines[1]:
        shapes.append(f'<path d="M{at[0]} {pixel(1, y)[1]:.1f}h{_WIDE}" {dashed}/>')
    if labels[1]:
        shapes.append(
            f'<text x="{at[0]}" y="{at[1] + _HIGH + 38}">similarity of the forgotten (left: more forgotten; '
            "dashed: threshold)</text>"
        )
    labelled: list[tuple[float, float]] = []
    return "".join(shapes + [shape for curve in curves for shape in _drawn(curve, pixel, labelled)])


def _drawn(
    curve: _Curve,
    pixel: Callable[[float, float], tuple[float, float]],
    labelled: list[tuple[float, float]],
) -> list[str]:
    """Draw the points of a run with their steps, where no label is near; adds the labels to `labelled`."""
    places = [pixel(*point) for point in curve.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    shapes = [f'<polyline points="{path}" fill="none" stroke="{curve.colour}" stroke-width="1.5"/>']
    for k in [len(places) - 1, *range(len(places) - 1)]:  # the last step always has its label
        x, y = places[k]
        shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{curve.colour}"/>')
        if all(np.hypot(x - a, y - b) >= _LABELS_APART for a, b in labelled):
            labelled.append((x, y))
            shapes.append(
                f'<text x="{x + 5:.1f}" y="{y + 15:.1f}" font-size="11" fill="{curve.colour}">'
                f"{curve.steps[k]}</text>"
            )
    return shapes


def _ticks(at: tuple[int, int], low: Sequence[float]) -> list[str]:
    """Draw round numbers along both axes."""
    shapes = []
    for value in _round_numbers(low[0]):
        right = at[0] + _WIDE * (value - low[0]) / (1 - low[0])
        shapes.append(
            f'<path d="M{right:.1f} {at[1] + _HIGH}v4" stroke="#555"/>'
            f'<text x="{right:.1f}" y="{at[1] + _HIGH + 18}" text-anchor="middle">{value:.1f}</text>'
        )
    for value in _round_numbers(low[1]):
        down = at[1] + _HIGH * (1 - (value - low[1]) / (1 - low[1]))
        shapes.append(
            f'<path d="M{at[0]} {down:.1f}h-4" stroke="#555"/>'
            f'<text x="{at[0] - 8}" y="{down + 4:.1f}" text-anchor="end">{value:.2f}</text>'
        )
    return shapes


def _round_numbers(low: float) -> np.ndarray:
    """Return numbers from `low` to 1, one step apart; at most seven."""
    step = next(step for step in (0.02, 0.1, 0.2, 0.5, 1.0) if (1 - low) / step <= 6.01)
    return np.arange(np.ceil(low / step - 1e-6), round(1 / step) + 1) * step + 0.0  # never -0.0


def _floor(value: float) -> float:
    """Return where an axis begins: the tenth below the value, at most 0.9."""
    return min(0.9, np.floor(10 * value - 0.2) / 10)
