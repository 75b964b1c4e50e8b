"""Commands of benchmarks, as pages and docstrings name them, start from a plain checkout."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.docs_pages import PAGES, ROOT

FOLDERS = ("benchmarks", "configs", "jaxunlearn", "tools")
TEXTS = [
    *(ROOT / "CHANGELOG.md", *PAGES),
    *(file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.[pm][yd]"))),
]


def named(pattern: str) -> list[tuple[Path, str]]:
    """Return the files and names of all commands of a pattern."""
    return [(file, name) for file in TEXTS for name in re.findall(pattern, file.read_text(encoding="utf-8"))]


def test_no_benchmark_is_called_by_its_file():
    """Python finds the package `benchmarks` only where the checkout is the folder of `python -m`."""
    by_file = named(r"python3? (benchmarks/[\w/]+\.py)")
    own_path = "benchmarks/official_step/measure.py"  # for an interpreter that has PyTorch alone
    assert [found for found in by_file if found[1] != own_path] == []


def test_every_benchmark_that_is_called_exists():
    modules = {name for _, name in named(r"python -m (benchmarks(?:\.[a-z]\w*)+)")}
    assert len(modules) > 20
    assert [name for name in sorted(modules) if importlib.util.find_spec(name) is None] == []


def test_a_benchmark_that_uses_others_starts():
    variables = {**os.environ, "PYTHONPATH": str(ROOT / "ports")}
    subprocess.run(
        [sys.executable, "-m", "benchmarks.one_person_heads", "--help"],
        cwd=ROOT,
        env=variables,
        check=True,
        stdout=subprocess.DEVNULL,
    )
