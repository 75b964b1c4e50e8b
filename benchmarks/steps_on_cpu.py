"""Time our step and the official one on the CPU of this machine, one after the other, and write a table.

    python -m benchmarks.steps_on_cpu --torch-python python3 --out benchmarks/bench_cpu
    python -m benchmarks.steps_on_cpu --torch-python python3 --size bundled --out benchmarks/bench_cpu
    python -m benchmarks.steps_on_cpu --before ../earlier --out benchmarks/bench_cpu

`--torch-python` is an interpreter with PyTorch and NumPy; the one that runs this has jaxunlearn. The step has
the official sizes: five pairs at 512², LPIPS (VGG16) and IR-SE50 on both sides, float32, random weights.
PyTorch takes the gradient pair by pair, since one backward pass for all needs 24 GB.

With `--size bundled`, the step has the sizes of the bundled model: six pairs at 128², LPIPS (AlexNet) and a
small identity network. There PyTorch does one backward pass, as the official program does. Both take turns,
with and without huge pages.

`--before`, a checkout of an earlier version, times the bundled model's step there and here, in turns. Each
adds its rows to `results.json` and writes `table.md` anew. Nothing else should run meanwhile. On two cores
the official size takes 15 minutes, and `--before` 7.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxunlearn.files.door import read_json, write_json, write_text
from jaxunlearn.files.json_form import check_form
from jaxunlearn.process import huge_pages
from jaxunlearn.profiling.devices import processor

ROOT = Path(__file__).resolve().parents[1]
TURNS = 3
"""Times that the bundled model's step is timed in each form."""

Row = dict[str, Any]

WITHOUT = {huge_pages.VARIABLE: ""}
WITH = {huge_pages.VARIABLE: huge_pages.WORD}
"""Environment variables for steps without and with huge pages."""


def official(
    python: str, folder: Path, steps: int, *more: str, name: str = "official", **variables: str
) -> Row:
    """Time the official step; return its seconds and peak of memory.

    Args:
      python: interpreter with PyTorch.
      folder: for the program's file.
      steps: timed steps.
      more: options of the program.
      name: of the row.
      variables: of the environment.
    """
    file = folder / "official.json"
    options = ["--device", "cpu", "--warm-up", "1", "--steps", str(steps), *more]
    program = ROOT / "benchmarks/official_step/measure.py"
    command = [python, str(program), *options, "--out", str(file)]
    subprocess.run(command, check=True, env={**os.environ, **variables})
    found = json.loads(file.read_text())
    return {
        "machine": processor(),
        "name": f"{name}, PyTorch {found['torch']}",
        "seconds": found["median"],
        "p95": found["p95"],
        "steps": steps,
        "peak_bytes": found["peak_resident"],
    }


def ours(checkout: Path, folder: Path, preset: str, steps: int, name: str, **variables: str) -> Row:
    """Time our step in a checkout, with further environment variables; return the same."""
    options = ["--preset", preset, "--warm-up", "1", "--steps", str(steps), "--again", "--out", str(folder)]
    paths = os.pathsep.join(str(path) for path in (checkout, checkout / "ports"))
    command = [sys.executable, "-m", "jaxunlearn", "bench", *options]
    subprocess.run(command, check=True, cwd=checkout, env={**os.environ, "PYTHONPATH": paths, **variables})
    [found] = json.loads((folder / "results.json").read_text())["cases"]
    return {
        "machine": processor(),
        "name": f"{name}, JAX {found['jax']}",
        "seconds": found["step_seconds"]["p50"],
        "p95": found["step_seconds"]["p95"],
        "steps": steps,
        "peak_bytes": found["peak"]["bytes"],
        "compile_seconds": found["compile_seconds"],
    }


def full_size(python: str, out: Path, steps: int) -> list[Row]:
    """Time the step of the official size: PyTorch's, then ours."""
    return [
        official(python, out, steps, "--pair-by-pair", **WITHOUT),
        ours(ROOT, out / "full", "full", steps, "ours", **WITHOUT),
    ]


def bundled_size(python: str, out: Path, steps: int, turns: int) -> list[Row]:
    """Time the step of the bundled model's size: PyTorch's and ours in turns, without and with huge pages."""
    rows = []
    for turn in range(turns):
        for pages, variables in {"": WITHOUT, ", huge pages": WITH}.items():
            suffix = f"{pages}, turn {turn + 1}"
            options = ("--networks", "bundled")
            rows.append(official(python, out, steps, *options, name=f"official{suffix}", **variables))
            rows.append(ours(ROOT, out / "bundled", "heads", steps, f"ours{suffix}", **variables))
    return rows


def bundled(before: Path, out: Path) -> list[Row]:
    """Time the bundled model's step before and now, and now without huge pages, in turns."""
    forms = {
        "before": (before, {}),
        "now, without huge pages": (ROOT, WITHOUT),
        "now": (ROOT, {}),
    }
    return [
        ours(checkout, out / "bundled", "heads", 30, f"{name}, turn {turn + 1}", **variables)
        for turn in range(TURNS)
        for name, (checkout, variables) in forms.items()
    ]


def table(rows: list[Row]) -> str:
    """Return a Markdown table; the first row is what the others are compared with."""
    heads = ("step", "median s", "p95 s", "steps", "times faster", "peak GiB")
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for row in rows:
        ratio = rows[0]["seconds"] / row["seconds"]
        peak = row["peak_bytes"] / 2**30
        numbers = f"{row['seconds']:.4g} | {row['p95']:.4g} | {row['steps']} | {ratio:.2f} | {peak:.1f}"
        lines.append(f"| {row['name']} | {numbers} |")
    return "\n".join(lines)


def page(results: Mapping[str, list[Row]]) -> str:
    """Return all tables, each with the machine that its rows were measured on."""
    titles = [name for name in ("full size", "bundled size", "bundled model") if name in results]
    return "\n".join(
        f"{name.capitalize()}, on {results[name][0]['machine']}:\n\n{table(results[name])}\n"
        for name in titles
    )


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--torch-python", help="interpreter with PyTorch: times the official step and ours")
    parser.add_argument("--size", choices=("full", "bundled"), default="full", help="of that comparison")
    parser.add_argument("--before", type=Path, help="checkout of an earlier version, for the bundled model")
    parser.add_argument("--steps", type=int, help="timed steps; 3 at full size, 30 at the bundled one")
    parser.add_argument("--turns", type=int, default=TURNS, help="of the comparison at the bundled size")
    parser.add_argument("--out", type=Path, required=True, help="folder for results.json and table.md")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Measure, and write `results.json` and `table.md`."""
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "results.json"
    results = check_form(read_json(file), dict[str, list[Row]], file) if file.exists() else {}
    python = options.torch_python
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if python and options.size == "full":
            results["full size"] = full_size(python, folder, options.steps or 3)
        if python and options.size == "bundled":
            results["bundled size"] = bundled_size(python, folder, options.steps or 30, options.turns)
        if options.before:
            results["bundled model"] = bundled(options.before.resolve(), folder)
    write_json(file, results)
    write_text(options.out / "table.md", page(results))
    print(page(results))


if __name__ == "__main__":
    main()
