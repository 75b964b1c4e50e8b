"""Run `jaxunlearn attack`: try to get forgotten people back."""

import argparse

from jaxunlearn.attacks.attack import attack
from jaxunlearn.attacks.kinds import KINDS
from jaxunlearn.cli.readers import read_config
from jaxunlearn.errors import InputError
from jaxunlearn.methods import configuration
from jaxunlearn.models import loading
from jaxunlearn.reporting.attacks.report import write_attack_report
from jaxunlearn.terminal import say
from jaxunlearn.training.result import finished
from jaxunlearn.training.storage.run_dir import RunFolder


def run(arguments: argparse.Namespace) -> None:
    """Attack.

    Raises:
      InputError: if the folder is not that of a finished run, or a file or number cannot be used.
    """
    folder = RunFolder(arguments.folder)
    request = folder.request
    config = read_config(arguments.config, arguments.overrides, configuration.complete(folder.config))
    configuration.check(config)
    result = finished(folder)
    models = loading.load_models(arguments.model or request.model, judge=arguments.judge)
    if models.fingerprint != request.fingerprint:
        raise InputError(f"{models.name}: is not the generator that {folder.path} started from")
    attack(
        models,
        result,
        config,
        attacks=arguments.attack or tuple(KINDS),
        people=arguments.people,
        depth=arguments.depth,
        seed=arguments.seed,
        redo=arguments.redo,
    )
    for line in write_attack_report(models, result, config):
        say(line)
