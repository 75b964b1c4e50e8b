"""Draw results as bars in SVG, one per case."""

import html
from collections.abc import Sequence
from typing import Any

from jaxunlearn.drawing import svg
from jaxunlearn.profiling.tables import significant

_LABEL, _BAR, _ROW, _MARGIN = 560, 420, 26, 12


def bars(results: Sequence[dict[str, Any]]) -> str:
    """Draw the median time per step and copy, with a whisker up to the 95th percentile."""
    measured = [result for result in results if "error" not in result]
    width = _LABEL + _BAR + 130
    height = _ROW * (len(measured) + 1) + 2 * _MARGIN
    longest = max((_seconds_per_copy(result, "p95") for result in measured), default=1.0)
    shapes = [
        f'<text x="{_MARGIN}" y="{_MARGIN + 14}" font-weight="bold">Milliseconds per step and copy '
        "(bar: median, whisker: 95th percentile); shorter is better</text>"
    ]
    for row, result in enumerate(measured, start=1):
        top = _MARGIN + row * _ROW
        median, slow = (_BAR * _seconds_per_copy(result, name) / longest for name in ("p50", "p95"))
        middle = top + _ROW / 2 - 3
        shapes += [
            f'<text x="{_LABEL - 8}" y="{top + 14}" text-anchor="end">{html.escape(result["name"])}</text>',
            f'<rect x="{_LABEL}" y="{top}" width="{median:.1f}" height="{_ROW - 6}" fill="#2266aa"/>',
            f'<path d="M{_LABEL + median:.1f} {middle}H{_LABEL + slow:.1f}m0 -5v10" fill="none" '
            'stroke="#333"/>',
            f'<text x="{_LABEL + slow + 8:.1f}" y="{top + 14}">'
            f"{significant(1e3 * _seconds_per_copy(result, 'p50'), 4)}</text>",
        ]
    return svg(width, height, shapes, "Milliseconds per step and copy of each case")


def _seconds_per_copy(result: dict[str, Any], percentile: str) -> float:
    return result["step_seconds"][percentile] / result["case"]["copies"]
