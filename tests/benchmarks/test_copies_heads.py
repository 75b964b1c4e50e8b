"""The table of many people at once is written after each case, and goes on with the rows it has."""

import json
import platform
import subprocess
import sys

import pytest

from benchmarks import copies_heads
from jaxunlearn.process import cpu_compiler, huge_pages
from tests.support.docs_pages import ROOT
from tests.support.programs import environment

HERE = {"device": "cpu", "jax": "1.0", "xla_flags": ""}


@pytest.fixture
def measured(monkeypatch):
    """Cases that were measured, with made-up numbers: a step takes half a second for each copy."""
    found = []

    def in_own_process(case):
        found.append((case.config["method"], case.copies, case.config["copies_at_once"]))
        if case.copies == 32:
            return {"name": case.name, "case": case.to_json(), "error": "out of memory"}
        seconds = 0.5 * case.copies
        return {
            "name": case.name,
            "case": case.to_json(),
            **HERE,
            "devices": 1,
            "products": "float32",
            "compile_seconds": 9.0,
            "step_seconds": {"p50": seconds, "p95": seconds, "calls": case.steps},
            "steps_per_second": 1 / seconds,
            "pairs_per_second": 1.0,
            "identities_per_hour": 3600 / (0.5 * case.config["steps"]),
            "padding": {},
            "copy": {"parameters": 2**20, "optimiser": 2**21, "target": 2**19},
            "shared": 3 * 2**20,
            "exchanges": [],
            "peak": {"bytes": 2**30, "of": "process"},
            "program": None,
            "achieved_tflops": 1.0,
            "mfu": None,
            "xla_bytes": None,
        }

    monkeypatch.setattr(copies_heads.measure, "in_own_process", in_own_process)
    monkeypatch.setattr(copies_heads.measure, "circumstances", lambda: HERE)
    return found


MEASURES = """
import json, os, runpy
from jaxunlearn.profiling import measure
def in_own_process(case):
    print(json.dumps([os.environ.get(name, "") for name in ("XLA_FLAGS", "GLIBC_TUNABLES")]))
    raise SystemExit
measure.in_own_process = in_own_process
runpy.run_path("benchmarks/copies_heads.py", run_name="__main__")
"""


def test_processes_have_the_environment_of_the_command(tmp_path):
    """XLA's compiler for CPUs and, where they help, huge pages."""
    unset = (cpu_compiler.VARIABLE, huge_pages.VARIABLE)
    variables = {name: value for name, value in environment().items() if name not in unset}
    helps = huge_pages.wanted(variables, platform.libc_ver(), huge_pages.kernel_setting())
    done = subprocess.run(
        [sys.executable, "-c", MEASURES, "--copies", "1", "--out", str(tmp_path)],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout) == [cpu_compiler.flags_here(""), huge_pages.WORD if helps else ""], (
        done.stderr
    )


def test_both_methods_in_turns_and_resumed(measured, tmp_path):
    copies_heads.main(["--copies", "1", "8", "--steps", "4", "--out", str(tmp_path)])
    assert measured == [
        *(("guide", 1, 1), ("legato", 1, 1)),
        *(("guide", 8, 1), ("legato", 8, 1), ("guide", 8, 8), ("legato", 8, 8)),
    ]
    copies_heads.main(["--copies", "1", "8", "32", "--steps", "4", "--out", str(tmp_path)])
    assert measured[6:] == [(method, 32, at_once) for at_once in (1, 32) for method in ("guide", "legato")]
    lines = (tmp_path / "table.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    [cells] = [cells for cells in rows if cells[:3] == ["LEGATO", "8", "1"]]
    assert cells[4:8] == ["4000", "2", "300", "24"]  # 300 steps of half a second each
    assert cells[8:] == ["1.00", "2.00", "0.50", "3.0", "1.00"]
    assert sum(line.endswith(": out of memory") for line in lines) == 4
    assert any("median of 4 steps" in line for line in lines)
    names = [each["name"] for each in json.loads((tmp_path / "results.json").read_text())["cases"]]
    assert len(set(names)) == 10, "LEGATO's cases must not take the place of GUIDE's"
