"""Run `jaxunlearn invert`: find the latents of photos."""

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from jaxunlearn.cli.readers import models_of, options_of_models
from jaxunlearn.photos.inversion_files import check_out, figures_file
from jaxunlearn.photos.inversion_report import measure, save, table
from jaxunlearn.photos.photo_inversion import invert
from jaxunlearn.photos.sources import paths_of
from jaxunlearn.reporting.page.inversion_page import write_inversion_page
from jaxunlearn.sharding import make_mesh
from jaxunlearn.terminal import say, say_lines


def run(arguments: argparse.Namespace) -> None:
    """Invert.

    Raises:
      InputError: if no photo, or another file or argument, can be used, or `--out` cannot be written; before
        the long part.
    """
    out: Path = arguments.out
    check_out(out, paths_of(arguments.images))
    mesh = make_mesh(1, arguments.devices) if arguments.devices > 1 else None
    models = models_of(arguments)
    inverted = invert(
        models,
        arguments.images,
        method=arguments.method,
        encoder=arguments.encoder,
        encoder_input=arguments.encoder_input,
        steps=arguments.steps,
        batch=arguments.batch,
        mesh=mesh,
    )
    figures = measure(models, inverted.images, inverted.inversion)
    written = save(out, models, inverted, figures)
    say_lines(table(inverted.names, figures, models.judge.name, models.judge.threshold))
    for path in written:
        say(path)
    say(write_inversion_page(figures_file(out)))
    say(_next_command(arguments, written, len(inverted.names)))


def _next_command(arguments: argparse.Namespace, written: Sequence[Path], people: int) -> str:
    """Return the command that forgets the people in the first file of latents, and say who they are."""
    if people == 1:
        who = "this person"
    else:
        who = "them" if len(written) == 1 else written[0].stem
    words = ["jaxunlearn", "unlearn", "--latents", str(written[0]), *options_of_models(arguments)]
    return f"make the generator forget {who}: {shlex.join(words)}"
