"""Many people in one generator: which runs there are, what they train and measure, and the pages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import chex
import jax
import numpy as np
import pytest
from flax import nnx
from PIL import Image

from benchmarks import one_person_runs
from benchmarks.many_people_heads import __main__ as bench
from benchmarks.many_people_heads import picture, runs
from benchmarks.many_people_heads.cases import (
    COMPOSED,
    GUIDE,
    MOST_DRAWS,
    NUMBERS,
    PRESETS,
    RANDOM,
    ROWS,
    Case,
    cases,
    config_of,
    seeds_of,
)
from benchmarks.many_people_heads.lines import OTHERS, Line, case_of
from benchmarks.many_people_heads.page import page, settings_page
from benchmarks.random_change import change_of, randomly_changed
from jaxunlearn.files.json_lines import read_json_lines
from jaxunlearn.methods.config import check_config
from jaxunlearn.models.adapters import layers_of, save_unlearned
from jaxunlearn.models.generator import save_generator, split_generator
from jaxunlearn.training.result import Result, finished
from jaxunlearn.training.storage.request import Request
from jaxunlearn.training.storage.run_dir import RunFolder
from legato_flax import AdaptedGenerator
from tests.support.tiny_adapters import adapters, source
from tests.support.tiny_models import numbers, tiny_models, tiny_unlearned

FOLDER = Path(bench.__file__).parent
LOST = {"share": 0.25, "low": 0.0, "high": 1.0, "number": 12.0, "people": 48.0}


def person(found: int = 0, *, target: bool = True, alike: float = 0.1) -> dict[str, Any]:
    """Return a person whom one of two judges finds in the first `found` of four places."""
    places = ("latent", "wide", "truncated", "photos")
    clear = {"id": alike, "threshold": 0.5, "stranger_rank": 0.25, "others_found": 0, "others_known": 4}
    clear |= {"found": dict.fromkeys(places, False)} | ({"reaches_target": True} if target else {})
    sharp = clear | {"found": {place: k < found for k, place in enumerate(places)}, "others_found": found}
    return {
        "forgotten": not found,
        "forgotten_by": {place: k >= found for k, place in enumerate(places)},
        "judges": {"one judge": clear, "another judge": sharp},
    }


def figures(people: int, found: int = 0) -> dict[str, Any]:
    """Return what an evaluation says of one generator that forgot several people."""
    others: dict[str, Any] = dict.fromkeys(OTHERS, 0.5)
    others |= {"others_lost_counts": LOST, "others_lost_by_group": {"glasses": LOST}}
    others |= {"near": {"1.0": {"lost_counts": {"number": 3.0, "people": 10.0}}}}
    return {**others, "people": {str(k): person(found) for k in range(people)}}


def line(row: str, people: int, draw: int = 0, *, found: int = 0) -> Line:
    measured = figures(people, found)
    return {
        "row": row,
        "people": people,
        "draw": draw,
        "seeds": [],
        "processor": "2 x cores",
        "steps": 0 if row == RANDOM else 300,
        "steps_per_second": None if row in (RANDOM, COMPOSED) else 0.5,
        "trained": 1000,
        "bytes": 0 if row == RANDOM else 2_000_000,
        "persons": list(measured.pop("people").values()),
        "others": measured,
        "change": {},
    }


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Drawn adapters and weights in place of trained ones; figures that no network measured."""
    calls: dict[str, list[Any]] = {"trained": [], "measured": [], "photos": []}

    def unlearn(models: Any, people: Any, config: Any, *, workdir: Path, progress: bool) -> Result:
        folder, together = RunFolder(workdir), len(people.subjects) > 1
        if not folder.finished():
            calls["trained"].append((workdir.name, config))
            named = Request(
                "tiny", models.fingerprint, people.subjects, "", "", "", seeds=people.seeds, shared=together
            )
            folder.begin(named, config, people.ws)
            folder.keep_targets(people.ws, -people.ws)
            if together and not config.get("adapters", {}).get("trained"):
                save_generator(tiny_unlearned(), folder.generator(0), {})
            else:
                made = AdaptedGenerator(source(), adapters(people.seeds[0]))
                save_unlearned(made, folder.generator(0), {})
            folder.add_to_summary({"steps": config.steps, "steps_per_second": 0.5})
        return finished(folder, models.generator)

    def evaluate(models: Any, result: Result, config: Any, *, other_ws: Any, **_: Any) -> dict[str, Any]:
        layers = len(layers_of(result.generator)[1])
        calls["measured"].append((layers, sorted(other_ws), config.evaluation.to_dict()))
        return figures(len(result.ws))

    def photo_latents(models: Any, seed: int, config: Any, folder: Path) -> dict[int, np.ndarray]:
        calls["photos"].append(seed)
        return {0: np.full((4, 2, 3), seed)}

    monkeypatch.setattr(bench, "load_models", lambda _: tiny_models())
    monkeypatch.setattr(bench, "measure_reference", lambda *_: None)
    monkeypatch.setattr(bench, "write_picture", lambda *_: None)
    for module in (runs, one_person_runs):
        monkeypatch.setattr(module, "unlearn", unlearn)
    monkeypatch.setattr(runs, "evaluate", evaluate)
    monkeypatch.setattr(runs, "photo_latents", photo_latents)
    return calls


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., list[Line]]:
    """Run the command in a folder and return the lines of a file."""

    def ran(*arguments: str, file: str = "results") -> list[Line]:
        folders = [f"--{name}={tmp_path / name}" for name in ("runs", "alone", "out")]
        (tmp_path / "out").mkdir(exist_ok=True)
        bench.main([*arguments, *folders])
        return read_json_lines(tmp_path / "out" / f"{file}.jsonl", Line)

    return ran


