"""Other photos in the source: who is taken for the person is counted, and measured people stay."""

from pathlib import Path

import pytest

from benchmarks import other_photos_heads as bench
from benchmarks.other_photos_heads import Line, page
from jaxunlearn.training.storage.metrics_log import add_line


def line(seed: int, first: float = 0.9) -> Line:
    return {
        "seed": seed,
        "distances": [0.8, 1.2],
        "similarities": {"one": [first, 0.7], "dlib": [0.6, 0.5]},
        "thresholds": {"one": 0.8, "dlib": 0.78},
    }


def test_photos_from_the_threshold_on_are_counted() -> None:
    text = page([line(1), line(0, first=0.8)])
    assert "2 people of the bundled generator (seeds 0 to 1), 2 new photos of each" in " ".join(text)
    assert any(row.startswith("| one | 2 of 4 |") for row in text)
    assert any(row.startswith("| dlib | 0 of 4 |") for row in text)


def test_measured_people_are_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def measured(models: object, reference: object, seed: int, config: object) -> Line:
        asked.append(seed)
        return line(seed)

    add_line(tmp_path / "other_photos_heads.jsonl", line(0))
    monkeypatch.setattr(bench, "load_models", lambda name: name)
    monkeypatch.setattr(bench, "measure_reference", lambda models, config: None)
    monkeypatch.setattr(bench, "measured", measured)
    bench.main(["--people", "3", "--out", str(tmp_path)])
    assert asked == [1, 2]
    assert "seeds 0 to 2" in (tmp_path / "other_photos_heads.md").read_text()
