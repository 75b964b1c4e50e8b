"""Commands that are refused in one line."""

import pytest

from jaxunlearn.cli import main as cli


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one line on stderr with which a command is refused; its exit code must be 2."""
    assert cli.main(list(arguments)) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    return line
