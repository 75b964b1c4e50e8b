"""The table of present methods: its rule, its seeds, the control, what resumes, and what is printed."""

import json
import types
from pathlib import Path
from typing import Any

import chex
import numpy as np
import pytest
from PIL import Image

from benchmarks.forgetting_heads import albums, picture
from benchmarks.forgetting_heads.candidates import CANDIDATES, GUIDE, PUBLISHED, RANDOM, SUGAR, config_of
from benchmarks.forgetting_heads.frozen import changes_of, fingerprint, freeze, load_frozen
from benchmarks.forgetting_heads.lines import FROZEN, RESULTS, TUNING, Line, read_lines, ready_for_more
from benchmarks.forgetting_heads.page import page
from benchmarks.forgetting_heads.people import TABLE_DRAWS, TUNING_DRAWS, fresh_seeds, tuning_seeds
from benchmarks.forgetting_heads.random_change import change_of, randomly_changed
from benchmarks.forgetting_heads.rule import best
from benchmarks.forgetting_heads.runs import Bench, Wanted, missing
from jaxunlearn.errors import InputError
from jaxunlearn.methods import configuration
from jaxunlearn.methods.registry import preset
from jaxunlearn.models.generator import split_generator
from tests.support.tiny_models import numbers, tiny_models, tiny_unlearned
from tests.support.tiny_reference import tiny_reference

JUDGES = ("one judge", "another judge")


def person(*, latent: float = 0.1, photos: bool | None = None) -> dict[str, Any]:
    """Return a person whom both judges find at the latent from 0.5 on."""
    judged = {
        "id": latent,
        "threshold": 0.5,
        "stranger_rank": 0.25,
        "reaches_target": latent < 0.5,
        "truncated": {"0.5": {"id": 0.6}, "1.3": {"id": latent}},
        "found": {"latent": latent >= 0.5, "wide": False, "truncated": False, "photos": photos},
    }
    places: dict[str, bool | None] = {"latent": latent < 0.5, "wide": True, "truncated": True}
    places["photos"] = None if photos is None else not photos
    return {
        "forgotten": all(answer is not False for answer in places.values()),
        "forgotten_by": places,
        "judges": dict.fromkeys(JUDGES, judged),
    }


def line(row: str, candidate: str, people: int, draw: int, *persons: dict[str, Any], lost: int = 0) -> Line:
    counts = {"share": lost / 64, "low": 0.0, "high": 1.0, "number": float(lost), "people": 64.0}
    return {
        "row": row,
        "candidate": candidate,
        "people": people,
        "draw": draw,
        "seeds": [],
        "frozen": "",
        "steps": 0 if row == RANDOM else 120,
        "seconds": 60.0,
        "compile_seconds": 20.0,
        "evaluation_seconds": 30.0,
        "forgotten": sum(each["forgotten"] for each in persons),
        "persons": list(persons),
        "others": {
            "others_lost_counts": counts,
            "others_lost_by_group": {"glasses": counts},
            "others_id_p5": 0.75,
            "fid_pre": 2.0 + lost,
            "kid_pre": 0.001,
            "near": {"0.5": {"lost_counts": counts}, "1.0": {"lost_counts": {"number": 0, "people": 0}}},
        },
        "counts": {},
        "change": {},
    }


def tuned(**lost: int) -> list[Line]:
    """Return lines of all candidates, who all forget everybody; the first of each row loses the fewest."""
    return [
        line(row, name, people, draw, person(), lost=k)
        for (row, people), candidates in CANDIDATES.items()
        for k, name in enumerate(candidates)
        for draw in range(TUNING_DRAWS[people])
    ]


def test_people_of_the_table_are_fresh_and_in_one_draw_only():
    fresh = [
        seed for n, draws in TABLE_DRAWS.items() for draw in range(draws) for seed in fresh_seeds(n, draw)
    ]
    development = [
        seed for n, draws in TUNING_DRAWS.items() for draw in range(draws) for seed in tuning_seeds(n, draw)
    ]
    assert len(set(fresh)) == len(fresh) == sum(n * draws for n, draws in TABLE_DRAWS.items())
    assert min(fresh) >= 10_000
    assert len(set(development)) == len(development)
    assert max(development) < 1000


def test_both_methods_are_tuned_by_the_same_budget():
    for people in TUNING_DRAWS:
        assert len(CANDIDATES[GUIDE, people]) == len(CANDIDATES[SUGAR, people])


