"""Time our step and the official one on the CPU of this machine, one after the other, and write a table.

    python benchmarks/official_step/compare_cpu.py --torch-python python3 --out benchmarks/official_step/cpu

`--torch-python` is an interpreter with PyTorch and NumPy; the one that runs this has jaxunlearn. The step has
the official sizes: five pairs at 512², LPIPS (VGG16) and IR-SE50 on both sides, float32, random weights.
PyTorch takes the gradient pair by pair, since one backward pass for all needs 24 GB. `--before FOLDER`, a
checkout of an earlier version, also times the bundled model's step there and here, in turns. Nothing else
should run meanwhile: it takes 20 minutes on two cores.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
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


def ours(checkout: Path, folder: Path, preset: str, steps: int, name: str) -> dict[str, Any]:
    """Time our step in a checkout; return the same."""
    options = ["--preset", preset, "--warm-up", "1", "--steps", str(steps), "--again", "--out", str(folder)]
    paths = os.pathsep.join(str(path) for path in (checkout, checkout / "ports"))
    command = [sys.executable, "-m", "jaxunlearn", "bench", *options]
    subprocess.run(command, check=True, cwd=checkout, env={**os.environ, "PYTHONPATH": paths})
    [found] = json.loads((folder / "results.json").read_text())["cases"]
    return {
        "name": f"{name}, JAX {found['jax']}",
        "seconds": found["step_seconds"]["p50"],
        "p95": found["step_seconds"]["p95"],
        "steps": steps,
        "peak_bytes": found["peak"]["bytes"],
        "compile_seconds": found["compile_seconds"],
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Return a Markdown table; the first row is what the others are compared with."""
    lines = [
        "| step | median s | p95 s | steps | times faster | peak GiB |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
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
    parser.add_argument("--torch-python", required=True)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    out = options.out.resolve()
    bundled: list[dict[str, Any]] = []
    for turn in range(TURNS if options.before else 0):
        for name, checkout in (("before", options.before.resolve()), ("now", ROOT)):
            folder = out / "bundled" / f"{name}{turn}"
            bundled.append(ours(checkout, folder, "heads", 30, f"{name}, turn {turn + 1}"))
    full = [official(options.torch_python, out, options.steps)]
    full.append(ours(ROOT, out / "full", "full", options.steps, "ours"))
    machine = f"{os.cpu_count()} x {platform.processor() or platform.machine()}"
    results = {"machine": machine, "full": full, "bundled": bundled}
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    text = "".join(
        f"\n{title}:\n\n{table(rows)}\n"
        for title, rows in (("Full size", full), ("Bundled model", bundled))
        if rows
    )
    (out / "table.md").write_text(f"On {machine}.\n{text}")
    print(text)


if __name__ == "__main__":
    main()
