"""Adapters for many people: which cases there are, what they train and measure, what goes on, the table."""

import json
from pathlib import Path
from typing import Any

import jax
import pytest
from flax import nnx

from benchmarks import adapters_many_people as bench
from jaxunlearn.methods import configuration
from jaxunlearn.models.adapters import layers_of, save_unlearned
from jaxunlearn.models.generator import save_generator
from jaxunlearn.training.result import Result, finished
from jaxunlearn.training.storage.run_dir import Request, RunFolder
from legato_flax import AdaptedGenerator
from tests.support.tiny_adapters import adapters, source
from tests.support.tiny_models import tiny_models, tiny_unlearned


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Drawn adapters and weights in place of trained ones; figures that count adapters, not faces."""
    calls: dict[str, list[Any]] = {"trained": [], "measured": []}

    def unlearn(models: Any, people: Any, config: Any, *, workdir: Path, progress: bool) -> Result:
        folder, together = RunFolder(workdir), config.method == "sugar"
        if not folder.finished():
            calls["trained"].append((config, people.seeds))
            names = people.subjects
            folder.begin(
                Request("tiny", models.fingerprint, names, "", "", "", together=together), config, people.ws
            )
            folder.keep_targets(people.ws, -people.ws)
            for k in range(1 if together else len(names)):
                if config.method == "sugar" and not config.adapters.trained:
                    save_generator(tiny_unlearned(), folder.generator(k), {})
                else:
                    save_unlearned(AdaptedGenerator(source(), adapters(k)), folder.generator(k), {})
        return finished(folder, models.generator)

    def evaluate(models: Any, result: Result, config: Any, **_: Any) -> dict[str, Any]:
        layers = [len(layers_of(generator)[1]) for generator in result.generators]
        calls["measured"].append((result.together, layers, config.evaluation.to_dict()))
        composed = layers[0] > 1
        own = {"id": 0.1 * layers[0], "forgotten": composed, "forgotten_by": {"latent": composed}}
        others = {"others_id": 0.5, "others_id_p5": 0.25, "others_lost": 0.2, "fid_pre": 2.0}
        figures = {**own, **others, "judges": {}}
        people = {str(k): own for k in range(len(result.ws))}
        return figures if len(people) == 1 else {**figures, "people": people}

    monkeypatch.setattr(bench, "load_models", lambda _: tiny_models())
    monkeypatch.setattr(bench, "measure_reference", lambda *_: None)
    monkeypatch.setattr(bench, "unlearn", unlearn)
    monkeypatch.setattr(bench, "evaluate", evaluate)
    return calls


def test_all_rows_are_trained_and_measured_alike(seen, tmp_path, capsys):
    short = ["--draws", "1", "--steps", "4", "--out", str(tmp_path)]
    bench.main(["--people", "2", *short])
    configs = [config for config, _ in seen["trained"]]
    assert [(config.method, config.steps) for config in configs] == [
        ("sugar", 4),
        ("sugar", 4),
        ("legato", 4),
    ]
    assert [config.get("adapters", {}).get("trained") for config in configs] == [False, True, None]
    assert {seeds for _, seeds in seen["trained"]} == {(100, 101)}
    ways = [(together, layers) for together, layers, _ in seen["measured"]]
    assert ways == [(True, [0]), (True, [1]), (True, [2]), (False, [1, 1])]
    assert all(settings == seen["measured"][0][2] for *_, settings in seen["measured"])

    bench.main(["--people", "1", "2", *short])
    assert len(seen["trained"]) == 6, "one person more, and nobody again"
    assert len(seen["measured"]) == 7, "one adapter is not composed"
    assert "2 people" not in capsys.readouterr().out.split("legato-alone, 2 people")[-1]
    lines = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert len({bench.case_of(line) for line in lines}) == len(lines) == 7
    by_row = {line["row"]: line for line in lines if line["people"] == 2}
    one = sum(leaf.size for leaf in _leaves(adapters(0)))
    assert by_row["sugar-adapter"]["trained"] == one
    assert by_row["legato-composed"]["trained"] == by_row["legato-alone"]["trained"] == 2 * one
    assert by_row["sugar-weights"]["trained"] > 2 * one
    assert (
        by_row["sugar-adapter"]["bytes"] < by_row["legato-alone"]["bytes"] < by_row["sugar-weights"]["bytes"]
    )
    assert by_row["legato-composed"]["forgotten"] == 2


def _leaves(module: Any) -> list[Any]:
    return jax.tree.leaves(nnx.state(module))


def test_the_table_has_a_row_for_each_case(seen, tmp_path):
    bench.main(["--people", "2", "--draws", "2", "--steps", "4", "--out", str(tmp_path)])
    rows = [line for line in (tmp_path / "table.md").read_text().splitlines() if line.startswith("| 2: ")]
    cells = {row.split("|")[1].strip(): [cell.strip() for cell in row.split("|")[2:-1]] for row in rows}
    assert list(cells) == [f"2: {row}" for row in bench.PRESETS]
    composed = cells["2: legato-composed"]
    assert composed[:8] == ["2", "4 of 4", "0 of 4", "0.200", "0.200", "0.500", "0.250", "0.200"]
    assert cells["2: legato-alone"][1:3] == ["0 of 4", "4 of 4"]
    assert composed[-2:] == ["4", "-"]
    assert {seed for _, seeds in seen["trained"] for seed in seeds} == {100, 101, 200, 201}


@pytest.mark.filterwarnings("ignore:.*its last line was cut off")
def test_a_case_whose_line_was_cut_off_is_measured_again(seen, tmp_path):
    asked = ["--people", "2", "--draws", "1", "--steps", "4", "--out", str(tmp_path)]
    bench.main(asked)
    results = tmp_path / "results.jsonl"
    whole = results.read_text()
    results.write_text(whole[:-20])
    bench.main(asked)
    assert results.read_text() == whole
    assert len(seen["trained"]) == 3, "its run is finished"
    assert len(seen["measured"]) == 5


def test_the_settings_are_those_of_the_presets_and_make_sense():
    for case in bench.cases(bench.NUMBERS, bench.MOST_DRAWS, list(bench.PRESETS), None):
        row, people, draw, steps = case
        config = bench.config_of(*case)
        configuration.check(config)
        assert (config.steps, config.seed) == (steps, draw)
        assert steps == {1: 120, 5: 300, 10: 300}[people]
        assert max(bench.seeds_of(people, draw)) < 1000
        assert people > 1 or row != "legato-composed"


def test_too_many_people_are_refused(tmp_path, capsys):
    for arguments in (["--people", "101"], ["--draws", "10"], ["--people", "0"]):
        with pytest.raises(SystemExit):
            bench.main([*arguments, "--out", str(tmp_path / "out")])
    assert "--people are from 1 to 100, --draws from 1 to 9" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
