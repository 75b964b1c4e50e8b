"""Run `jaxunlearn report`: make pages anew."""

import argparse

from jaxunlearn.errors import InputError
from jaxunlearn.reporting.page.compare_page import write_comparison
from jaxunlearn.reporting.remake import remake_report
from jaxunlearn.terminal import say
from jaxunlearn.training.storage.run_dir import RunFolder


def run(arguments: argparse.Namespace) -> None:
    """Write a page.

    Raises:
      InputError: if a folder is not that of a run, or a file in it cannot be used.
    """
    if arguments.compare is None:
        folder = RunFolder(arguments.folder)
        say(remake_report(folder, model=arguments.model, adapters=arguments.adapter))
        return
    if arguments.out.suffix != ".html":
        raise InputError(f"--out {arguments.out}: give a file that ends in .html")
    for folder in arguments.compare:
        if not RunFolder(folder).finished():
            raise InputError(f"{folder}: the run is not finished; leave it out, or let it end")
        remake_report(RunFolder(folder), model=arguments.model, adapters=arguments.adapter)
    say(write_comparison(arguments.compare, arguments.out))
