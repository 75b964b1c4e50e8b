"""Entry of the command: signals are answered from here on, before anything large is imported."""

import sys

from jaxunlearn import interruptions


def main() -> int:
    """Run the command; returns its exit code."""
    interruptions.watch()
    try:
        from jaxunlearn import supervision

        if supervision.wanted(sys.argv[1:]):
            return supervision.supervise(sys.argv[1:])
        from jaxunlearn import cli

        return cli.main()
    except KeyboardInterrupt:
        interruptions.complain_once()
        return interruptions.exit_code()
