"""Arguments of `jaxunlearn models`."""

from argparse import ArgumentParser

from jaxunlearn.cli.argument_types import local_path

DESCRIPTION = """\
List the models that the commands can use: the purpose and licence of each, whether its file is on this
machine and can be read, and where its authors publish it if not. Searches the current folder, its folder
models/, --dir, and the folders in the environment variable JAXUNLEARN_MODELS.
"""
EXAMPLES = """\
example:
  jaxunlearn models --dir ~/Downloads
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--dir", type=local_path, action="append", default=[], help="folder to search; repeatable"
    )
