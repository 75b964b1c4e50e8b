"""Draw frontiers in SVG: what others keep against how far people are forgotten, a point for each step."""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from jaxunlearn.drawing import COLOURS, Panel, Stroke, stroke, svg
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.frontier.files import FrontierLine, points_of, read_frontier, thresholds_of
from jaxunlearn.files.door import write_text
from jaxunlearn.training.storage.run_dir import RunFolder

_WIDE, _HIGH, _LEFT, _TOP, _BELOW, _APART, _LETTER = 330, 230, 58, 40, 44, 26, 8
"""Size of a panel, the margins around it, the room for each line of the legend, and that for a letter."""

_LABELS_APART = 26
"""Pixels between two points that both get a label."""

_STEPS = "Numbers at the points are steps."
_FIGURES: Mapping[Literal["others_id", "others_kept"], str] = {
    "others_id": "similarity of other people",
    "others_kept": "share of other people kept",
}


class _Curve(NamedTuple):
    """A run's `stroke`, and its `steps` and `points` as `points_of` returns them."""

    stroke: Stroke
    steps: list[int]
    points: np.ndarray


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
    top = _TOP + _APART * (len(legend) + 1)
    shapes = [
        f'<path d="M{_LEFT} {21 + _APART * k}h30" {_pen(stroke(k))}/>'
        f'<text x="{_LEFT + 38}" y="{26 + _APART * k}">{html.escape(name)}</text>'
        for k, name in enumerate(legend)
    ]
    shapes.append(f'<text x="{_LEFT}" y="{26 + _APART * len(legend)}">{_STEPS}</text>')
    for column, (judge, threshold) in enumerate(thresholds.items()):
        for row, (figure, label) in enumerate(_FIGURES.items()):
            curves = [
                _Curve(stroke(k), *points_of(lines, judge, figure)) for k, lines in enumerate(runs.values())
            ]
            corner = _LEFT + column * (_WIDE + _LEFT), top + row * (_HIGH + _TOP + _BELOW)
            level = threshold if figure == "others_id" else None
            shapes.append(_panel(corner, curves, (threshold, level), (f"{judge}: {label}", row == 1)))
    names = max((len(name) for name in legend), default=0)
    width = max(len(thresholds) * (_WIDE + _LEFT) + 30, _LEFT + 38 + _LETTER * names)
    height = top + 2 * (_HIGH + _TOP + _BELOW) - _TOP + 10
    title = "Frontier: what others keep against how far people are forgotten, by judge"
    return svg(width, height, shapes, title)


def _pen(line: Stroke) -> str:
    dashes = f' stroke-dasharray="{line.dashes}"' if line.dashes else ""
    return f'fill="none" stroke="{COLOURS[line.colour]}" stroke-width="1.5"{dashes}'


def _panel(
    corner: tuple[int, int],
    curves: Sequence[_Curve],
    thresholds: tuple[float | None, float | None],
    labels: tuple[str, bool],
) -> str:
    """Draw axes and curves.

    Args:
      corner: upper left one of the panel, in pixels.
      curves: one for each run.
      thresholds: lines across x and along y; None draws none.
      labels: the title, and True to name the x axis.
    """
    every = np.concatenate([curve.points for curve in curves])
    lines = [[value for value in (each,) if value is not None] for each in thresholds]
    low_x, low_y = (_floor(min([*every[:, axis], *lines[axis]])) for axis in (0, 1))
    panel = Panel(*corner, _WIDE, _HIGH, (low_x, low_y), (1, 1))
    left, top = corner
    shapes = [
        f'<text x="{left}" y="{top - 12}" font-weight="bold">{html.escape(labels[0])}</text>',
        f'<path d="M{left} {top}V{panel.bottom}H{left + _WIDE}" fill="none" stroke="#555"/>',
        *panel.ticks(),
    ]
    dashed = 'fill="none" stroke="#999" stroke-dasharray="5 4"'
    for x in lines[0]:
        shapes.append(f'<path d="M{panel.place(x, 1)[0]:.1f} {top}v{_HIGH}" {dashed}/>')
    for y in lines[1]:
        shapes.append(f'<path d="M{left} {panel.place(1, y)[1]:.1f}h{_WIDE}" {dashed}/>')
    if labels[1]:
        shapes.append(
            f'<text x="{left}" y="{panel.bottom + 38}">similarity of the forgotten (left: more forgotten; '
            "dashed: threshold)</text>"
        )
    labelled: list[tuple[float, float]] = []
    return "".join(shapes + [shape for curve in curves for shape in _drawn(curve, panel, labelled)])


def _drawn(curve: _Curve, panel: Panel, labelled: list[tuple[float, float]]) -> list[str]:
    """Draw the points of a run with their steps, where no label is near; adds the labels to `labelled`."""
    places = [panel.place(*point) for point in curve.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    shapes = [f'<polyline points="{path}" {_pen(curve.stroke)}/>']
    colour = COLOURS[curve.stroke.colour]
    for k in [len(places) - 1, *range(len(places) - 1)]:  # the last step always has its label
        x, y = places[k]
        shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')
        if all(np.hypot(x - a, y - b) >= _LABELS_APART for a, b in labelled):
            labelled.append((x, y))
            shapes.append(
                f'<text x="{x + 5:.1f}" y="{y + 15:.1f}" font-size="11" fill="{colour}">'
                f"{curve.steps[k]}</text>"
            )
    return shapes


def _floor(value: float) -> float:
    """Return where an axis begins: the tenth below the value, at most 0.9."""
    return min(0.9, np.floor(10 * value - 0.2) / 10)
