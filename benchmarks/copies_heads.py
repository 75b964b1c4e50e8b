"""Measure many people in one run on the bundled model, in turn and side by side, and write a table.

    python -m benchmarks.copies_heads --out benchmarks/copies_heads
    python -m benchmarks.copies_heads --copies 1 8 --steps 5 --out benchmarks/copies_heads

Each case runs in its own process, one after the other, and is kept in `results.json`; the same command goes
on where it was. `table.md` is written anew after each case. Nothing else should run meanwhile. On two cores a
step of eight copies takes seconds, and one of 32 copies over ten.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jaxunlearn.files.door import write_text
from jaxunlearn.process import entry
from jaxunlearn.profiling import measure, results
from jaxunlearn.profiling.cases import Case
from jaxunlearn.profiling.devices import processor
from jaxunlearn.profiling.tables import rows, significant
from jaxunlearn.profiling.workload import PRESETS

METHODS = {"guide": "GUIDE", "legato": "LEGATO"}
PRESET = "heads"
HEADER = (
    "method",
    "people",
    "at the same time",
    "compile s",
    "step ms",
    "copies x steps/s",
    "steps a person",
    "people/h",
    "trained MiB each",
    "moments MiB each",
    "target MiB each",
    "shared MiB",
    "peak GiB",
)


def cases(copies: Sequence[int], steps: int) -> list[Case]:
    """Return two cases for each number of copies and each method: in turn, and all at the same time."""

    def settings(method: str, at_once: int) -> dict[str, Any]:
        config = PRESETS[PRESET].config(method)
        config.copies_at_once = at_once
        return config.to_dict()

    return [
        Case(PRESET, settings(method, at_once), copies=count, steps=steps, warm_up=1)
        for count in copies
        for at_once in sorted({1, count})
        for method in METHODS
    ]


def row(result: dict[str, Any]) -> list[str]:
    """Return the row of a result."""
    seconds, copies, each = result["step_seconds"]["p50"], result["case"]["copies"], result["copy"]
    config = result["case"]["config"]
    return [
        METHODS[config["method"]],
        str(copies),
        str(config["copies_at_once"]),
        f"{result['compile_seconds']:.0f}",
        f"{1e3 * seconds:.0f}",
        significant(copies / seconds),
        str(config["steps"]),
        significant(result["identities_per_hour"]),
        f"{each['parameters'] / 2**20:.2f}",
        f"{each['optimiser'] / 2**20:.2f}",
        f"{each['target'] / 2**20:.2f}",
        f"{result['shared'] / 2**20:.1f}",
        f"{result['peak']['bytes'] / 2**30:.2f}",
    ]


def page(measured: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the page."""
    yield "# Many people at once"
    yield ""
    yield "`python -m benchmarks.copies_heads` on the bundled model of 128² images. Each person has a copy of"
    yield "what is trained: with GUIDE the weights of a backbone, with LEGATO adapters alone. Everything else"
    yield "is there once. Copies that are not trained at the same time take turns in each step. People/h"
    yield "counts the steps of a person and nothing else."
    yield ""
    known = [result for result in measured if "error" not in result]
    for name, steps, version in sorted(
        {(r.get("processor", r["device"]), r["step_seconds"]["calls"], r["jax"]) for r in known}
    ):
        yield f"{name}, JAX {version}; median of {steps} steps after one more."
    yield ""
    yield from rows(HEADER, [row(result) for result in known])
    for result in measured:
        if "error" in result:
            yield f"\n{result['name']}: {result['error']}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the page after each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--copies", type=int, nargs="+", default=[1, 8, 32], metavar="K")
    parser.add_argument("--steps", type=int, default=10, metavar="N", help="timed steps of a case [10]")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    asked = parser.parse_args(arguments)
    file = asked.out / "results.json"

    def measured_here(case: Case) -> dict[str, Any]:
        return {**measure.in_own_process(case), "processor": processor()}

    for case in cases(asked.copies, asked.steps):
        results.run([case], file, measured_here, measure.circumstances, again=False, progress=False)
        write_text(asked.out / "table.md", "\n".join(page(results.read(file))) + "\n")


if __name__ == "__main__":
    entry.prepare()  # the command's steps are measured, so in its environment
    main(sys.argv[1:])
