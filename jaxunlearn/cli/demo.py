"""`jaxunlearn demo`: the whole story on the bundled model."""

import argparse
from pathlib import Path
from typing import Any

from jaxunlearn.cli.options import add_config, local_path, seed
from jaxunlearn.terminal import say

_DESCRIPTION = """\
Make the bundled generator forget one of its people, measure what happened, and show it.

Nothing is downloaded; nobody in it exists. Takes a few minutes on a laptop's CPU.
"""
_EXAMPLES = """\
examples:
  jaxunlearn demo
  jaxunlearn demo --seed 12 --out runs/twelve
  jaxunlearn demo --config.target.kind=mean --out runs/towards_the_mean
"""


def add_parser(subparsers: Any) -> None:
    """Register the subcommand."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "demo",
        help="the whole story on the bundled model, in a few minutes",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=seed, default=7, metavar="N", help="who is forgotten [%(default)s]")
    parser.add_argument(
        "--out", type=local_path, metavar="DIR", help="folder to write [runs/demo-seed and the seed]"
    )
    add_config(parser)
    parser.set_defaults(run=run, resumes=True)


def run(arguments: argparse.Namespace) -> None:
    """Unlearn, evaluate, report.

    Raises:
      InputError: if a setting cannot be used, or the folder holds something else.
      Interrupted: after Ctrl-C.
    """
    from jaxunlearn.cli.options import read_config
    from jaxunlearn.evaluation import can_render_albums
    from jaxunlearn.methods import configuration
    from jaxunlearn.methods.guide import presets
    from jaxunlearn.models.loading import load_models
    from jaxunlearn.photos.people import people_from_seeds
    from jaxunlearn.reporting.report import evaluate_and_report
    from jaxunlearn.training.unlearn import unlearn

    config = read_config(arguments.config, arguments.overrides, presets.heads())
    configuration.check(config)
    if config.evaluation.album and not can_render_albums():
        say("note: no photographs of other days without numba (pip install 'jaxunlearn[data]')")
        config.evaluation.album = 0
    models = load_models("heads")
    people = people_from_seeds(models, [arguments.seed])
    out = arguments.out or Path("runs") / f"demo-{people.name}"
    result = unlearn(models, people, config, workdir=out)
    for line in evaluate_and_report(models, result, config):
        say(line)
    say(
        f"try next: jaxunlearn render {out} --video orbit.gif, or another person: --seed {arguments.seed + 1}"
    )
