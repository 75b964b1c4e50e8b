"""GUIDE and LEGATO at other strengths: what lies on the way, what is counted, what is measured again."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import pytest
from flax import nnx

from benchmarks import frontier_heads as bench
from benchmarks.frontier_heads import Point
from benchmarks.frontier_page import Line, page
from benchmarks.one_person_page import Case
from eg3d_flax import TriPlaneGenerator
from jaxunlearn.files.json_lines import read_json_lines
from jaxunlearn.photos.people import People
from jaxunlearn.training.result import Result
from legato_flax import AdaptedGenerator, Adapters, AdaptersConfig
from tests.support.tiny_models import tiny_models

PLACES = ("latent", "wide", "truncated", "photos")


def line(
    method: str, seed: int, strength: float, *, found: int = 0, lost: int = 3, alike: float = 0.2
) -> Line:
    places = {name: k < found for k, name in enumerate(PLACES)}
    unknown = {"found": dict.fromkeys(PLACES), "id": None, "threshold": 0.7}
    return {
        "method": method,
        "seed": seed,
        "draw": 0,
        "strength": strength,
        "processor": "2 x cores",
        "figures": {
            "judges": {"one": {"found": places, "id": alike, "threshold": 0.8}, "other": unknown},
            "forgotten": not found,
            "others_id": 0.9,
            "others_lost_counts": {"number": float(lost), "people": 48.0},
            "near": {"1.0": {"lost_counts": {"number": 4.0, "people": 40.0}}},
            "retained_lpips": 0.01,
        },
    }


def rows(text: str) -> list[list[str]]:
    found = [each for each in text.splitlines() if each.startswith(("| GUIDE |", "| LEGATO |"))]
    return [[cell.strip() for cell in each.strip("|").split("|")] for each in found]


def result_of(generator: Any) -> Result:
    nobody = np.zeros((1, 2, 3), np.float32)
    return Result(People("one", ("one",), nobody), nobody, (generator,), {}, None)


def test_weights_lie_on_the_line_through_source_and_trained():
    source = tiny_models().generator
    graph, weights = nnx.split(source)
    trained = nnx.merge(graph, jax.tree.map(lambda x: x + 2, weights))
    for strength in (0.0, 0.5, 1.0, 1.5):
        found = bench.on_the_way(source, result_of(trained), strength).generator
        for old, new in zip(jax.tree.leaves(weights), jax.tree.leaves(nnx.state(found)), strict=True):
            np.testing.assert_allclose(new, old + 2 * strength, atol=1e-5)


def test_adapters_run_to_another_end_time():
    generator = tiny_models().generator
    assert isinstance(generator, TriPlaneGenerator)
    adapters = Adapters(AdaptersConfig.for_generator(generator.config, hidden=4), rngs=nnx.Rngs(0))
    found = bench.on_the_way(generator, result_of(AdaptedGenerator(generator, adapters)), 0.5).generator
    assert isinstance(found, AdaptedGenerator)
    assert found.adapters.config.end == 0.5 * adapters.config.end


def test_people_are_counted_at_each_strength():
    lines = [line("legato", 1, 1.0), line("guide", 2, 1.0, found=2, lost=5), line("guide", 1, 0.5, found=4)]
    lines.append(line("guide", 1, 1.0, alike=0.4))
    table = rows(page(lines))
    forgotten, alike, others = table[:3], table[3:6], table[6:]
    assert [row[:3] for row in forgotten] == [
        ["GUIDE", "0.5", "0 of 1"],
        ["GUIDE", "1", "1 of 2"],
        ["LEGATO", "1", "1 of 1"],
    ]
    assert forgotten[1][4:] == ["1 of 2", "1 of 2", "0 of 2", "0 of 2"]
    assert alike[1] == ["GUIDE", "1", "0.30 (0.80)", "-"]
    assert others[1] == ["GUIDE", "1", "8 of 96", "4 to 16 %", "8 of 80", "0.900", "0.0100"]


def test_the_committed_page_is_of_the_committed_lines():
    folder = Path(bench.__file__).parent
    lines = read_json_lines(folder / "frontier_heads.jsonl", Line)
    assert (folder / "frontier_heads.md").read_text() == page(lines)


def test_measured_strengths_are_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    measured: list[Point] = []

    def line_of(models: Any, reference: Any, point: Point, runs: Path) -> Line:
        measured.append(point)
        return line(point.case.method, point.case.seed, point.strength)

    monkeypatch.setattr(bench, "load_models", lambda _: None)
    monkeypatch.setattr(bench, "measure_reference", lambda *_: None)
    monkeypatch.setattr(bench, "line_of", line_of)
    asked = ["--out", str(tmp_path), "--people", "1", "--strengths"]
    bench.main([*asked, "0.5", "--methods", "guide"])
    bench.main([*asked, "0.5", "1"])
    first = Case("guide", 10_000, 0)
    assert measured == [
        (first, 0.5),
        (first, 1.0),
        (("legato", 10_000, 0), 0.5),
        (("legato", 10_000, 0), 1.0),
    ]
    assert len(rows((tmp_path / "frontier_heads.md").read_text())) == 3 * 4


def test_a_point_is_measured_on_the_photos_of_its_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked: dict[str, Any] = {}

    def evaluate(models: Any, result: Any, config: Any, **given: Any) -> dict[str, Any]:
        asked.update(given, result=result, seed=config.seed)
        return {"people": {"0": {**line("guide", 1, 1.0)["figures"], "settings": {}}}}

    models = SimpleNamespace(generator="source")
    photos = {0: np.zeros((2, 3, 4))}
    monkeypatch.setattr(bench, "trained", lambda models, seed, config, folder: folder)
    monkeypatch.setattr(bench, "on_the_way", lambda source, result, strength: (source, result.name, strength))
    monkeypatch.setattr(bench, "photo_latents", lambda models, seed, config, runs: photos)
    monkeypatch.setattr(bench, "evaluate", evaluate)
    found = bench.line_of(models, "reference", Point(Case("legato", 10_003, 2), 1.5), tmp_path)  # type: ignore[arg-type]
    assert asked["result"] == ("source", "legato-10003-2", 1.5)
    assert asked["other_ws"] is photos
    assert asked["seed"] == 2
    assert (found["seed"], found["draw"], found["strength"]) == (10_003, 2, 1.5)
    assert "settings" not in found["figures"]


def test_the_trained_generator_has_the_figures_of_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def measured(models: Any, reference: Any, seed: int, config: Any, folder: Path) -> dict[str, Any]:
        return {"figures": {"of": folder.name}}

    monkeypatch.setattr(bench, "measured", measured)
    found = bench.line_of(SimpleNamespace(), "reference", Point(Case("guide", 10_003, 2), 1.0), tmp_path)  # type: ignore[arg-type]
    assert found["figures"] == {"of": "guide-10003-2"}
