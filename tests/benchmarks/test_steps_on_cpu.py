"""The table of our step beside the official one is written, and goes on with the rows it has."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import steps_on_cpu


@pytest.fixture
def commands(monkeypatch):
    """Commands and pages of the timed programs, which write made-up numbers instead of running."""
    found = []

    def run(command, *, check, env, cwd=None):
        assert check
        out = Path(command[command.index("--out") + 1])
        steps = int(command[command.index("--steps") + 1])
        found.append((command, env["GLIBC_TUNABLES"]))
        if "bench" in command:
            out.mkdir(exist_ok=True)
            case = {"jax": "1.0", "step_seconds": {"p50": 0.5, "p95": 0.6}, "peak": {"bytes": 2**30}}
            (out / "results.json").write_text(json.dumps({"cases": [case | {"compile_seconds": 9.0}]}))
        else:
            numbers = {"torch": "2.0", "median": 1.0, "p95": 1.1, "peak_resident": 2**31, "steps": steps}
            out.write_text(json.dumps(numbers))

    monkeypatch.setattr(steps_on_cpu.subprocess, "run", run)
    return found


def test_the_bundled_size_in_turns(commands, tmp_path):
    steps_on_cpu.main(["--torch-python", "py", "--size", "bundled", "--turns", "2", "--out", str(tmp_path)])
    rows = json.loads((tmp_path / "results.json").read_text())["bundled size"]
    assert len(commands) == len(rows) == 8
    programs = ["official" if "bundled" in command else "ours" for command, _ in commands]
    assert programs == ["official", "ours"] * 4
    assert all("--pair-by-pair" not in command for command, _ in commands)
    assert [pages for _, pages in commands] == ["", "", *["glibc.malloc.hugetlb=1"] * 2] * 2
    table = (tmp_path / "table.md").read_text()
    assert "| official, turn 1, PyTorch 2.0 | 1 | 1.1 | 30 | 1.00 | 2.0 |" in table
    assert "| ours, huge pages, turn 2, JAX 1.0 | 0.5 | 0.6 | 30 | 2.00 | 1.0 |" in table


def test_rows_of_other_sizes_stay(commands, tmp_path):
    for size in ("bundled", "full"):
        steps_on_cpu.main(["--torch-python", "py", "--size", size, "--turns", "1", "--out", str(tmp_path)])
    assert "--pair-by-pair" in commands[-2][0]
    results = json.loads((tmp_path / "results.json").read_text())
    assert {name: len(results[name]) for name in ("full size", "bundled size")} == {
        "full size": 2,
        "bundled size": 4,
    }
    table = (tmp_path / "table.md").read_text()
    assert table.index("Full size, on ") < table.index("Bundled size, on ")


def test_rows_keep_the_machine_that_they_were_measured_on(commands, tmp_path, monkeypatch):
    for size, machine in (("bundled", "2 x AMD EPYC"), ("full", "2 x Intel Xeon")):
        monkeypatch.setattr(steps_on_cpu, "processor", lambda machine=machine: machine)
        steps_on_cpu.main(["--torch-python", "py", "--size", size, "--turns", "1", "--out", str(tmp_path)])
    table = (tmp_path / "table.md").read_text()
    assert "Full size, on 2 x Intel Xeon:" in table
    assert "Bundled size, on 2 x AMD EPYC:" in table


def test_the_committed_rows_make_the_committed_tables_and_ratios():
    folder = Path(steps_on_cpu.__file__).parent
    results = json.loads((folder / "bench_cpu" / "results.json").read_text())
    assert steps_on_cpu.page(results) == (folder / "bench_cpu" / "table.md").read_text()
    rows = results["bundled size"]
    ratios = [theirs["seconds"] / own["seconds"] for theirs, own in zip(rows[::2], rows[1::2], strict=True)]
    plain, huge = (f"{min(each):.1f} to {max(each):.1f} times" for each in (ratios[::2], ratios[1::2]))
    page = " ".join((folder / "steps_on_cpu.md").read_text().split())
    assert f"ours is {plain} faster, and {huge} with huge pages" in page


@pytest.mark.slow
@pytest.mark.torch
def test_one_step_of_each_program(tmp_path):
    pytest.importorskip("torch")
    options = ["--size", "bundled", "--turns", "1", "--steps", "1", "--out", str(tmp_path)]
    steps_on_cpu.main(["--torch-python", sys.executable, *options])
    rows = json.loads((tmp_path / "results.json").read_text())["bundled size"]
    assert len(rows) == 4
    assert all(row["seconds"] > 0 and row["peak_bytes"] > 2e8 for row in rows)
