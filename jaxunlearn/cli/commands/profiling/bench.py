"""Run `jaxunlearn bench`: time the compiled step on this machine."""

import argparse

from jaxunlearn.cli.readers import step_of
from jaxunlearn.files.door import write_text
from jaxunlearn.profiling import measure, plot, results, tables
from jaxunlearn.profiling.cases import Case, swept
from jaxunlearn.profiling.workload import PRESETS
from jaxunlearn.terminal import say, say_lines


def run(arguments: argparse.Namespace) -> None:
    """Measure, write, compare.

    Raises:
      InputError: if a case is impossible, or a file of results cannot be used.
    """
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
        profile=arguments.profile,
    )
    cases = swept(case, arguments.sweep)
    measured = results.run(
        cases,
        arguments.out / "results.json",
        measure.in_own_process,
        again=arguments.again,
        progress=True,
    )
    text = tables.report(measured)
    if before is not None:
        text += "\n" + "\n".join(tables.comparison(measured, before)) + "\n"
    for name, content in (("table.md", text), ("plot.svg", plot.bars(measured))):
        write_text(arguments.out / name, content)
    say_lines(text.rstrip("\n"))
    for name in ("results.json", "table.md", "plot.svg"):
        say(arguments.out / name)