def test_people_of_the_table_are_fresh_and_settings_are_tried_on_others():
    table = cases(ROWS, NUMBERS, MOST_DRAWS)
    for case in table:
        assert min(seeds_of(case)) >= 10_000
        assert len(seeds_of(case)) == case.people
    assert seeds_of(Case(GUIDE, 20, 0))[:5] == seeds_of(Case(COMPOSED, 5, 0)) == [*range(10_000, 10_005)]
    by_draw = [set(seeds_of(Case(GUIDE, 100, draw))) for draw in range(MOST_DRAWS)]
    assert len(set.union(*by_draw)) == 100 * MOST_DRAWS, "nobody is in two draws"
    assert max(seeds_of(Case("guide/many_heads", 100, MOST_DRAWS - 1))) < 1000 + 100


def test_settings_are_those_of_the_presets_make_sense_and_are_measured_alike():
    for case in cases(ROWS, NUMBERS, 2):
        config = config_of(case)
        check_config.check(config)
        assert config.seed == case.draw
        assert config.evaluation == config_of(Case(GUIDE, 5, 0)).evaluation
        if case.row in PRESETS:  # GUIDE takes two and a half times as many
            share = 2.5 if case.row == GUIDE else 1
            assert config.steps == share * {5: 300, 10: 300, 20: 600}[case.people]
    assert config_of(Case("guide/many_heads:pairs.lambda_global=3.5", 5, 0)).pairs.lambda_global == 3.5


def test_every_row_is_trained_and_measured(seen, run):
    lines = {line["row"]: line for line in run("--people", "2")}
    assert list(lines) == list(ROWS)
    assert [name for name, _ in seen["trained"]] == [
        "GUIDE-2-0",
        "SUGAR-2-0",
        "SUGAR-one-adapter-2-0",
        "legato-10000-0",
        "legato-10001-0",
    ], "the control takes GUIDE's generator"
    assert [layers for layers, *_ in seen["measured"]] == [0, 0, 1, 2, 0]
    assert all(tuple(rest) == seen["measured"][0][1:] for _, *rest in seen["measured"])
    assert seen["measured"][0][1] == [0, 1], "both people's photos"
    one = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(adapters(0))))
    trained = {row: line["trained"] for row, line in lines.items()}
    assert (trained["SUGAR, one adapter"], trained[COMPOSED]) == (one, 2 * one)
    assert trained[GUIDE] == trained["SUGAR"] > trained[RANDOM] > 2 * one, (
        "the control leaves what is not trained"
    )
    assert lines[COMPOSED]["bytes"] == pytest.approx(2 * lines["SUGAR, one adapter"]["bytes"], rel=0.05)
    assert lines[RANDOM]["bytes"] == 0
    assert lines[GUIDE]["change"]
    assert "reaches_target" in lines[GUIDE]["persons"][0]["judges"]["one judge"]
    assert "reaches_target" not in lines[RANDOM]["persons"][0]["judges"]["one judge"]

    run("--people", "2", "3", "--rows", GUIDE, COMPOSED)
    assert [name for name, _ in seen["trained"]][5:] == ["GUIDE-3-0", "legato-10002-0"], "one person more"
    assert len(seen["measured"]) == 7


@pytest.mark.filterwarnings("ignore:.*its last line was cut off")
def test_a_run_whose_line_was_cut_off_is_measured_again(seen, run, tmp_path):
    run("--people", "2", "--rows", "SUGAR")
    results = tmp_path / "out" / "results.jsonl"
    whole = results.read_text()
    results.write_text(whole[:-20])
    run("--people", "2", "--rows", "SUGAR")
    assert results.read_text() == whole
    assert (len(seen["trained"]), len(seen["measured"])) == (1, 2), "the run itself is finished"


def test_settings_are_tried_on_development_people_and_have_a_page(seen, run, tmp_path):
    settings = ["guide/many_heads", "guide/many_heads:pairs.lambda_global=3.0"]
    lines = run("--settings", *settings, "--people", "2", file="settings")
    assert [line["row"] for line in lines] == settings
    assert {tuple(line["seeds"]) for line in lines} == {(100, 101)}
    assert [config.pairs.lambda_global for _, config in seen["trained"]] == [10.0, 3.0]
    text = (tmp_path / "out" / "settings.md").read_text()
    assert text.index(f"| 2 | {settings[0]} |") < text.index(f"| 2 | {settings[1]} |")
    assert not (tmp_path / "out" / "results.jsonl").exists()


