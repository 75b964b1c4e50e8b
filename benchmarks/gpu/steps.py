"""Time the full-size step on one device, in the forms worth comparing; the most telling cases come first.

    python -m benchmarks.gpu.steps --out steps --seconds 300

Cases are those of `jaxunlearn bench --preset full`: each in its own process, written as soon as it is
measured, the table too. The same command goes on where it was cut off. No case begins if `--seconds` would
pass before the longest case so far had ended once more.
"""

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from jaxunlearn.profiling import measure, results, tables
from jaxunlearn.profiling.cases import Case
from jaxunlearn.profiling.results import Result
from jaxunlearn.profiling.workload import PRESETS

Measure = Callable[[Case], Result]


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


def measure_all(cases_left: Sequence[Case], seconds: float, out: Path, measured_by: Measure) -> list[Result]:
    """Measure what is not measured yet, and print and write the table after each case.

    Args:
      cases_left: the cases, those first that matter most.
      seconds: a case begins only if these would suffice for another one as long as the longest so far.
      out: folder for `results.json` and `table.md`.
      measured_by: function from a case to its result.

    Returns:
      Results of the cases that there was time for.
    """
    began, longest, found = time.monotonic(), 0.0, []
    for case in cases_left:
        begins = time.monotonic()
        if begins - began + longest > seconds:
            print(f"no time left for: {case.name}", flush=True)
            continue
        file = out / "results.json"
        found += results.run([case], file, measured_by, measure.circumstances, again=False, progress=False)
        longest = max(longest, time.monotonic() - begins)
        print(tables.report(found[-1:]), flush=True)
        (out / "table.md").write_text(tables.report(results.read(file)))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 1 if no case could be measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--preset", choices=PRESETS, default="full")
    parser.add_argument("--only", type=int, help="number of cases from the start of the list")
    parser.add_argument("--no-profile", action="store_true")
    options = parser.parse_args(arguments)
    wanted = cases(options.preset, profiled=not options.no_profile)[: options.only]
    timed = [dataclasses.replace(each, steps=options.steps) for each in wanted]
    found = measure_all(timed, options.seconds, options.out, measure.in_own_process)
    return int(all("error" in result for result in found))


if __name__ == "__main__":
    sys.exit(main())
