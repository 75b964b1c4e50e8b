"""The command `jaxunlearn`."""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from jaxunlearn.commands import (
    align,
    bench,
    compile_step,
    convert,
    demo,
    evaluate,
    invert,
    models,
    render,
    unlearn,
)
from jaxunlearn.commands.settings import PREFIX
from jaxunlearn.errors import DoesNotFit, InputError, Interrupted
from jaxunlearn.platforms import unusable_platform
from jaxunlearn.terminal import complain, escaping, say, say_lines

COMMANDS = (demo, align, invert, unlearn, evaluate, render, convert, models, bench, compile_step)

SUCCESS, FAILURE, BAD_INPUT, TOO_LARGE, INTERRUPTED, READER_GONE = 0, 1, 2, 3, 130, 141


class _Parser(argparse.ArgumentParser):
    """Reports a wrong argument in one line."""

    def error(self, message: str) -> NoReturn:
        say(f"{self.prog}: {message} (see {self.prog} --help)", sys.stderr)
        self.exit(BAD_INPUT)


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
      0 on success, 2 on bad input, with one line on stderr, 1 on an internal failure, with its traceback, 3
      when a program does not fit its device, 130 when interrupted after saving, 141, a shell's number for it,
      when the reader of a pipe leaves.
    """
    try:
        arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        return READER_GONE
    except Interrupted as error:
        complain(error)
        return INTERRUPTED
    except DoesNotFit as error:
        complain(error)
        return TOO_LARGE
    except Exception as error:
        line = _for_the_user(error)
        if line is None:
            say_lines(traceback.format_exc().rstrip("\n"), sys.stderr)
            return FAILURE
        complain(line)
        return BAD_INPUT
    return SUCCESS


def _for_the_user(error: Exception) -> str | None:
    """What the user can mend, in one line; None for a fault of ours."""
    from torch_bridge import CheckpointError, StateDictError  # not at the top: --help must not wait for jax

    if isinstance(error, InputError | CheckpointError):
        return str(error)
    if isinstance(error, StateDictError):
        first, *others = str(error).splitlines()
        return f"the weights do not fit the network: {first}" + (
            f" (and {len(others)} more)" if others else ""
        )
    if isinstance(error, OSError) and error.strerror:  # no such folder, read-only, disk full
        return ": ".join(str(part) for part in (error.filename, error.strerror) if part)
    return unusable_platform(error)


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Arguments of the chosen subcommand; `overrides` holds what changes its config."""
    made = parser()
    arguments, others = made.parse_known_args(argv)
    known = [text for text in others if text.startswith(PREFIX) and "=" in text and "config" in arguments]
    if len(known) < len(others):
        unknown = next(text for text in others if text not in known)
        made.error(f"unrecognised argument {unknown}; settings are changed by --config.KEY=VALUE")
    arguments.overrides = known
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code, except for `--help` and wrong arguments, where argparse exits."""
    with escaping():
        return execute(parse(argv))
