"""The command `jaxunlearn`."""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from jaxunlearn.cli import align, bench, compile, convert, demo, evaluate, invert, models, render, unlearn
from jaxunlearn.cli.options import PREFIX
from jaxunlearn.errors import DoesNotFit, InputError, Interrupted
from jaxunlearn.process import signals
from jaxunlearn.process.platforms import unusable_platform
from jaxunlearn.terminal import complain, escaping, say, say_lines

COMMANDS = (demo, align, invert, unlearn, evaluate, render, convert, models, bench, compile)

SUCCESS, FAILURE, BAD_INPUT, TOO_LARGE, READER_GONE = 0, 1, 2, 3, 141

_RESUMES = "interrupted; what is finished is kept, and the same command resumes it"


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
      when a program does not fit its device, 130 after Ctrl-C and 143 after SIGTERM, with one line that says
      how to resume, 141, a shell's number for it, when the reader of a pipe leaves.
    """
    if getattr(arguments, "resumes", False):
        signals.say_at_the_end(_RESUMES)
    try:
        code = _executed(arguments)
    except KeyboardInterrupt:
        signals.complain_once()
        code = _ended(signals.exit_code(), "interrupted")
    return code


def _executed(arguments: argparse.Namespace) -> int:
    try:
        arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        return READER_GONE
    except Interrupted as error:
        signals.complain_once(str(error))
        return _ended(signals.exit_code(), "interrupted")
    except DoesNotFit as error:
        complain(error)
        return _ended(TOO_LARGE, str(error))
    except Exception as error:
        if signals.came():  # which a library turned into an error of its own
            raise KeyboardInterrupt from error
        line = _for_the_user(error)
        if line is None:
            _wait_for_others()
            say_lines(traceback.format_exc().rstrip("\n"), sys.stderr)
            return _ended(FAILURE, "an internal failure; its own messages say more")
        complain(line)
        return _ended(BAD_INPUT, line)
    return SUCCESS


def _ended(code: int, line: str) -> int:
    """The exit code; of several processes, the others are told, and this one waits for nobody."""
    distributed = _several_processes()
    if distributed is not None:
        distributed.tell_others(line, code)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _wait_for_others() -> None:
    """What fails here may be that another process ended: JAX notices within seconds, and ends this one."""
    distributed = _several_processes()
    if distributed is not None:
        time.sleep(distributed.HEARTBEAT + 10)


def _several_processes() -> "ModuleType | None":
    """The module, if this is one of several processes; it is not imported only to ask."""
    distributed = sys.modules.get("jaxunlearn.process.multihost")
    return distributed if distributed is not None and distributed.joined() else None


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
