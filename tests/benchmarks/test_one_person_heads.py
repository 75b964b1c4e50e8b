"""One person by GUIDE and LEGATO: what is counted, who is the worst, what is written, what goes on."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks import one_person_heads as bench
from benchmarks import one_person_runs
from benchmarks.one_person_page import Case, Line, page
from jaxunlearn.files.json_lines import read_json_lines
from jaxunlearn.methods.registry import preset
from jaxunlearn.training.storage.metrics_log import add_line
from tests.support.tiny_models import tiny_models

PLACES = ("latent", "wide", "truncated", "photos")


def figures(found: int, alike: float = 0.3, lost: int = 6, photos: int = 1, near: int = 8) -> dict[str, Any]:
    places = {name: k < found for k, name in enumerate(PLACES)}
    none = dict.fromkeys(places, None)
    return {
        "judges": {
            "one": {
                "found": places,
                "others_found": photos,
                "others_known": 4,
                "reaches_target": found == 0,
            },
            "other": {"found": none, "others_found": 0, "others_known": 1, "reaches_target": None},
        },
        "id_others_max": alike,
        "forgotten": not found,
        "id": 0.1,
        "others_id": 0.9,
        "others_id_p5": 0.7,
        "others_lost_counts": {"number": float(lost), "people": 48.0},
        "near": {"1.0": {"lost_counts": {"number": float(near), "people": 40.0}}},
        "retained_lpips": 0.01,
        "fid_pre": 0.5,
    }


def line(method: str, seed: int, *, draw: int = 0, **counts: Any) -> Line:
    return {
        "method": method,
        "seed": seed,
        "draw": draw,
        "processor": "2 x cores",
        "steps": 80,
        "steps_per_second": 0.5,
        "figures": figures(**counts),
    }


def rows(text: list[str], start: str) -> list[list[str]]:
    found = [each for each in text if each.startswith(f"| {start} |")]
    return [[cell.strip() for cell in each.strip("|").split("|")] for each in found]


def row(text: list[str], start: str) -> list[str]:
    (found,) = rows(text, start)
    return found


def test_first_draws_come_first() -> None:
    ordered = bench.cases(["guide", "legato"], people=2, draws=2)
    assert ordered[:4] == [
        ("guide", 10_000, 0),
        ("guide", 10_001, 0),
        ("legato", 10_000, 0),
        ("legato", 10_001, 0),
    ]
    assert len(set(ordered)) == 8
    assert bench.config_of(ordered[-1]).method == "legato"
    assert bench.config_of(ordered[-1]).seed == 1


def test_the_worst_is_found_in_most_places_and_then_most_alike() -> None:
    people = [line("guide", 1, found=1, alike=0.9), line("guide", 2, found=2, alike=0.5)]
    people.append(line("guide", 3, found=2, alike=0.6))
    assert page(people)[-1] == "GUIDE's worst person: seed 3."


def test_people_are_counted_by_place_and_by_judge() -> None:
    text = page([line("guide", 1, found=0), line("guide", 2, found=2), line("guide", 3, found=4)])
    forgotten, nowhere, photos, *_ = rows(text, "GUIDE")
    assert forgotten[1] == "1 of 3"
    assert forgotten[3] == "1 of 3", "all judges recognise everybody in a photo"
    assert forgotten[4:] == ["2 of 3", "2 of 3", "1 of 3", "1 of 3", "1 of 3"]
    assert nowhere[1:] == ["1 of 3", "-"]
    assert photos[1:] == ["3 of 3", "0 of 3", "3 of 12", "0 of 3"]
    assert not any("The same people" in each for each in text)


def test_of_whom_a_judge_recognises_in_no_photo_it_says_nothing_there() -> None:
    lines = [line("guide", 1, found=0, photos=0), line("guide", 2, found=1), line("guide", 3, found=2)]
    for unknown in lines[:2]:
        unknown["figures"]["judges"]["other"]["others_known"] = 0
    text = page(lines)
    values: dict[str, str] = {}
    for head, guide in list(zip(rows(text, ""), rows(text, "GUIDE"), strict=False))[:3]:
        values |= dict(zip(head, guide, strict=True))
    assert values["forgotten"] == "1 of 3"
    assert values["recognised by all: forgotten"] == "0 of 1"
    assert (values["people: one"], values["people: other"]) == ("2 of 3", "0 of 1")


def test_the_committed_page_is_of_the_committed_lines() -> None:
    folder = Path(bench.__file__).parent
    lines = read_json_lines(folder / "one_person_heads.jsonl", Line)
    assert (folder / "one_person_heads.md").read_text() == "\n".join(page(lines)) + "\n"


def test_lost_people_are_added_up() -> None:
    text = page([line("legato", 1, found=0, lost=2), line("legato", 2, found=0, lost=10)])
    others = [each for each in text if each.startswith("| LEGATO | 12 of 96 |")]
    assert len(others) == 1
    assert "| 10 | 16 of 80 | 0.900 | 0.70 | 0.0100 | 0.50 | 80 | 0.50 |" in others[0]


def test_the_same_people_are_compared_whatever_the_order() -> None:
    lines = [line("legato", 2, found=1, lost=3), line("legato", 1, found=0, lost=1)]
    lines += [line("guide", 1, found=4, lost=5), line("guide", 2, found=3, lost=6), line("guide", 3, found=0)]
    text = page(lines)
    assert row(text, "found")[1:4] == ["3.50", "0.50", "-3.00"]
    assert row(text, "others lost")[1:4] == ["5.50", "2.00", "-3.50"]
    assert row(text, "near lost")[1:4] == ["8.00", "8.00", "+0.00"]
    assert row(text, "3") == ["3", "0", "1", "6", "8", "-", "-", "-", "-"]


def test_a_person_counts_once_and_other_seeds_of_the_run_have_a_table() -> None:
    lines = [line("guide", seed, found=2) for seed in (1, 2, 3)]
    lines += [line("guide", 1, draw=1, found=0, lost=4), line("guide", 2, draw=1, found=3, lost=2)]
    text = page(lines)
    tables = rows(text, "GUIDE")
    assert tables[0][1] == "0 of 3"
    assert row(text, "1")[1] == "2"
    assert [each[1:] for each in tables[4:]] == [
        ["0", "2", "0 of 2", "4", "2", "12", "16"],
        ["1", "2", "1 of 2", "3", "2", "6", "16"],
    ]
    assert "same with every seed for 1 of 2 people; the number of places differs by at most 2." in text[-1]


def test_the_worst_person_is_of_the_first_seed_of_the_run() -> None:
    lines = [line("guide", 1, found=1), line("guide", 2, found=2), line("guide", 1, draw=1, found=4)]
    assert "GUIDE's worst person: seed 2." in page(lines)
    assert not any("Other seeds" in each for each in page(lines[:2]))


def test_photos_are_searched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = tiny_models().generator.config
    searched: list[int] = []

    def album_latents(models: Any, seed: int, count: int, **_: Any) -> Any:
        searched.append(seed)
        ws = np.full((count, generator.num_ws, generator.w_dim), seed, np.float32)
        return SimpleNamespace(ws=ws, c=np.zeros((count, 25)))

    monkeypatch.setattr(one_person_runs, "album_latents", album_latents)
    config = preset("guide/heads", 1)
    for seed in (3, 4, 3):
        (ws,) = one_person_runs.photo_latents(tiny_models(), seed, config, tmp_path).values()
        assert len(ws) == config.evaluation.album
        assert np.all(ws == seed)
    assert searched == [3, 4]
    config.evaluation.album = 0
    assert one_person_runs.photo_latents(tiny_models(), 5, config, tmp_path) == {}


def test_other_people_stand_below_in_the_same_width() -> None:
    picture = bench.composed(np.zeros((384, 640, 3), np.uint8), np.full((256, 1024, 3), 9, np.uint8))
    assert picture.size == (640, 384 + bench.GAP + 160)
    assert picture.getpixel((320, 390)) == (255, 255, 255)
    assert picture.getpixel((320, 500)) == (9, 9, 9)


@pytest.mark.long
def test_pictures_and_page_are_written_and_measured_runs_are_not_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(method: str, people: int) -> Any:
        config = preset(method, people)
        config.steps = 2
        config.images_every = 0
        config.rendering.rays = 0
        config.evaluation.update(
            {"views": 2, "album": 0, "retained_people": 4, "frechet_samples": 4, "strangers": 0}
        )
        return config

    evaluated: list[str] = []

    def evaluate(models: Any, result: Any, *_: Any, **__: Any) -> None:
        evaluated.append(result.folder.path.name)
        result.folder.add_to_summary({"people": {"0": figures(len(evaluated))}})

    monkeypatch.setattr(bench, "load_models", lambda _: tiny_models())
    monkeypatch.setattr(bench, "preset", short)
    monkeypatch.setattr(bench, "measure_reference", lambda *_: None)
    monkeypatch.setattr(one_person_runs, "evaluate", evaluate)
    asked = ["--people", "2", "--methods", "guide", "--runs", str(tmp_path / "runs")]
    asked += ["--pictures", str(tmp_path), "--out", str(tmp_path)]
    for _ in range(2):
        bench.main(asked)
    assert evaluated == ["guide-10000-0", "guide-10001-0"]
    assert (tmp_path / "one_person_heads.md").read_text().endswith("worst person: seed 10001.\n")
    with (
        Image.open(tmp_path / "forgotten.webp") as first,
        Image.open(tmp_path / "forgotten_worst.webp") as worst,
    ):
        assert first.size == worst.size
        assert np.any(np.asarray(first) != np.asarray(worst))


def test_a_line_that_was_cut_off_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "one_person_heads.jsonl"
    add_line(file, line("legato", 10_000, found=0))
    with file.open("a") as more:
        more.write('{"method": "leg')
    asked: list[Case] = []

    def line_of(models: Any, reference: Any, case: Case, runs: Path) -> Line:
        asked.append(case)
        return line(*case[:2], found=1)

    monkeypatch.setattr(bench, "load_models", lambda _: None)
    monkeypatch.setattr(bench, "measure_reference", lambda *_: None)
    monkeypatch.setattr(bench, "line_of", line_of)
    drawn: list[tuple[Case, str]] = []
    monkeypatch.setattr(
        bench, "write_picture", lambda models, case, runs, out: drawn.append((case, out.name))
    )
    folders = ["--out", str(tmp_path), "--pictures", str(tmp_path)]
    with pytest.warns(UserWarning, match="cut off"):
        bench.main(["--people", "2", "--methods", "legato", *folders])
    assert asked == [("legato", 10_001, 0)]
    assert drawn == [(("legato", 10_000, 0), "forgotten_legato.webp")]
    assert not (tmp_path / "forgotten.webp").exists()
