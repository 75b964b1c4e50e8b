"""`jaxunlearn bench`: how fast the compiled step is on this machine."""

import argparse
from pathlib import Path
from typing import Any

from jaxunlearn.cli.options import MOST_COPIES, MOST_STEPS, add_step, local_path, mesh_shape, step_of, whole
from jaxunlearn.terminal import say, say_lines

_DESCRIPTION = """\
Time the compiled unlearning step as runs use it: compilation apart, then single steps after a warm-up. Each
case runs in a process of its own and is kept as soon as it is finished; the same command then goes on.

Writes results.json, table.md and plot.svg.
"""
_EXAMPLES = """\
examples:
  jaxunlearn bench --steps 10
  jaxunlearn bench --sweep copies=1,2,4 --sweep dtype=float32,bfloat16 --out bench/copies
  jaxunlearn bench --preset full --sweep precision=default,highest --sweep ray_chunk=1024,4096,0 --parts
  jaxunlearn bench --method sugar --people 50 --mesh 1x4
  jaxunlearn bench --out bench/after --compare bench/before
what can be swept:
  copies, people (of SUGAR), mesh (IxS devices), precision (default, high, highest), pairs, adjacent, global,
  dtype, ray_chunk (rays at a time, recomputed for the gradient; 0: all, nothing recomputed), rays (along
  each side)
"""


def add_parser(subparsers: Any) -> None:
    """Register the subcommand."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "bench",
        help="time the compiled step on this machine",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add_step(parser)
    add("--sweep", action="append", default=[], metavar="NAME=V,V", help="a case for each value; repeatable")
    add("--copies", type=whole(1, MOST_COPIES), default=1, metavar="K", help="generator copies [%(default)s]")
    add("--mesh", type=mesh_shape, metavar="IxS", help="devices along identity and along sample [one device]")
    add(
        "--steps",
        type=whole(1, MOST_STEPS),
        default=30,
        metavar="N",
        help="steps to time; under 30 is said [%(default)s]",
    )
    add("--warm-up", type=whole(1, MOST_STEPS), default=3, metavar="N", help="steps before [%(default)s]")
    add("--parts", action="store_true", help="time each part too, forward and backward: a roofline table")
    add("--out", type=local_path, default=Path("bench"), metavar="DIR", help="folder to write [%(default)s]")
    add("--again", action="store_true", help="measure finished cases anew")
    add("--compare", type=local_path, metavar="FILE", help="results.json, or its folder, to compare with")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Measure, write, compare.

    Raises:
      InputError: if a case makes no sense, or a file is no result.
    """
    from jaxunlearn.files.door import write_text
    from jaxunlearn.profiling import measure, plot, results, tables
    from jaxunlearn.profiling.cases import Case, swept
    from jaxunlearn.profiling.workload import PRESETS

    config, people = step_of(arguments, PRESETS[arguments.preset])
    before = results.read(arguments.compare) if arguments.compare else None
    case = Case(
        arguments.preset,
        config.to_dict(),
        copies=arguments.copies,
        people=people,
        mesh=arguments.mesh,
        steps=arguments.steps,
        warm_up=arguments.warm_up,
        parts=arguments.parts,
    )
    cases = swept(case, arguments.sweep)
    found = results.run(
        cases,
        arguments.out / "results.json",
        measure.in_own_process,
        again=arguments.again,
        progress=True,
    )
    text = tables.report(found)
    if before is not None:
        text += "\n" + "\n".join(tables.comparison(found, before)) + "\n"
    for name, content in (("table.md", text), ("plot.svg", plot.bars(found))):
        write_text(arguments.out / name, content)
    say_lines(text.rstrip("\n"))
    for name in ("results.json", "table.md", "plot.svg"):
        say(arguments.out / name)
