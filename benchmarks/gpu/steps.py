"""Time the full-size step on one device, in the forms worth comparing; the most telling cases come first.

    python benchmarks/gpu/steps.py --out steps --seconds 300

Cases are those of `jaxunlearn bench --preset full`: each in its own process, written as soon as it is
measured. The same command goes on where it was cut off. No case begins after `--seconds`.
"""

import argparse
import dataclasses
import time
from pathlib import Path

from jaxunlearn.profiling import measure, results, tables
from jaxunlearn.profiling.cases import Case
from jaxunlearn.profiling.workload import PRESETS


def case(preset: str, **changes: object) -> Case:
    """Return the step of GUIDE in bfloat16 with all rays at once, but for some changes."""
    config = PRESETS[preset].config("guide")
    config.rendering.dtype = str(changes.pop("dtype", "bfloat16"))
    config.rendering.ray_chunk = int(str(changes.pop("ray_chunk", 0)))
    return dataclasses.replace(Case(preset, config.to_dict()), **changes)  # type: ignore[arg-type]


def cases(preset: str, *, profiled: bool) -> list[Case]:
    """Return the cases: the step, copies, precisions, and what other forms would cost."""
    return [
        case(preset, profile=profiled),
        case(preset, copies=2),
        case(preset, copies=4),
        case(preset, dtype="float32"),
        case(preset, dtype="float32", precision="highest"),
        case(preset, ray_chunk=4096),
    ]


def main() -> None:
    """Measure what is not measured yet, and print a table of what is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--preset", choices=PRESETS, default="full")
    parser.add_argument("--only", type=int, help="number of cases from the start of the list")
    parser.add_argument("--no-profile", action="store_true")
    options = parser.parse_args()
    began, file, measured = time.monotonic(), options.out / "results.json", []
    for each in cases(options.preset, profiled=not options.no_profile)[: options.only]:
        if time.monotonic() - began > options.seconds:
            print(f"no time left for: {each.name}", flush=True)
            continue
        timed = dataclasses.replace(each, steps=options.steps)
        measured += results.run([timed], file, measure.in_own_process, again=False, progress=False)
        print(tables.report(measured[-1:]), flush=True)
    (options.out / "table.md").write_text(tables.report(measured))


if __name__ == "__main__":
    main()
