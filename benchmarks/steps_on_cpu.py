"""Time our step and the official one on the CPU of this machine, one after the other, and write a table.

    python benchmarks/steps_on_cpu.py --torch-python python3 --out benchmarks/bench_cpu
    python benchmarks/steps_on_cpu.py --before ../earlier --out benchmarks/bench_cpu

`--torch-python` is an interpreter with PyTorch and NumPy; the one that runs this has jaxunlearn. The step has
the official sizes: five pairs at 512², LPIPS (VGG16) and IR-SE50 on both sides, float32, random weights.
PyTorch takes the gradient pair by pair, since one backward pass for all needs 24 GB. `--before`, a checkout
of an earlier version, times the bundled model's step there and here, in turns. Each adds its rows to
`results.json` and writes `table.md` anew. Nothing else should run meanwhile: they take 15 and 7 minutes on
two cores.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from jaxunlearn.process import huge_pages
from jaxunlearn.profiling.devices import processor

ROOT = Path(__file__).resolve().parents[1]
TURNS = 3
"""Times that the bundled model's step is timed in each version."""


def official(python: str, folder: Path, steps: int) -> dict[str, Any]:
    """Time the official step; return its seconds and peak of memory."""
    file = folder / "official.json"
    options = ["--device", "cpu", "--pair-by-pair", "--warm-up", "1", "--steps", str(steps)]
    program = ROOT / "benchmarks/official_step/measure.py"
    subprocess.run([python, str(program), *options, "--out", str(file)], check=True)
    found = json.loads(file.read_text())
    return {
        "name": f"official, PyTorch {found['torch']}",
        "seconds": found["median"],
        "p95": found["p95"],
        "steps": steps,
        "peak_bytes": found["peak_resident"],
    }


def ours(
    checkout: Path, folder: Path, preset: str, steps: int, name: str, **variables: str
) -> dict[str, Any]:
    """Time our step in a checkout, with further environment variables; return the same."""
    options = ["--preset", preset, "--warm-up", "1", "--steps", str(steps), "--again", "--out", str(folder)]
    paths = os.pathsep.join(str(path) for path in (checkout, checkout / "ports"))
    command = [sys.executable, "-m", "jaxunlearn", "bench", *options]
    subprocess.run(command, check=True, cwd=checkout, env={**os.environ, "PYTHONPATH": paths, **variables})
    [found] = json.loads((folder / "results.json").read_text())["cases"]
    return {
        "name": f"{name}, JAX {found['jax']}",
        "seconds": found["step_seconds"]["p50"],
        "p95": found["step_seconds"]["p95"],
        "steps": steps,
        "peak_bytes": found["peak"]["bytes"],
        "compile_seconds": found["compile_seconds"],
    }


def full_size(python: str, out: Path, steps: int) -> list[dict[str, Any]]:
    """Time the step of the official size: PyTorch's, then ours."""
    return [official(python, out, steps), ours(ROOT, out / "full", "full", steps, "ours")]


def bundled(before: Path, out: Path) -> list[dict[str, Any]]:
    """Time the bundled model's step before and now, and now without huge pages, in turns."""
    forms = {
        "before": (before, {}),
        "now, without huge pages": (ROOT, {huge_pages.VARIABLE: ""}),
        "now": (ROOT, {}),
    }
    return [
        ours(checkout, out / "bundled", "heads", 30, f"{name}, turn {turn + 1}", **variables)
        for turn in range(TURNS)
        for name, (checkout, variables) in forms.items()
    ]


def table(rows: list[dict[str, Any]]) -> str:
    """Return a Markdown table; the first row is what the others are compared with."""
    heads = ("step", "median s", "p95 s", "steps", "times faster", "peak GiB")
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for row in rows:
        ratio = rows[0]["seconds"] / row["seconds"]
        peak = row["peak_bytes"] / 2**30
        numbers = f"{row['seconds']:.4g} | {row['p95']:.4g} | {row['steps']} | {ratio:.2f} | {peak:.1f}"
        lines.append(f"| {row['name']} | {numbers} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and write `results.json` and `table.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--torch-python")
    parser.add_argument("--before", type=Path)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    out, file = options.out.resolve(), options.out / "results.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    results["machine"] = processor()
    with tempfile.TemporaryDirectory() as folder:
        if options.torch_python:
            results["full size"] = full_size(options.torch_python, Path(folder), options.steps)
        if options.before:
            results["bundled model"] = bundled(options.before.resolve(), Path(folder))
    file.write_text(json.dumps(results, indent=1) + "\n")
    titles = [name for name in ("full size", "bundled model") if name in results]
    text = "".join(f"\n{name.capitalize()}:\n\n{table(results[name])}\n" for name in titles)
    (out / "table.md").write_text(f"On {results['machine']}.\n{text}")
    print(text)


if __name__ == "__main__":
    main()
