"""Programs that tests start, with the modules that the tests import."""

import os
import sys


def python(module: str, *arguments: object) -> list[str]:
    """Return the command line that runs a module of `tests.support` with its arguments."""
    return [sys.executable, "-m", f"tests.support.{module}", *map(str, arguments)]


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment with its import path and further `variables`."""
    path = os.pathsep.join(folder for folder in sys.path if folder)
    return os.environ | {"PYTHONPATH": path} | variables
