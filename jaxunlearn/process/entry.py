"""Entry of the command: signals are answered from here on, before anything large is imported."""

import sys

from jaxunlearn.process import signals


def main() -> int:
    """Run the command; returns its exit code."""
    signals.watch()
    try:
        from jaxunlearn.process import supervision

        if supervision.wanted(sys.argv[1:]):
            return supervision.supervise(sys.argv[1:])
        from jaxunlearn.cli import main as cli

        return cli.main()
    except KeyboardInterrupt:
        signals.complain_once()
        return signals.exit_code()
