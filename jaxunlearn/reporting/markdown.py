"""Tables in Markdown."""

from collections.abc import Iterable, Sequence


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table; texts of cells are taken as they are, and have to be escaped before."""
    return [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows)]
