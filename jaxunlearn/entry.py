"""Entry of the command: signals are answered from here on, before anything large is imported."""

import os
import sys

from jaxunlearn import interruptions


def main() -> int:
    """Run the command; returns its exit code, or ends the process where a signal came."""
    interruptions.watch()
    try:
        code = _run()
    except KeyboardInterrupt:
        code = interruptions.last_word()
    except Exception:
        if not interruptions.came():  # where it did, a library that was imported made another error of it
            raise
        code = interruptions.last_word()
    if interruptions.came():  # modules that are half imported crash when Python takes itself down
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _run() -> int:
    from jaxunlearn import supervision

    if supervision.wanted(sys.argv[1:]):
        return supervision.supervise(sys.argv[1:])
    from jaxunlearn import cli

    return cli.main()
