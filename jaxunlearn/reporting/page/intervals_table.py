"""Table of figures over people: how far they vary, and how certain their means are."""

import html
from collections.abc import Mapping
from typing import Any

_SHARES = {"forgotten": "forgotten people", "others_lost": "other people who are lost"}


def intervals_table(summary: Mapping[str, Any]) -> str:
    """Return a table of the figures that at least two people have; an empty text without any.

    Args:
      summary: of an evaluated run, with the `intervals` and `shares` of `statistics_of`.
    """
    rows = [
        (
            name,
            f"{each['mean']:.3f}",
            f"{each['low']:.3f} to {each['high']:.3f}",
            f"{each['std']:.3f}",
            f"{each['worst']:.3f}",
            str(each["n"]),
        )
        for name, each in summary.get("intervals", {}).items()
        if each["n"] > 1
    ]
    rows += [
        (
            label,
            f"{share['share']:.3f}",
            f"{share['low']:.3f} to {share['high']:.3f}",
            "",
            "",
            f"{share['number']} of {share['people']}",
        )
        for name, label in _SHARES.items()
        if (share := summary.get("shares", {}).get(name, {"people": 0}))["people"] > 1
    ]
    if not rows:
        return ""
    head = ("over people", "mean or share", "95 % interval", "deviation", "worst", "people")
    lines = "".join(f"<tr>{_cells('td', row)}</tr>" for row in rows)
    return f"<table><tr>{_cells('th', head)}</tr>{lines}</table>"


def _cells(kind: str, texts: tuple[str, ...]) -> str:
    return "".join(f"<{kind}>{html.escape(text)}</{kind}>" for text in texts)
