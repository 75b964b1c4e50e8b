"""The command `jaxunlearn`."""

import argparse
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from jaxunlearn.commands import convert
from jaxunlearn.errors import InputError

COMMANDS = (convert,)

SUCCESS, FAILURE, BAD_INPUT = 0, 1, 2


class _Parser(argparse.ArgumentParser):
    """Reports a wrong argument in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """The parser of all subcommands."""
    made = _Parser(prog="jaxunlearn", description="Make a pretrained face generator forget people.")
    subparsers = made.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subparsers)
    return made


def execute(arguments: argparse.Namespace) -> int:
    """Run the chosen subcommand.

    Returns:
      0 on success, 2 on bad input, with one line on stderr, 1 on an internal failure, with its traceback.
    """
    try:
        arguments.run(arguments)
    except InputError as error:
        print(f"jaxunlearn: {error}", file=sys.stderr)
        return BAD_INPUT
    except Exception:
        traceback.print_exc()
        return FAILURE
    return SUCCESS


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code, except for `--help` and wrong arguments, where argparse exits."""
    return execute(parser().parse_args(argv))
