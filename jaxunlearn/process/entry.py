"""Entry of the command: signals are answered from here on, before anything large is imported."""

import os
import sys

from jaxunlearn.process import signals


def main() -> int:
    """Run the command; returns its exit code, or ends the process where a signal came."""
    signals.watch()
    try:
        code = _run()
    except KeyboardInterrupt:
        code = signals.last_word()
    except Exception:
        if not signals.came():  # where it did, a library that was imported made another error of it
            raise
        code = signals.last_word()
    if signals.came():  # modules that are half imported crash when Python takes itself down
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _run() -> int:
    from jaxunlearn.process import supervision

    if supervision.wanted(sys.argv[1:]):
        return supervision.supervise(sys.argv[1:])
    from jaxunlearn.cli import main as cli

    return cli.main()
