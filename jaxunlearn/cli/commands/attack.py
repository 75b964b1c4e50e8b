"""Run `jaxunlearn attack`: try to get forgotten people back."""

import argparse
import functools

from jaxunlearn.attacks.attack import attack
from jaxunlearn.attacks.kinds import KINDS
from jaxunlearn.cli.readers import read_run
from jaxunlearn.reporting.attacks.report import write_attack_report
from jaxunlearn.reporting.page.run_page import write_run_page
from jaxunlearn.terminal import say
from jaxunlearn.training.storage.run_dir import RunFolder


def run(arguments: argparse.Namespace) -> None:
    """Attack.

    Raises:
      InputError: if the folder is not that of a finished run, or a file or number cannot be used.
    """
    result, config, models = read_run(arguments)
    attack(
        models,
        result,
        config,
        attacks=arguments.attack or tuple(KINDS),
        people=arguments.people,
        depth=arguments.depth,
        seed=arguments.seed,
        again=arguments.again,
        after_each=functools.partial(write_run_page, RunFolder(arguments.folder)),
    )
    for line in write_attack_report(models, result, config):
        say(line)
