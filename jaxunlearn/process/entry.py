"""The entry of the command: what must be settled before anything large is imported."""

import os
import sys

from jaxunlearn.process import cpu_compiler, huge_pages, signals


def main() -> int:
    """Run the command and return its exit code; after a signal, end the process with that code."""
    _open_closed_streams()
    prepare()
    signals.watch()
    try:
        code = _run()
    except KeyboardInterrupt:
        code = signals.last_word()
    except Exception:
        if not signals.came():  # after a signal, a library that was being imported turned it into this error
            raise
        code = signals.last_word()
    if signals.came():  # half imported modules crash when Python shuts down
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def prepare() -> None:
    """Set the environment of this process and its children: huge pages, and XLA's compiler for CPUs.

    The process may be replaced by one with the same arguments.
    """
    huge_pages.start_anew()
    cpu_compiler.choose()


def _open_closed_streams() -> None:
    """Give each standard stream that is closed, as by `>&-`, a file to which anything may be written.

    It takes the stream's number, which is free; the messages of C++ would go to the next file with it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # until the end


def _run() -> int:
    with signals.importing():
        from jaxunlearn.process import supervision
    if supervision.wanted(sys.argv[1:]):
        return supervision.supervise(sys.argv[1:])
    with signals.importing():
        from jaxunlearn.cli import main as cli
    return cli.main()
