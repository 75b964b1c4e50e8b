"""Arguments of `jaxunlearn demo`."""

from argparse import ArgumentParser

from jaxunlearn.cli.argument_groups import add_config
from jaxunlearn.cli.argument_types import MOST_STEPS, local_path, seed, whole

DESCRIPTION = """\
Make the bundled generator forget one of its people, measure the result, and show it.

Nothing is downloaded, and none of these people exists. 80 steps and the measurement take about three minutes
on two idle CPU cores, and six while other work runs. With --steps 300, as in the other commands, more is
forgotten and fewer other people change.
"""
EXAMPLES = """\
examples:
  jaxunlearn demo
  jaxunlearn demo --seed 12 --out runs/twelve
  jaxunlearn demo --config.target.kind=mean --out runs/towards_the_mean
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add("--seed", "--seeds", type=seed, default=7, metavar="N", help="the person to forget [%(default)s]")
    add("--out", type=local_path, metavar="DIR", help="folder to write [runs/demo-seed and the seed]")
    add("--steps", type=whole(1, MOST_STEPS), metavar="N", help="the same as --config.steps=N [80]")
    add_config(parser)
    parser.set_defaults(resumes=True)
