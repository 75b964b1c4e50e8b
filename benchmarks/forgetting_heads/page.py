"""The page of all lines: the table, and every run of the tuning."""

from benchmarks.forgetting_heads.lines import Line


def page(tuning: list[Line], results: list[Line]) -> str:
    """Return the page as markdown."""
    return f"{len(tuning)} {len(results)}\n"
