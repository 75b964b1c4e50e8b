"""The prepared GPU run, in tiny sizes on the CPU: every case runs, and a second run goes on."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import pytest

from benchmarks.gpu import forms, steps
from jaxunlearn.files.json_lines import read_json_lines
from jaxunlearn.profiling import results, tables
from jaxunlearn.profiling.cases import Case
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
    assert forms.table(read_json_lines(folder / "h100" / "forms.jsonl", dict[str, Any])) in page
    found = results.read(folder / "h100")
    assert tables.report(found) in page
    operations = found[0]["profile"]
    starts = sum(operation["count"] for operation in operations)
    words = f"{len(operations):,} operations, which start {starts:,.0f} times a step"
    assert words in " ".join(page.split())


def test_the_step_comes_first_and_cases_differ():
    cases = steps.cases("full", profiled=True)
    assert cases[0].profile
    assert (
        cases[0].config["rendering"] | {"dtype": "bfloat16", "ray_chunk": 0} == cases[0].config["rendering"]
    )
    assert len({case.name for case in cases}) == len(cases)


def run_script(out: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "WORK": str(out.parent / "work"),
        "WHEELS": str(out.parent / "none"),
        **changes,
    }
    return subprocess.run(
        ["bash", "benchmarks/gpu/run.sh", str(out)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def stand_in(folder: Path, failing: str) -> dict[str, str]:
    """A `python3` that notes its arguments and fails for one program; the environment that finds it."""
    folder.mkdir()
    (folder / "python3").write_text(
        f'#!/bin/sh\necho "$@" >>{folder}/calls\ncase "$*" in *{failing}*) exit 3 ;; esac\n'
    )
    (folder / "python3").chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_a_module_that_cannot_be_imported_is_named_before_anything_is_measured(tmp_path):
    (tmp_path / "ml_collections.py").write_text("raise ImportError('not on this machine')\n")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = run_script(tmp_path / "out", PYTHONPATH=str(tmp_path), PATH=path)
    assert done.returncode == 2
    assert "run.sh: cannot import: ml_collections (not on this machine); put their wheels" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("program", ["measure", "steps", "forms"])
def test_one_failure_is_a_failure_of_all_and_the_others_run(program, tmp_path):
    done = run_script(tmp_path / "out", **stand_in(tmp_path / "bin", f"{program}.py"))
    assert done.returncode == 1
    name = {"measure": "official_step"}.get(program, program)
    assert done.stderr.splitlines()[-1] == f"run.sh: failed, with exit codes: {name} (3)"
    calls = (tmp_path / "bin" / "calls").read_text()
    assert all(f"{each}.py" in calls for each in ("measure", "steps", "forms"))


def test_steps_know_their_time_and_a_file_of_the_official_step_is_no_reason_to_skip_it(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "official.json").write_text('{"seconds": [0.5]}')
    run_script(tmp_path / "out", STEP_SECONDS="77", **stand_in(tmp_path / "bin", "none.py"))
    calls = (tmp_path / "bin" / "calls").read_text()
    assert "steps.py --seconds 77 " in calls
    assert "--steps 10 --warm-up 2 --unless-finished" in calls


def test_tables_are_written_after_each_case_and_no_case_begins_too_late(tmp_path, monkeypatch, capsys):
    clock, lines = [0.0], []
    monkeypatch.setattr(steps.time, "monotonic", lambda: clock[0])

    def measured_by(case: Case) -> dict:
        table = tmp_path / "table.md"
        lines.append(table.read_text().count("out of memory") if table.exists() else 0)
        clock[0] += 40
        return {"name": case.name, "case": case.to_json(), "error": "out of memory"}

    wanted = steps.cases("full", profiled=False)
    found = steps.measure_all(wanted, 100, tmp_path, measured_by)
    assert [result["name"] for result in found] == [case.name for case in wanted[:2]]
    assert lines == [0, 1]
    assert capsys.readouterr().out.count("no time left for") == len(wanted) - 2


def test_steps_that_all_fail_are_a_failure(tmp_path, monkeypatch):
    def failed(case: Case) -> dict:
        return {"name": case.name, "case": case.to_json(), "error": "its process ended with exit code 1"}

    monkeypatch.setattr(steps.measure, "in_own_process", failed)
    assert steps.main(["--out", str(tmp_path), "--only", "1"]) == 1


def run_forms(monkeypatch: pytest.MonkeyPatch, out: Path, *failing: str) -> list[str]:
    """Measure two made-up forms, of which some fail or are interrupted; return those that were begun."""
    begun = []

    def measure(case: forms.Case, calls: int) -> dict:
        begun.append(case.name)
        if case.name in failing:
            raise jax.errors.JaxRuntimeError("out of memory\nof 80 GB")
        if f"interrupted {case.name}" in failing:
            raise KeyboardInterrupt
        return {"name": case.name, **forms.here(), "ms": 1.0}

    monkeypatch.setattr(forms, "cases", lambda tiny: [forms.Case(name, max, ()) for name in ("one", "two")])
    monkeypatch.setattr(forms, "measure", measure)
    monkeypatch.setattr(sys, "argv", ["forms.py", "--out", str(out)])
    forms.main()
    return begun


def test_the_forms_table_is_there_before_the_last_case(tmp_path, monkeypatch):
    out = tmp_path / "forms.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run_forms(monkeypatch, out, "interrupted two")
    assert "| one | 1.00 |" in out.with_suffix(".md").read_text()


def test_a_form_that_failed_or_was_cut_off_is_measured_again(tmp_path, monkeypatch):
    out = tmp_path / "forms.jsonl"
    assert run_forms(monkeypatch, out, "one") == ["one", "two"]
    out.write_text(out.read_text()[:-20])
    assert run_forms(monkeypatch, out, "one") == ["one", "two"]
    assert [row.get("error") for row in read_json_lines(out, dict[str, Any])] == ["out of memory", None]
    assert run_forms(monkeypatch, out) == ["one"]
    assert run_forms(monkeypatch, out) == []
    assert [row["name"] for row in read_json_lines(out, dict[str, Any])] == ["two", "one"]


def test_forms_of_another_device_are_not_taken(tmp_path, monkeypatch, capsys):
    out = tmp_path / "forms.jsonl"
    run_forms(monkeypatch, out)
    before = out.read_bytes()
    monkeypatch.setattr(forms, "here", lambda: {"device": "H200", "jax": "0.11.2"})
    with pytest.raises(SystemExit):
        run_forms(monkeypatch, out)
    assert "not {'device': 'H200', 'jax': '0.11.2'}; give another file" in capsys.readouterr().err
    assert out.read_bytes() == before


def test_without_failures_the_run_ends_well(tmp_path):
    assert run_script(tmp_path / "out", **stand_in(tmp_path / "bin", "none.py")).returncode == 0