def test_what_cannot_be_run_is_refused(capsys, tmp_path):
    for arguments in (["--people", "1"], ["--people", "101"], ["--draws", "10"]):
        with pytest.raises(SystemExit):
            bench.main([*arguments, "--out", str(tmp_path)])
    assert "--people are from 2 to 100, --draws from 1 to 9" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        bench.main(["--settings", "guide/many_heads:no.such=1", "--out", str(tmp_path)])
    assert "no.such=1 is not a setting" in capsys.readouterr().err


def test_the_control_changes_each_trained_tensor_by_the_same_norm_and_nothing_else():
    before, unlearned = tiny_models().generator, tiny_unlearned()
    wanted = change_of(before, unlearned)
    control = randomly_changed(before, wanted, seed=3)
    assert change_of(before, control) == pytest.approx(wanted, rel=1e-4)
    apart = change_of(unlearned, control)
    assert sum(apart.values()) > sum(wanted.values()) > 0
    fixed, same = (split_generator(generator).fixed for generator in (control, before))
    chex.assert_trees_all_equal(fixed, same)
    again = randomly_changed(before, wanted, seed=3)
    np.testing.assert_equal(numbers(again), numbers(control))


def cells_of(text: str, start: str) -> list[list[str]]:
    """Return the cells of each row that begins so, after these."""
    found = [each for each in text.splitlines() if each.startswith(f"| {start} |")]
    return [[cell.strip() for cell in each[len(start) + 5 :].strip("| ").split(" | ")] for each in found]


def test_the_page_counts_people_of_all_runs():
    lines = [line(GUIDE, 2), line(GUIDE, 2, 1, found=2), line(RANDOM, 2, found=1), line("SUGAR", 10)]
    text = page(lines)
    forgotten, nowhere, photos, others, by_group, one, another = cells_of(text, "2 | GUIDE")
    assert forgotten[0] == "2 of 4"
    assert forgotten[2] == "2 of 4", "all judges recognise everybody in a photo"
    assert forgotten[3:] == ["2 of 4", "2 of 4", "0 of 4", "0 of 4", "4 of 4"]
    assert nowhere == ["4 of 4", "2 of 4"]
    assert photos == ["0 of 4", "2 of 4", "0 of 16", "4 of 16"]
    assert others[0] == "24 of 96"
    assert others[2:4] == ["6 of 20", "0.500 (0.500 to 0.500)"]
    assert others[-4:] == ["300", "0.50", "1,000", "2.0"]
    assert by_group == ["24/96"]
    assert (one[:2], another[:2]) == (["one judge", "0.10"], ["another judge", "0.10"])
    assert cells_of(text, f"2 | {RANDOM}")[3][-4:] == ["-", "-", "1,000", "-"]
    order = [text.index(f"| {start} |") for start in ("2 | GUIDE", f"2 | {RANDOM}", "10 | SUGAR")]
    assert order == sorted(order)


def test_the_picture_has_a_row_for_each_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shades = iter((40, 80))

    class Shown:
        def __init__(self, *_: Any):
            self.shade = next(shades)

        def faces(self, rows: int, number: int) -> np.ndarray:
            shades = np.arange(self.shade, self.shade + rows, dtype=np.uint8)
            return np.broadcast_to(shades[:, None, None, None, None], (rows, number, 8, 8, 3))

        def front(self) -> np.ndarray:
            return self.faces(3, 5)

        def other_people(self, _: int) -> np.ndarray:
            return self.faces(2, 8)

    nothing = runs.Forgotten(Result(None, None, (None,), {}, None), (), 0, None)  # type: ignore[arg-type]
    monkeypatch.setattr(picture, "RunPictures", Shown)
    monkeypatch.setattr(picture, "forget", lambda *_: nothing)
    picture.write_picture(
        tiny_models(),
        [Case(GUIDE, 5, 0), Case("SUGAR", 5, 0)],
        tmp_path,
        tmp_path,
        path := tmp_path / "all.png",
    )
    drawn = np.asarray(Image.open(path))
    assert drawn.shape[0] == 3 * 8
    np.testing.assert_array_equal(drawn[::8, -8 * 8 - 20, 0], [40, 42, 82])  # people: before, then after each
    np.testing.assert_array_equal(drawn[::8, -1, 0], [40, 41, 81])


def test_the_committed_pages_are_of_the_committed_lines():
    for name, said, table in (("results", page, "table"), ("settings", settings_page, "settings")):
        lines = read_json_lines(FOLDER / f"{name}.jsonl", Line)
        assert lines
        assert (FOLDER / f"{table}.md").read_text() == said(lines)
        assert all(each["seeds"] == seeds_of(case_of(each)) for each in lines)
        assert all(len(each["persons"]) == each["people"] for each in lines)