def test_all_settings_are_valid_and_the_published_ones_are_the_papers():
    for (row, people), candidates in CANDIDATES.items():
        for changes in candidates.values():
            configuration.check(config_of(row, people, changes, 0))
    for people in TABLE_DRAWS:
        config = config_of(PUBLISHED, people, {}, 0)
        configuration.check(config)
        assert (config.surrogates.space, config.surrogates.enough, config.ewc.weight) == ("w+", -1.0, 50.0)
        assert config.target.distance == pytest.approx(preset("guide/heads").target.distance * 20 / 30)


def test_forgetting_comes_before_others_and_an_unknown_place_is_no_success():
    unknown = person()
    unknown["forgotten_by"] = {**unknown["forgotten_by"], "wide": None}
    lines = [
        line(GUIDE, "forgets one", 1, 0, person(), person(latent=0.9), lost=0),
        line(GUIDE, "forgets both", 1, 0, person(), person(), lost=9),
        line(GUIDE, "forgets both and loses fewer", 1, 0, person(), person(), lost=4),
        line(GUIDE, "cannot say", 1, 0, person(), unknown, lost=0),
        line(GUIDE, "of ten", 10, 0, person(), lost=0),
    ]
    assert best(lines, GUIDE, 1) == "forgets both and loses fewer"


def test_settings_are_frozen_once_after_all_runs_and_by_the_rule(tmp_path: Path):
    path, lines = tmp_path / "frozen.json", tuned()
    with pytest.raises(InputError, match="runs are done"):
        freeze(lines[1:], path)
    frozen = freeze(lines, path)
    assert changes_of(frozen, GUIDE, 20) == next(iter(CANDIDATES[GUIDE, 10].items()))
    assert changes_of(frozen, SUGAR, 1) == next(iter(CANDIDATES[SUGAR, 1].items()))
    assert changes_of(frozen, PUBLISHED, 1) == ("", {})
    assert frozen["trainings"][GUIDE] == frozen["trainings"][SUGAR]
    with pytest.raises(InputError, match="frozen once"):
        freeze(lines, path)


def test_the_table_needs_the_frozen_settings_it_began_with(tmp_path: Path):
    path = tmp_path / "frozen.json"
    with pytest.raises(InputError, match=r"frozen\.json: no such file"):
        load_frozen(path, [])
    frozen = freeze(tuned(), path)
    begun = line(GUIDE, "a", 1, 0, person())
    begun["frozen"] = fingerprint(path)
    assert load_frozen(path, [begun]) == frozen
    path.write_text(path.read_text().replace("18", "19") + " ")
    with pytest.raises(InputError, match="changed after the table was begun"):
        load_frozen(path, [begun])


def test_the_control_changes_each_trained_tensor_by_the_same_norm_and_nothing_else():
    source, unlearned = tiny_models().generator, tiny_unlearned()
    wanted = change_of(source, unlearned)
    control = randomly_changed(source, wanted, seed=3)
    assert change_of(source, control) == pytest.approx(wanted, rel=1e-4)
    apart = change_of(unlearned, control)
    assert sum(apart.values()) > sum(wanted.values()) > 0
    fixed, before = (split_generator(generator).fixed for generator in (control, source))
    chex.assert_trees_all_equal(fixed, before)
    again = randomly_changed(source, wanted, seed=3)
    np.testing.assert_equal(numbers(again), numbers(control))


def test_a_finished_run_is_not_run_again_and_a_cut_off_line_is_dropped(tmp_path: Path):
    path = tmp_path / "results.jsonl"
    done = line(GUIDE, "a", 1, 0, person())
    path.write_text(json.dumps(done) + "\n" + json.dumps(done)[:40])
    with pytest.warns(UserWarning, match="cut off"):
        lines = ready_for_more(path)
    assert lines == read_lines(path) == [done]
    wanted = [Wanted(GUIDE, "a", {}, 1, draw, (1,)) for draw in (0, 1)]
    assert [run.draw for run in missing(wanted, lines)] == [1]


def test_latents_of_other_photos_are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[tuple[int, int]] = []

    def inverted(models: Any, seed: int, count: int, **kwargs: Any) -> Any:
        asked.append((seed, count))
        return types.SimpleNamespace(ws=np.full((count, 2, 3), seed, np.float32))

    monkeypatch.setattr(albums, "album_latents", inverted)
    for _ in range(2):
        found = albums.albums_of(tiny_models(), [700, 701], tmp_path)
        assert {number: ws.mean() for number, ws in found.items()} == {0: 700, 1: 701}
    assert asked == [(700, albums.PHOTOS), (701, albums.PHOTOS)]


