"""Which runs of GUIDE are still to do, and the page that the committed runs make."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import guide_heads, sugar_heads
from benchmarks.guide_heads import GUIDE, LADDER, PRECISION, TABLES

FOLDER = Path(guide_heads.__file__).parent
MODELS: Any = SimpleNamespace(judge=SimpleNamespace(name="heads identity judge"))


def committed(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]


def runs(row: str, steps: int, people: int = 2) -> list[dict[str, Any]]:
    [line, *_] = [line for line in committed("guide_heads") if line["row"] == row]
    return [
        {**line, "steps": steps, "person": guide_heads.FIRST_PERSON + k, "seed": 0} for k in range(people)
    ]


def test_a_run_of_other_steps_is_not_done() -> None:
    today = guide_heads.ROWS[GUIDE]().steps
    older = runs(GUIDE, today - 1)
    assert guide_heads.missing_runs(older, 2, 1, [GUIDE]) == [(GUIDE, 100, 0), (GUIDE, 101, 0)]
    assert guide_heads.missing_runs([*older, *runs(GUIDE, today, 1)], 2, 1, [GUIDE]) == [(GUIDE, 101, 0)]


def test_runs_of_other_steps_are_in_rows_of_their_own() -> None:
    lines = [*runs(GUIDE, 120), *runs("baseline", 120), *runs(GUIDE, 300)]
    rows = [line.split(" | ")[:2] for line in guide_heads.table(LADDER, lines)[6:-1]]
    assert rows == [
        ["| baseline, 120 steps", "2, 1"],
        [f"| {GUIDE}, 120 steps", "2, 1"],
        [f"| {GUIDE}, 300 steps", "2, 1"],
    ]
    sweep = [*lines, *runs("d = 0.35", 120), *runs("d = 1.05", 300)]
    assert guide_heads.table("Figure 9", sweep) == []  # neither number of steps has all its rows
    page = guide_heads.page([*lines, *runs(TABLES[PRECISION][0], 1000)], MODELS)
    assert "with 120 or 300 steps unless a row has its own." in page


@pytest.mark.parametrize("bench", [guide_heads, sugar_heads])
def test_a_line_that_was_cut_off_is_run_again(bench: Any, tmp_path: Path, monkeypatch: Any) -> None:
    name = bench.__name__.rpartition(".")[2]
    lines = (FOLDER / f"{name}.jsonl").read_text().splitlines(keepends=True)[:2]
    file = tmp_path / "runs.jsonl"
    file.write_text("".join(lines)[:-20])
    monkeypatch.setattr(bench, "measure_reference", lambda *_: None)
    with pytest.warns(UserWarning, match="its last line was cut off"):
        bench.run_all(MODELS, *((0, 0, [], file) if bench is guide_heads else ([], file, False)))
    assert file.read_text() == lines[0]


def test_the_committed_runs_make_the_committed_pages(monkeypatch: Any) -> None:
    monkeypatch.setattr(guide_heads, "processor", lambda: "2 x AMD EPYC")
    monkeypatch.setattr(sugar_heads, "processor", lambda: "2 x AMD EPYC")
    page = guide_heads.page(committed("guide_heads"), MODELS)
    assert page == (FOLDER / "guide_heads.md").read_text()
    page = sugar_heads.table(committed("sugar_heads"))
    assert page == (FOLDER / "sugar_heads.md").read_text()
