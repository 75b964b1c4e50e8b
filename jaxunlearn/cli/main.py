"""The command `jaxunlearn`."""

import argparse
import collections
import functools
import importlib
import os
import sys
import time
import traceback
from collections.abc import Collection, Sequence
from types import ModuleType
from typing import Any, NoReturn

import jaxunlearn
from jaxunlearn.cli.argument_groups import CONFIG_PREFIX
from jaxunlearn.cli.argument_types import LISTS
from jaxunlearn.errors import DoesNotFit, InputError, Interrupted
from jaxunlearn.process import signals
from jaxunlearn.process.platforms import unusable_platform
from jaxunlearn.terminal import complain, encodable, escaping, say, say_lines

COMMANDS = {
    "demo": "forget a person of the bundled model and show the result, in a few minutes",
    "align": "crop photos of faces as EG3D's training photos were cropped",
    "invert": "find the latents of photos",
    "unlearn": "make a generator forget people",
    "evaluate": "measure what a run did",
    "attack": "try to get forgotten people back from the generator of a run",
    "reproduce": "make a table of a paper anew, beside its printed numbers",
    "report": "make the page of a run anew, or compare runs on one page",
    "study": "ask people whether they recognise somebody, and count their answers",
    "render": "images, videos, depth maps and meshes of a generator's samples",
    "bake": "turn adapters into weights of the official architecture, and measure what that loses",
    "convert": "convert PyTorch files to our checkpoints and back",
    "models": "list the models that can be used, and which of them are on this machine",
    "bench": "time the compiled step on this machine",
    "compile": "compile the step for a TPU slice or for this machine; print what it needs",
}
"""Name → help line. `parsers/NAME.py` has a command's arguments, without JAX; `commands/NAME.py` runs it."""

PLACES = {
    "bench": "profiling.bench",
    "compile": "profiling.compile",
    "reproduce": "papers.reproduce",
}
"""Name → module in `parsers` and `commands`, where it lies in a folder there."""

SUCCESS, FAILURE, BAD_INPUT, TOO_LARGE, READER_GONE = 0, 1, 2, 3, 141

_RESUMES = "interrupted; what is finished is kept, and the same command resumes it"


class _Once(argparse._StoreAction):  # argparse has no public class for it
    """Takes the value of an option that is given once; argparse would count the last of several."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        assert isinstance(parser, _Parser)
        if option_string is not None and self.dest in parser.given:
            between = "," if self.type in LISTS else " " if self.nargs == "+" else None
            advice = "" if between is None else f"; write {option_string} A{between}B"
            raise argparse.ArgumentError(self, f"given twice{advice}")
        parser.given.add(self.dest)
        super().__call__(parser, namespace, values, option_string)


class _Parser(argparse.ArgumentParser):
    """A parser that reports a wrong argument in one line, and prints its help in any encoding."""

    given: set[str]
    """Names of the options that have been read so far."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name in (None, "store"):
            self.register("action", name, _Once)

    def parse_known_args(self, *arguments: Any, **options: Any) -> Any:
        self.given = set()
        return super().parse_known_args(*arguments, **options)

    def _print_message(self, message: str, file: Any = None) -> None:
        super()._print_message(encodable(message, file or sys.stderr), file)

    def error(self, message: str) -> NoReturn:
        say(f"{self.prog}: {message} (see {self.prog} --help)", sys.stderr)
        self.exit(BAD_INPUT)


class _Version(argparse.Action):
    """Prints the version, which is looked up only when somebody asks."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        say(f"jaxunlearn {jaxunlearn.__version__}")
        parser.exit()


def parser(chosen: Collection[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """Return the parser of all commands; only those in `chosen` are imported and know their arguments."""
    made = _Parser(prog="jaxunlearn", description="Make a pretrained face generator forget people.")
    made.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    subparsers = made.add_subparsers(required=True, metavar="COMMAND")
    for name, line in COMMANDS.items():
        command = subparsers.add_parser(name, help=line, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name in chosen:
            arguments = importlib.import_module(f"jaxunlearn.cli.parsers.{PLACES.get(name, name)}")
            command.description, command.epilog = arguments.DESCRIPTION, arguments.EXAMPLES
            command.set_defaults(run=functools.partial(_run, name), refuse=command.error)
            arguments.add_arguments(command)
    return made


def _run(name: str, arguments: argparse.Namespace) -> None:
    """Import a command, with JAX and all else that it needs, and run it."""
    with signals.importing():
        command = importlib.import_module(f"jaxunlearn.cli.commands.{PLACES.get(name, name)}")
        settings = importlib.import_module("jaxunlearn.process.jax_settings")
    with settings.pinned_settings():
        command.run(arguments)


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the arguments of the chosen command; `overrides` holds the changes of its config."""
    texts = sys.argv[1:] if argv is None else argv
    made = parser([name for name in COMMANDS if name in texts])
    arguments, others = made.parse_known_args(texts)
    known = [
        text for text in others if text.startswith(CONFIG_PREFIX) and "=" in text and "config" in arguments
    ]
    if len(known) < len(others):
        unknown = next(text for text in others if text not in known)
        advice = "; settings are changed by --config.KEY=VALUE" if "config" in arguments else ""
        arguments.refuse(f"unrecognised argument {unknown}{advice}")
    for name, count in collections.Counter(text.partition("=")[0] for text in known).items():
        if count > 1:
            arguments.refuse(f"argument {name}: given twice")
    arguments.overrides = known
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code; on `--help` and wrong arguments argparse exits."""
    with escaping():
        return execute(parse(argv))


def execute(arguments: argparse.Namespace) -> int:
    """Run the chosen command.

    Returns:
      0 on success. 2 on bad input, with one line on stderr. 1 on an internal failure, with its traceback. 3
      if a program does not fit its device. 130 after Ctrl-C and 143 after SIGTERM, with one line that says
      how to resume. 141, a shell's number for it, if the reader of a pipe leaves.
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
        if signals.came():  # a library turned the interruption into an error of its own
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
    """Return the exit code; one of several processes tells the others and ends at once."""
    distributed = _several_processes()
    if distributed is not None:
        distributed.tell_others(line, code)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _wait_for_others() -> None:
    """Wait, since the end of another process may have caused a failure: JAX then ends this process, too."""
    distributed = _several_processes()
    if distributed is not None:
        time.sleep(distributed.HEARTBEAT + 10)


def _several_processes() -> ModuleType | None:
    """Return the module `multihost` if this is one of several processes; it is not imported only to ask."""
    distributed = sys.modules.get("jaxunlearn.process.multihost")
    return distributed if distributed is not None and distributed.joined() else None


def _for_the_user(error: Exception) -> str | None:
    """Return one line about a mistake that the user can correct; None for an internal failure."""
    from torch_bridge import CheckpointError, StateDictError  # not at the top: it imports JAX

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
