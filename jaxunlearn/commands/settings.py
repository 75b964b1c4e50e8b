"""`--config FILE` and `--config.key=value`, as ml_collections has them."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jaxunlearn.errors import InputError

if TYPE_CHECKING:
    from jaxunlearn.presets import ConfigDict

PREFIX = "--config."


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add `--config`; overrides are what the parser leaves over."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="a Python file with get_config(), such as those in configs/; FILE:ARGUMENT passes an argument. "
        "--config.KEY=VALUE changes single settings",
    )


def read_config(path: str | None, overrides: Sequence[str], default: "ConfigDict") -> "ConfigDict":
    """The settings of a command.

    Args:
      path: of `--config`.
      overrides: of the form `--config.steps=20`.
      default: where no path is given.

    Raises:
      InputError: if there is no such file or setting, or a value is of another type.
    """
    from absl import flags
    from ml_collections import config_flags

    own = flags.FlagValues()
    arguments = [*([] if path is None else [f"--config={path}"]), *overrides]
    command_line = ["jaxunlearn", *arguments]
    if path is not None and not Path(path.partition(":")[0]).is_file():
        raise InputError(f"--config {path}: no such file")
    try:
        if path is None:
            config_flags.DEFINE_config_dict("config", default, flag_values=own, sys_argv=command_line)
        else:
            config_flags.DEFINE_config_file("config", flag_values=own, sys_argv=command_line)
        own(command_line)
    except (AttributeError, KeyError) as error:
        raise InputError(f"{' '.join(arguments)}: no such setting ({error})") from error
    except (flags.Error, TypeError, ValueError) as error:
        raise InputError(f"{' '.join(arguments)}: {str(error).splitlines()[0]}") from error
    return own["config"].value


def refuse_other_method(arguments: argparse.Namespace, config: "ConfigDict") -> None:
    """Refuse a `--config` of another method than `--method`.

    Raises:
      InputError: naming both.
    """
    if arguments.method not in (None, config.method):
        raise InputError(
            f"--method {arguments.method}: {arguments.config} is a config of {config.method}; leave one out"
        )
