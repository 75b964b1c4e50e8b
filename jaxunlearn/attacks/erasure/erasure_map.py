"""Draw forgotten and retained people as points of a plane, before and after (as in SUGAR's Figure 10).

The plane is that of the two principal components of the identity embeddings of all people in both generators.
The paper does not say how its figure was made. `K` people, `E` size of an embedding.
"""

import html
from typing import NamedTuple

import numpy as np

from jaxunlearn.drawing import Panel, svg

_SIDE, _GAP, _LEFT, _TOP, _BOTTOM = 400, 70, 64, 58, 52
_RETAINED, _FORGOTTEN = "#8a9aa5", "#b3541e"


class ErasureMap(NamedTuple):
    """People as points of a plane; the first `forgotten` people are the forgotten ones."""

    before: np.ndarray
    """`[K, 2]`, in the source."""

    after: np.ndarray
    """`[K, 2]`, in the unlearned generator."""

    variance: tuple[float, float]
    """Share of the variance of all embeddings along each axis."""

    forgotten: int


def erasure_map(before: np.ndarray, after: np.ndarray, *, forgotten: int) -> ErasureMap:
    """Project embeddings onto their first two principal components.

    Args:
      before: `[K, E]`, embeddings of people in the source.
      after: `[K, E]`, the same people in the unlearned generator.
      forgotten: number of forgotten people; they are the first.
    """
    together = np.concatenate([before, after]).astype(np.float64)
    centred = together - together.mean(axis=0)
    _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2] * np.sign(axes[:2, np.abs(axes[:2]).argmax(axis=1)].diagonal())[:, None]
    points = centred @ axes.T
    shares = lengths[:2] ** 2 / max(float(np.sum(lengths**2)), 1e-12)
    return ErasureMap(
        points[: len(before)], points[len(before) :], (float(shares[0]), float(shares[1])), forgotten
    )


def draw_erasure_map(points: ErasureMap) -> str:
    """Draw a map as SVG: a panel for each generator; the forgotten have their numbers, from 0 on."""
    everything = np.concatenate([points.before, points.after])
    low, high = everything.min(axis=0), everything.max(axis=0)
    margin = 0.06 * np.maximum(high - low, 1e-9)
    corners = _corner(low - margin), _corner(high + margin)
    width, height = 2 * _SIDE + _GAP + _LEFT + 16, _TOP + _SIDE + _BOTTOM
    panels = (("source generator", points.before), ("unlearned generator", points.after))
    shapes = [
        shape
        for number, (title, people) in enumerate(panels)
        for shape in _panel(
            Panel(_LEFT + number * (_SIDE + _GAP), _TOP, _SIDE, _SIDE, *corners), title, people, points
        )
    ]
    title = "People as a network sees them, in the source generator and in the unlearned one"
    return svg(width, height, [_legend(), *shapes], title)


def _corner(point: np.ndarray) -> tuple[float, float]:
    return float(point[0]), float(point[1])


def _legend() -> str:
    texts = ((_RETAINED, "never forgotten", 5), (_FORGOTTEN, "forgotten, with number", 135))
    return "".join(
        f'<circle cx="{_LEFT + x}" cy="14" r="4" fill="{colour}"/>'
        f'<text x="{_LEFT + x + 10}" y="18">{text}</text>'
        for colour, text, x in texts
    )


def _panel(panel: Panel, title: str, people: np.ndarray, points: ErasureMap) -> list[str]:
    left = panel.left
    places = [panel.place(*person) for person in people]
    shapes = [
        f'<text x="{left}" y="{_TOP - 10}" font-weight="bold">{html.escape(title)}</text>',
        f'<rect x="{left}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#555"/>',
        *panel.ticks(),
        f'<text x="{left + _SIDE / 2}" y="{_TOP + _SIDE + 40}" text-anchor="middle">'
        f"principal component 1 ({points.variance[0]:.0%} of the variance)</text>",
        f'<text transform="translate({left - 44} {_TOP + _SIDE / 2}) rotate(-90)" text-anchor="middle">'
        f"principal component 2 ({points.variance[1]:.0%})</text>",
    ]
    for x, y in places[points.forgotten :]:
        shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{_RETAINED}" fill-opacity="0.7"/>')
    forgotten = places[: points.forgotten]
    shapes += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{_FORGOTTEN}"/>' for x, y in forgotten]
    shapes += [
        f'<text x="{x + 6:.1f}" y="{y - 5:.1f}" font-weight="bold" fill="{_FORGOTTEN}" stroke="white" '
        f'stroke-width="3" paint-order="stroke">{k}</text>'
        for k, (x, y) in enumerate(forgotten)
    ]
    return shapes
