"""The baseline's program runs on a machine without this project, and its numbers are right."""

import ast
import json
import sys
from pathlib import Path

import pytest

from benchmarks.official_step import record

FOLDER = Path(__file__).parents[2] / "benchmarks" / "official_step"
ALLOWED = {"torch", "numpy", "benchmarks.official_step"}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_a_file_needs_only_torch_and_numpy(path):
    for name in imported(path):
        first = name.split(".")[0]
        package = ".".join(name.split(".")[:2]) if first == "benchmarks" else first
        assert package in ALLOWED or first in sys.stdlib_module_names, f"{path.name} imports {name}"


def test_the_summary():
    seconds = [float(k) for k in range(1, 102)]
    assert record.summary(seconds) == {"median": 51.0, "p95": 96.0, "mean": 51.0, "least": 1.0}
    assert set(record.summary([]).values()) == {None}


def test_a_record_that_was_cut_off_is_not_finished(tmp_path):
    file = tmp_path / "numbers.json"
    assert not record.is_finished(file, 10)
    record.write(file, {"seconds": [0.5] * 5})
    assert not record.is_finished(file, 10)
    record.write(file, {"seconds": [0.5] * 10})
    assert record.is_finished(file, 10)


def test_a_record_replaces_the_last_one(tmp_path):
    file = tmp_path / "numbers.json"
    for count in (5, 10):
        record.write(file, {"seconds": [0.5] * count})
        assert len(json.loads(file.read_text())["seconds"]) == count
    assert list(tmp_path.iterdir()) == [file]
