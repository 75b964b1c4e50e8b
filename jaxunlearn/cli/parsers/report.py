"""Arguments of `jaxunlearn report`."""

from argparse import ArgumentParser
from pathlib import Path

from jaxunlearn.cli.argument_groups import add_adapters
from jaxunlearn.cli.argument_types import local_path, name_or_path

DESCRIPTION = """\
Make the page of a run anew from what its folder holds. The page of a run that is going on shows how far it
is, and loads itself anew. Pictures that the folder does not hold are rendered. Or compare runs on one page.
"""
EXAMPLES = """\
examples:
  jaxunlearn report runs/seed0007
  jaxunlearn report --compare runs/guide runs/sugar --out comparison.html
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
        help="folder of a run; the page is its report.html",
    )
    which.add_argument(
        "--compare", type=local_path, nargs="+", metavar="RUN", help="folders of finished runs, side by side"
    )
    add(
        "--out",
        type=local_path,
        default=Path("comparison.html"),
        metavar="FILE",
        help="the page of --compare [%(default)s]",
    )
    add("--model", type=name_or_path, help="the source generator, if its file has moved since the run")
    add_adapters(parser, "an adapter of the source generator, if its file has moved since the run")
