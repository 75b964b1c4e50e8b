"""Settings beside each other on development people: rows are read, refused, measured once, and counted."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import one_person_settings as bench
from benchmarks.one_person_settings import Line, config_of, page
from jaxunlearn.errors import InputError
from jaxunlearn.training.storage.metrics_log import add_line

PLACES = ("latent", "wide", "truncated", "photos")


def figures(found: int, lost: int) -> dict[str, Any]:
    judge = {
        "found": {name: k < found for k, name in enumerate(PLACES)},
        "others_found": found,
        "others_known": 4,
        "id_others": 0.8,
    }
    return {
        "judges": {"one": judge, "dlib": judge},
        "forgotten": not found,
        "others": {"one": {"lost": lost / 48}, "dlib": {"lost": 0.0}},
        "others_lost_counts": {"number": float(lost), "people": 48.0},
        "others_id": 0.9,
        "others_id_p5": 0.7,
        "retained_lpips": 0.01,
    }


def line(settings: str, seed: int, found: int = 0, lost: int = 3) -> Line:
    return {
        "settings": settings,
        "seed": seed,
        "steps": 300,
        "steps_per_second": 0.5,
        "figures": figures(found, lost),
    }


def test_settings_change_a_preset() -> None:
    config = config_of("legato/heads:steps=300,optimiser.learning_rate=1e-3")
    assert (config.method, config.steps, config.optimiser.learning_rate) == ("legato", 300, 1e-3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("nobody/heads", "no preset 'nobody/heads'"),
        ("legato/heads:stepz=3", "unknown setting config.stepz"),
        ("legato/heads:steps=many", "steps=many is not a setting and a number"),
        ("legato/heads:steps=-1", "config.steps must be a whole number"),
    ],
)
def test_settings_that_cannot_be(settings: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        config_of(settings)


def test_rows_count_people() -> None:
    lines = [line("a", 203, found=2), line("a", 200, lost=5), line("b", 200)]
    rows = [each for each in page(lines) if each.startswith(("| a", "| b"))]
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    row = dict(zip(bench.HEADER, cells, strict=True))
    assert row["people"] == "200, 203"
    assert row["forgotten"] == row["found at their latent"] == "1 of 2"
    assert row["found: places of 12"] == "2.0"
    assert row["others lost"] == "8 of 96"
    assert row["lost to each judge, %"] == "8, 0"
    assert len(rows) == 2


def test_measured_runs_are_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_line(tmp_path / "one_person_settings.jsonl", line("legato/heads", 200))
    monkeypatch.setattr(bench, "load_models", lambda name: name)
    monkeypatch.setattr(bench, "measure_reference", lambda models, config: None)
    monkeypatch.setattr(bench, "line_of", lambda models, reference, case, runs: line(*case))
    command = ["--set", "legato/heads", "--seeds", "200", "203", "--out", str(tmp_path)]
    bench.main(command)
    assert "| 200, 203 |" in (tmp_path / "one_person_settings.md").read_text()
    monkeypatch.delattr(bench, "load_models")
    bench.main(command)  # everything is there


def test_people_of_tables_are_never_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["--set", "legato/heads", "--seeds", "10000"])
    assert "development people are under 1000" in capsys.readouterr().err
