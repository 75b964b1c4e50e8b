"""Arguments of `jaxunlearn report`."""

from argparse import ArgumentParser

from jaxunlearn.cli.argument_groups import add_adapters, add_mean
from jaxunlearn.cli.argument_types import local_path, name_or_path

DESCRIPTION = """\
Make the page of a folder anew from what it holds: of a run, a sweep, a sequence of requests, a work list, a
paper's table or an inversion (a folder, or its FILE.npz). The page of a run that is going on shows how far it
is, and reloads itself. Pictures that a run does not hold are rendered. Or compare runs on one page.
"""
EXAMPLES = """\
examples:
  jaxunlearn report runs/seed0007
  jaxunlearn report runs/sweep
  jaxunlearn report --compare runs/guide runs/sugar --out comparison.html
  jaxunlearn report --compare runs/guide runs/sugar --model heads --model moved/heads.safetensors
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "folder",
        type=local_path,
        nargs="?",
        metavar="RUN",
        help="folder of a run, sweep, sequence, work list or inversion, whose page is its report.html; "
        "or FILE.npz of an inversion, whose page is FILE.html",
    )
    which.add_argument(
        "--compare", type=local_path, nargs="+", metavar="RUN", help="folders of finished runs, side by side"
    )
    add("--out", type=local_path, metavar="FILE", help="the page of --compare [comparison.html]")
    add(
        "--model",
        type=name_or_path,
        action="append",
        default=[],
        help="the source generator, if its file has moved since the run. With --compare: once for all, or "
        "once for each run, in their order",
    )
    add_adapters(parser, "an adapter of the source generator, if its file has moved since the run")
    add_mean(parser, "[as in the run]")
