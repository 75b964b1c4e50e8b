"""The README's pictures: who counts as the worst, what is written, what goes on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks import readme_pictures as bench
from jaxunlearn.methods.guide import presets
from tests.support.tiny_models import tiny_models


def figures(found: int, alike: float) -> dict[str, Any]:
    places = {name: k < found for k, name in enumerate(("latent", "wide", "truncated", "photos"))}
    return {
        "judges": {"one": {"found": places}, "other": {"found": dict.fromkeys(places, None)}},
        "id_others_max": alike,
        "forgotten": not found,
        "id": 0.1,
        "others_id": 0.9,
        "others_lost": 0.125,
    }


def test_the_worst_is_found_in_most_places_and_then_most_alike() -> None:
    people = {10_000: figures(1, 0.9), 10_001: figures(2, 0.5), 10_002: figures(2, 0.6)}
    page = bench.table(people)
    assert page.splitlines()[-1] == (
        "Forgotten: 0 of 3. Other people: 0.900 on average, 12.5 % lost. The worst: seed 10002."
    )
    assert "| 10001 | no | 2 | 0.10 | 0.50 | 0.900 | 12 % |" in page


def test_other_people_stand_below_in_the_same_width() -> None:
    picture = bench.composed(np.zeros((384, 640, 3), np.uint8), np.full((256, 1024, 3), 9, np.uint8))
    assert picture.size == (640, 384 + bench.GAP + 160)
    assert picture.getpixel((320, 390)) == (255, 255, 255)
    assert picture.getpixel((320, 500)) == (9, 9, 9)


def test_pictures_and_page_are_written_and_finished_runs_are_not_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = presets.heads()
    config.steps = 2
    config.images_every = 0
    config.rendering.rays = 0
    config.evaluation.update(
        {"views": 2, "album": 0, "retained_people": 4, "frechet_samples": 4, "strangers": 0}
    )
    measured: list[str] = []

    def evaluate(models: Any, result: Any, *_: Any, **__: Any) -> None:
        measured.append(result.folder.path.name)
        result.folder.add_to_summary({"people": {"0": figures(len(measured), 0.3)}})

    monkeypatch.setattr(bench, "load_models", lambda _: tiny_models())
    monkeypatch.setattr(bench.presets, "heads", lambda: config)
    monkeypatch.setattr(bench, "measure_reference", lambda *_: None)
    monkeypatch.setattr(bench, "evaluate", evaluate)
    asked = ["--people", "2", "--runs", str(tmp_path / "runs"), "--pictures", str(tmp_path)]
    asked += ["--page", str(tmp_path / "page.md")]
    for _ in range(2):
        bench.main(asked)
    assert measured == ["10000", "10001"]
    assert (tmp_path / "page.md").read_text().splitlines()[-1].endswith("The worst: seed 10001.")
    with (
        Image.open(tmp_path / "forgotten.webp") as first,
        Image.open(tmp_path / "forgotten_worst.webp") as worst,
    ):
        assert first.size == worst.size
        assert np.any(np.asarray(first) != np.asarray(worst))
