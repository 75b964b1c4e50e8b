"""Run `jaxunlearn demo`: forget a person of the bundled model and show the result."""

import argparse
import shlex
from pathlib import Path

from jaxunlearn.cli.readers import read_config, set_by
from jaxunlearn.errors import install
from jaxunlearn.evaluation import can_render_albums
from jaxunlearn.methods.config import check_config
from jaxunlearn.methods.registry import DEFAULT, preset
from jaxunlearn.models import loading
from jaxunlearn.photos.people import people_from_seeds
from jaxunlearn.reporting.live_page import live_page
from jaxunlearn.reporting.report import evaluate_and_report
from jaxunlearn.terminal import say
from jaxunlearn.training.unlearn import unlearn

STEPS = 80
"""A quarter of the preset's, for minutes on two CPU cores; less is forgotten, and more others are lost."""


def run(arguments: argparse.Namespace) -> None:
    """Unlearn, evaluate, report.

    Raises:
      InputError: if a setting cannot be used, or the folder holds something else.
      Interrupted: after Ctrl-C.
    """
    config = preset(f"{DEFAULT}/heads")
    config.steps = STEPS
    config = read_config(arguments.config, arguments.overrides, config)
    set_by(config, "--steps", arguments.steps, "steps", arguments.overrides)
    check_config.check(config)
    if config.evaluation.album and not can_render_albums():
        say(f"note: no photos of other days without numba ({install('data')})")
        config.evaluation.album = 0
    models = loading.load_models("heads")
    people = people_from_seeds(models, [arguments.seed])
    out = arguments.out or Path("runs") / f"demo-{people.name}"
    with live_page(config.log_every, out) as page:
        result = unlearn(models, people, config, workdir=out, callbacks=[page])
        lines = evaluate_and_report(models, result, config)
    for line in lines:
        say(line)
    command = shlex.join(["jaxunlearn", "render", str(out), "--video", "orbit.gif"])
    say(f"try next: {command}, or another person: --seed {arguments.seed + 1}")