@pytest.mark.slow
def test_a_run_is_measured_and_leaves_its_line(tmp_path: Path):
    models, path = tiny_models(), tmp_path / "results.jsonl"
    guide = line(GUIDE, "a", 1, 0, person())
    guide["change"] = change_of(models.generator, tiny_unlearned())
    pictures: list[str] = []
    bench = Bench(
        models=models,
        reference=lambda draw: tiny_reference(),
        albums=lambda seeds: {},
        frozen="abc",
        path=path,
        pictures=lambda run, result, config: pictures.append(run.row),
    )
    control = Wanted(RANDOM, "", {}, 1, 0, (10_000,))
    bench.run_all([control], [guide])
    (written,) = read_lines(path)
    assert (written["row"], written["frozen"], written["seeds"]) == (RANDOM, "abc", [10_000])
    assert written["change"] == pytest.approx(guide["change"], rel=1e-3)
    judged = written["persons"][0]["judges"]["judge"]
    assert "id_to_target" not in judged
    assert -1 <= judged["id"] < 0.999
    assert written["others"]["others_lost_counts"]["people"] == 2
    assert len(bench.run_all([control], read_lines(path))) == 1
    assert pictures == [RANDOM]


def test_the_page_counts_people_and_names_what_is_missing():
    results = [
        line(GUIDE, "a", 1, 0, person(photos=False), lost=2),
        line(GUIDE, "a", 1, 1, person(latent=0.9, photos=True), lost=4),
        line(RANDOM, "a", 1, 0, person(photos=False), lost=0),
    ]
    text = page(tuned(), results, "a machine")
    row, control = (
        next(each for each in text.split("\n") if each.startswith(f"| 1 | {name} | ")).split(" | ")
        for name in (GUIDE, RANDOM)
    )
    # draws, forgotten, interval, four places, two judges, target
    assert row[2:4] == ["2", "1 of 2"]
    assert row[5:12] == ["1 of 2", "2 of 2", "2 of 2", "1 of 2", "1 of 2", "1 of 2", "1 of 2 |"]
    assert control[2:4] == ["1", "1 of 1"]
    assert f"| 1 | {GUIDE} | 6 of 128 | " in text
    assert " | 4 of 64 | 6 of 128 | - | " in text  # the worst draw, and people near at two distances
    assert "| 1 | GUIDE | 6/128 |" in text  # by group
    # where one judge finds people: latent, wide, two psi, photos
    assert "| 1 | GUIDE | one judge | 1 of 2 | 0 of 2 | 2 of 2 | 1 of 2 | 1 of 2 |" in text
    assert "- N = 1, GUIDE: 4 of 6 draws" in text
    assert "- N = 20, SUGAR: 1 of 1 draws" in text
    assert f"| 1 | GUIDE | **{next(iter(CANDIDATES[GUIDE, 1]))}** | 1 | 0 of 3 | 1 of 1 | 1 of 1 | " in text


def test_the_picture_has_a_row_for_each_method(tmp_path: Path):
    side = 8
    for shade, row in enumerate((GUIDE, SUGAR, PUBLISHED, RANDOM)):
        for kind, rows, faces in (("people", 3, picture.SHOWN), ("others", 2, 8)):
            levels = 40 * (shade + 1) + np.repeat(np.arange(rows), side)[:, None]
            image = np.broadcast_to(levels.astype(np.uint8), (rows * side, faces * side))
            name = f"{row.replace(' ', '-')}_x_{picture.SHOWN}_0_{kind}.png"
            Image.fromarray(image).save(tmp_path / name)
    picture.draw(tmp_path, tmp_path / "all.png")
    drawn = np.asarray(Image.open(tmp_path / "all.png"))
    last = [40, 42, 82, 122, 162], [40, 41, 81, 121, 161]  # before; afterwards the last row of each picture
    np.testing.assert_array_equal(drawn[::side, -8 * side - 20, 0][:5], last[0])
    np.testing.assert_array_equal(drawn[::side, -1, 0], last[1])
    (tmp_path / f"{GUIDE}_x_5_0_others.png").unlink()
    with pytest.raises(FileNotFoundError, match="run table first"):
        picture.draw(tmp_path, tmp_path / "all.png")


def test_the_committed_lines_are_of_the_frozen_settings():
    results = read_lines(RESULTS)
    if results:
        load_frozen(FROZEN, results)
    for each in read_lines(TUNING):
        assert max(each["seeds"]) < 1000
    for each in results:
        assert each["seeds"] == fresh_seeds(each["people"], each["draw"])
