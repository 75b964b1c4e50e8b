"""Run `jaxunlearn invert`: find the latents of photos."""

import argparse
from pathlib import Path

from jaxunlearn.cli.readers import models_of
from jaxunlearn.errors import InputError
from jaxunlearn.photos.inversion_report import figures_file, measure, save, table
from jaxunlearn.photos.photo_inversion import invert
from jaxunlearn.reporting.page.inversion_page import write_inversion_page
from jaxunlearn.sharding import make_mesh
from jaxunlearn.terminal import say, say_lines


def run(arguments: argparse.Namespace) -> None:
    """Invert.

    Raises:
      InputError: if no photo, or another file or argument, can be used; before the long part.
    """
    out: Path = arguments.out
    if out.suffix not in ("", ".npz") and not out.is_dir():
        raise InputError(f"--out {out}: give a folder, or a file that ends in .npz")
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
    say(f"make the generator forget them: jaxunlearn unlearn --latents {written[0]}")
