"""`jaxunlearn models`: what can be used, and what of it is here."""

import argparse
from typing import Any

from jaxunlearn.cli.options import local_path
from jaxunlearn.terminal import say

_DESCRIPTION = """\
List the models that the commands can use: what each is for, under what licence, whether its file is found
here and can be read, and where its authors publish it if not. Searches the current folder, its models/,
--dir, and the folders in the environment variable JAXUNLEARN_MODELS.
"""
_EXAMPLES = """\
example:
  jaxunlearn models --dir ~/Downloads
"""


def add_parser(subparsers: Any) -> None:
    """Register the subcommand."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "models",
        help="what can be used, and what of it is here",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--dir", type=local_path, action="append", default=[], help="folder to search; repeatable"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print the list.

    Raises:
      InputError: if a folder of --dir does not exist.
    """
    from tqdm import tqdm

    from jaxunlearn.errors import InputError
    from jaxunlearn.models.files import pretrained
    from jaxunlearn.models.files.pretrained_files import readability

    for folder in arguments.dir:
        if not folder.is_dir():
            raise InputError(f"--dir {folder}: no such folder")
    width = max(len(entry.name) for entry in pretrained.ENTRIES)
    folders = pretrained.search_folders(arguments.dir)
    found = {entry: pretrained.find(entry, folders) for entry in pretrained.ENTRIES}
    here = [(entry, file) for entry, file in found.items() if file is not None]
    states = {}
    for entry, file in tqdm(here, desc="reading", unit="file", disable=not here, leave=False):
        states[entry] = (f"{file}, sha256 {pretrained.sha256(file)}", readability(entry, file))
    say(f"{'heads':{width}} bundled: synthetic people, 64², with their encoder")
    say(f"{'random':{width}} built in: a small generator that was never trained")
    for entry in pretrained.ENTRIES:
        say(f"{entry.name:{width}} {entry.purpose}")
        say(f"{'':{width}} licence: {entry.licence}")
        for line in states.get(entry, (f"not here; published at {entry.published}",)):
            say(f"{'':{width}} {line}")
