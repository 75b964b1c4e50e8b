"""`--config FILE` and `--config.key=value`, as ml_collections has them."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jaxunlearn.errors import InputError, first_line, shortened

if TYPE_CHECKING:
    from jaxunlearn.presets import ConfigDict

PREFIX = "--config."


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add `--config`; overrides are what the parser leaves over."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="a Python file with get_config(), such as those in configs/: it is a program, and it is run. "
        "FILE:ARGUMENT passes an argument. --config.KEY=VALUE changes single settings",
    )


def read_config(path: str | None, overrides: Sequence[str], default: "ConfigDict") -> "ConfigDict":
    """The settings of a command.

    Args:
      path: of `--config`.
      overrides: of the form `--config.steps=20`.
      default: where no path is given.

    Raises:
      InputError: if there is no such file or setting, the file fails, or a value is of another type.
    """
    from absl import flags
    from ml_collections import config_flags

    from jaxunlearn.config_files import load_config

    config = default if path is None else load_config(path)
    own = flags.FlagValues()
    command_line = ["jaxunlearn", *overrides]
    try:
        config_flags.DEFINE_config_dict("config", config, flag_values=own, sys_argv=command_line)
        own(command_line)
    except (AttributeError, KeyError) as error:
        raise InputError(
            f"{_shown(overrides)}: no such setting ({shortened(first_line(error), 200)})"
        ) from error
    except (flags.Error, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{_shown(overrides)}: {shortened(first_line(error), 200)}") from error
    return own["config"].value


def _shown(overrides: Sequence[str]) -> str:
    return shortened(" ".join(shortened(text) for text in overrides), 400)


def refuse_other_method(arguments: argparse.Namespace, config: "ConfigDict") -> None:
    """Refuse a `--config` of another method than `--method`.

    Raises:
      InputError: naming both.
    """
    if arguments.method not in (None, config.method):
        raise InputError(
            f"--method {arguments.method}: {arguments.config} is a config of {config.method}; leave one out"
        )
