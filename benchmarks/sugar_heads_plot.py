"""The table of `sugar_heads.py` as a picture: what others keep, and who is forgotten, against how many are.

Reads `benchmarks/sugar_heads.jsonl` and writes `docs/images/sugar_against_guide.svg`. It needs matplotlib,
which nothing else here needs.
"""

import argparse
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxunlearn.files.json_lines import read_json_lines

COLOURS = {"GUIDE": "#b3541e", "SUGAR": "#1f6f8b"}


def draw(lines: list[dict[str, Any]], out: Path) -> None:
    """Draw the runs that forgot all at once: a dot a draw of people, lines through means or maxima."""
    figure = Figure(figsize=(9.6, 3.8), layout="constrained")
    others, forgotten = figure.subplots(1, 2)
    for row, colour in COLOURS.items():
        runs = [line for line in lines if line["row"] == row and line["stages"] == 1]
        _row(others, runs, "others_id", np.mean, row, colour)
        _row(forgotten, runs, "id_highest", np.max, row, colour)
    threshold, numbers = lines[0]["threshold"], sorted({line["people"] for line in lines})
    for axes in (others, forgotten):
        axes.axhline(threshold, color="0.4", linestyle="--", linewidth=1)
        axes.set_xscale("log")
        axes.set_xticks(numbers, [str(n) for n in numbers])
        axes.minorticks_off()
        axes.set_xlabel("people forgotten in one generator")
        axes.set_ylim(-0.85, 1.05)
        axes.spines[["top", "right"]].set_visible(False)
    others.set_title("Everybody else: similarity to before (mean)", fontsize=10)
    forgotten.set_title("The forgotten: similarity of whoever changed least", fontsize=10)
    others.text(200, threshold + 0.02, "one person from here on", color="0.4", fontsize=8, ha="right")
    others.legend(frameon=False, loc="lower left")
    with matplotlib.rc_context({"svg.hashsalt": "sugar_heads"}):  # the same numbers, the same bytes
        figure.savefig(out, metadata={"Date": None} if out.suffix == ".svg" else None)


def _row(axes: Axes, runs: list[dict[str, Any]], name: str, summary: Any, label: str, colour: str) -> None:
    axes.plot(
        [run["people"] for run in runs], [run[name] for run in runs], "o", color=colour, ms=4, alpha=0.5
    )
    numbers = sorted({run["people"] for run in runs})
    values = [summary([run[name] for run in runs if run["people"] == n]) for n in numbers]
    axes.plot(numbers, values, color=colour, label=label)


def main() -> None:
    """Read and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, default=Path("benchmarks/sugar_heads.jsonl"))
    parser.add_argument("--out", type=Path, default=Path("docs/images/sugar_against_guide.svg"))
    arguments = parser.parse_args()
    draw(read_json_lines(arguments.results, dict[str, Any]), arguments.out)


if __name__ == "__main__":
    main()
