"""Run `jaxunlearn bench`: time the compiled step on this machine."""

import argparse
import functools
from collections.abc import Sequence
from pathlib import Path

from jaxunlearn.cli.readers import step_of
from jaxunlearn.errors import InputError
from jaxunlearn.files.door import write_text
from jaxunlearn.files.lock import locked
from jaxunlearn.profiling import measure, plot, results, tables
from jaxunlearn.profiling.cases import Case, swept
from jaxunlearn.profiling.workload import PRESETS
from jaxunlearn.terminal import say, say_lines


def run(arguments: argparse.Namespace) -> None:
    """Measure, write, compare.

    Raises:
      InputError: if a sweep makes no sense, a file of results cannot be used, or no case could be measured.
    """
    before = results.read(arguments.compare) if arguments.compare else None
    cases = swept(functools.partial(_case, arguments), arguments.sweep)
    with locked(arguments.out):
        measured = results.run(
            cases,
            arguments.out / "results.json",
            measure.in_own_process,
            measure.circumstances,
            again=arguments.again,
            progress=True,
        )
        _report(measured, before, arguments.out)
    if all("error" in result for result in measured):
        first = measured[0]
        raise InputError(f"no case could be measured; {first['name']}: {first['error']}")


def _case(arguments: argparse.Namespace, people: int | None) -> Case:
    """Return the case of the arguments, perhaps with another number of people."""
    config, people = step_of(arguments, PRESETS[arguments.preset], people)
    return Case(
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


def _report(measured: Sequence[results.Result], before: Sequence[results.Result] | None, out: Path) -> None:
    """Write and print the tables."""
    text = tables.report(measured)
    if before is not None:
        text += "\n" + "\n".join(tables.comparison(measured, before)) + "\n"
    for name, content in (("table.md", text), ("plot.svg", plot.bars(measured))):
        write_text(out / name, content)
    say_lines(text.rstrip("\n"))
    for name in ("results.json", "table.md", "plot.svg"):
        say(out / name)
