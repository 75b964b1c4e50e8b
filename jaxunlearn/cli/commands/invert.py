"""Run `jaxunlearn invert`: find the latents of photos."""

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from jaxunlearn.cli.readers import devices_of, inverting_of, models_of, options_of_models
from jaxunlearn.photos.inversion.output import check_out, figures_file
from jaxunlearn.photos.inversion.plan import invert_planned, plan_inversion
from jaxunlearn.photos.inversion.report import InversionReport, table
from jaxunlearn.photos.sources import paths_of
from jaxunlearn.process import signals
from jaxunlearn.reporting.page.inversion_page import write_inversion_page
from jaxunlearn.terminal import say, say_lines

_NO_FILES = "interrupted; what is finished is kept. Photos of TFDS are not resumed: give another --out"


def run(arguments: argparse.Namespace) -> None:
    """Invert.

    Raises:
      InputError: if no photo, or another file or argument, can be used, or `--out` cannot be written; before
        the long part.
    """
    out: Path = arguments.out
    check_out(out, paths_of(arguments.images))
    mesh = devices_of(arguments)
    models = models_of(arguments)
    plan = plan_inversion(
        models,
        arguments.images,
        **inverting_of(arguments),
        steps=arguments.steps,
        batch=arguments.batch,
    )
    names = plan.photos.names
    if any(photo.sha256 is None for photo in plan.photos.photographs):
        signals.say_at_the_end(_NO_FILES)
    report = InversionReport(out, models, plan)
    if len(report.rest) < len(names):
        say(f"inverted before: {len(names) - len(report.rest)} of {len(names)} photos")
    if report.rest:
        invert_planned(models, plan, rows=report.rest, each=report.add, mesh=mesh)
    say_lines(table(names, report.figures, models.judge.name, models.judge.threshold))
    for path in report.latents:
        say(path)
    say(write_inversion_page(figures_file(out)))
    say(_next_command(arguments, report.latents, len(names)))


def _next_command(arguments: argparse.Namespace, written: Sequence[Path], people: int) -> str:
    """Return the command that forgets the people in the first file of latents, and say who they are."""
    if people == 1:
        who = "this person"
    else:
        who = "them" if len(written) == 1 else written[0].stem
    words = ["jaxunlearn", "unlearn", "--latents", str(written[0]), *options_of_models(arguments)]
    return f"make the generator forget {who}: {shlex.join(words)}"
