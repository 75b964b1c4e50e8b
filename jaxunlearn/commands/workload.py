"""Options that say which step is timed or compiled."""

import argparse
from typing import TYPE_CHECKING

from jaxunlearn.commands.arguments import MOST_SEEDS, whole
from jaxunlearn.commands.settings import add_config, read_config, refuse_other_method
from jaxunlearn.errors import InputError

if TYPE_CHECKING:
    from jaxunlearn.benchmark.workload import Preset
    from jaxunlearn.presets import ConfigDict

_PEOPLE = 10
"""Of SUGAR, where no number is given."""


def add_step(parser: argparse.ArgumentParser) -> None:
    """Options for `step_of`."""
    add = parser.add_argument
    add(
        "--preset",
        choices=("heads", "full"),
        default="heads",
        help="heads: the bundled 64² model; full: EG3D's 512² with random weights [%(default)s]",
    )
    add("--method", choices=("guide", "sugar"), help="whose step [guide]")
    add(
        "--people",
        type=whole(1, MOST_SEEDS),
        metavar="N",
        help=f"who share a generator in SUGAR [{_PEOPLE}]",
    )
    add_config(parser)


def step_of(arguments: argparse.Namespace, preset: "Preset") -> "tuple[ConfigDict, int]":
    """Settings, and the people who share a generator copy.

    Raises:
      InputError: if settings make no sense, or contradict each other.
    """
    from jaxunlearn.configuration import check

    wanted = arguments.method or "guide"
    default = preset.config(wanted, arguments.people or _PEOPLE)
    config = read_config(arguments.config, arguments.overrides, default)
    check(config)
    refuse_other_method(arguments, config)
    if config.method == "guide":
        if arguments.people is not None:
            raise InputError("--people: GUIDE has a generator copy for everybody; say --copies")
        return config, 1
    return config, arguments.people or _PEOPLE
