"""Run `jaxunlearn report`: make pages anew."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from jaxunlearn.errors import InputError
from jaxunlearn.reporting.page.many.compare_page import write_comparison
from jaxunlearn.reporting.remake import remake_run_page
from jaxunlearn.terminal import say
from jaxunlearn.training.result import check_finished
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.workflows.remake import remake_page


def run(arguments: argparse.Namespace) -> None:
    """Write a page.

    Raises:
      InputError: if a folder is not that of a run, a file in it cannot be used, or an option does not fit.
    """
    if arguments.compare is None:
        if arguments.out is not None:
            raise InputError("--out needs --compare; the page of a folder is its report.html")
        (model,) = _models(arguments.model, 1)
        say(remake_page(arguments.folder, model=model, adapters=arguments.adapter, w_avg=arguments.w_avg))
        return
    out = arguments.out or Path("comparison.html")
    if out.suffix != ".html":
        raise InputError(f"--out {out}: give a file that ends in .html")
    models = _models(arguments.model, len(arguments.compare))
    for folder in arguments.compare:
        check_finished(RunFolder(folder))
    for folder, model in zip(arguments.compare, models, strict=True):
        remake_run_page(RunFolder(folder), model=model, adapters=arguments.adapter, w_avg=arguments.w_avg)
    say(write_comparison(arguments.compare, out))


def _models(given: Sequence[str], runs: int) -> list[str | None]:
    """Return the source generator of each run; None where none was given.

    Raises:
      InputError: if their number is neither 1 nor that of the runs.
    """
    if not given:
        return [None] * runs
    if len(given) not in (1, runs):
        count = "1 run" if runs == 1 else f"{runs} runs"
        raise InputError(f"--model: is there {len(given)} times for {count}; give it once, or once for each")
    return [*given] * (runs if len(given) == 1 else 1)
