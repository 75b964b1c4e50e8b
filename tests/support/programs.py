"""Programs that tests start, with the modules that the tests import, and tools that they run themselves."""

import os
import runpy
import sys
from pathlib import Path

import pytest


def python(module: str, *arguments: object) -> list[str]:
    """Return the command line that runs a module of `tests.support` with its arguments."""
    return [sys.executable, "-m", f"tests.support.{module}", *map(str, arguments)]


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment with its import path and further `variables`."""
    path = os.pathsep.join(folder for folder in sys.path if folder)
    return os.environ | {"PYTHONPATH": path} | variables


def run_tool(name: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run a file of `tools/` in this process; return its exit code."""
    tool = str(Path(__file__).parents[2] / "tools" / name)
    monkeypatch.setattr(sys, "argv", [tool, *arguments])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(tool, run_name="__main__")
    return int(stop.value.code or 0)
