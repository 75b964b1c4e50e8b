"""The prepared GPU run, in tiny sizes on the CPU: every case runs, and a second run goes on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.gpu import forms, steps
from jaxunlearn.profiling import results, tables
from tests.support.docs_pages import ROOT


@pytest.mark.slow
def test_all_forms_run_and_a_second_run_measures_nothing_again(tmp_path):
    out = tmp_path / "forms.jsonl"
    command = [sys.executable, "benchmarks/gpu/forms.py", "--tiny", "--calls", "1", "--out", str(out)]
    subprocess.run(command, cwd=ROOT, check=True)
    lines = out.read_text().splitlines()
    assert [json.loads(line)["name"] for line in lines] == [case.name for case in forms.cases(tiny=True)]
    assert all(json.loads(line)["ms"] > 0 for line in lines)
    subprocess.run(command, cwd=ROOT, check=True)
    assert out.read_text().splitlines() == lines
    assert out.with_suffix(".md").read_text().count("\n") == len(lines) + 2


def test_the_committed_measurements_make_the_committed_tables():
    folder = Path(forms.__file__).parent
    page = (folder / "h100.md").read_text()
    assert forms.table((folder / "h100" / "forms.jsonl").read_text().splitlines()) in page
    assert tables.report(results.read(folder / "h100")) in page


def test_the_step_comes_first_and_cases_differ():
    cases = steps.cases("full", profiled=True)
    assert cases[0].profile
    assert (
        cases[0].config["rendering"] | {"dtype": "bfloat16", "ray_chunk": 0} == cases[0].config["rendering"]
    )
    assert len({case.name for case in cases}) == len(cases)
