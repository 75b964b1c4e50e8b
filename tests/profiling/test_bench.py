"""`jaxunlearn bench`: from arguments to tables; measured in this process, on a tiny model, once."""

import dataclasses
import json
import os
from pathlib import Path
from xml.etree import ElementTree

import jax
import numpy as np
import pytest
from flax import nnx

from jaxunlearn.cli import main as cli
from jaxunlearn.errors import InputError
from jaxunlearn.files.lock import locked
from jaxunlearn.methods.guide import presets
from jaxunlearn.methods.legato import presets as legato_presets
from jaxunlearn.methods.registry import named
from jaxunlearn.methods.sugar import presets as sugar_presets
from jaxunlearn.models.generator import split_generator
from jaxunlearn.profiling import measure, plot, results, tables
from jaxunlearn.profiling.by_part import step_flops
from jaxunlearn.profiling.cases import SWEEPS, Case, swept
from jaxunlearn.profiling.devices import Chip, chip, products
from jaxunlearn.profiling.timing import Seconds, timed
from jaxunlearn.profiling.workload import PRESETS
from tests.support.tiny_models import CONFIG, tiny_models


def case(**changes) -> Case:
    settings = {"preset": "heads", "config": presets.heads().to_dict(), "steps": 3, "warm_up": 1}
    return Case(**(settings | changes))


def swept_from(given: Case, *sweeps: str) -> list[Case]:
    return swept(lambda people: given, sweeps)


def sugar_case(people: int | None) -> Case:
    return Case("heads", sugar_presets.heads(people or 6).to_dict(), people=people or 6)


def failed(case: Case) -> dict:
    """A measurement that takes no time."""
    return {"name": case.name, "case": case.to_json(), "error": "out of memory"}


@pytest.fixture(scope="module")
def result():
    return measure.measure(case(copies=2, parts=True), tiny_models(), progress=False)


@pytest.mark.long
def test_a_case_in_figures(result):
    assert result == json.loads(json.dumps(result))
    seconds = result["step_seconds"]
    assert seconds["calls"] == 3
    assert 0 < seconds["p50"] <= seconds["p95"]
    assert result["pairs_per_second"] == pytest.approx(12 / seconds["p50"])
    assert result["identities_per_hour"] == pytest.approx(2 * 3600 / presets.heads().steps / seconds["p50"])
    work = step_flops.step(
        measure.networks_of(tiny_models()),
        measure.Workload.of(tiny_models(), presets.heads()).recipe(1, None, "cpu").settings,
    )
    assert result["model_tflop"] == pytest.approx(2e-12 * step_flops.total(work))
    assert result["mfu"] is None  # a CPU's peak is not listed
    assert result["products"] == "float32"
    assert result["compile_seconds"] > 0
    assert result["xla_flags"] == os.environ["XLA_FLAGS"]
    assert result["program"]["temp"] > 0
    assert result["peak"]["of"] == "process"
    generator = tiny_models().generator
    trained = sum(leaf.nbytes for leaf in jax.tree.leaves(split_generator(generator).trainable))
    assert result["copy"]["parameters"] == trained
    assert 2 * trained <= result["copy"]["optimiser"] <= 2 * trained + 64  # two moments, and a count
    latents = 2 * CONFIG.num_ws * CONFIG.w_dim
    planes = 3 * CONFIG.plane_resolution**2 * CONFIG.plane_channels
    assert result["copy"]["target"] == 4 * (latents + planes)
    whole = sum(leaf.nbytes for leaf in jax.tree.leaves(nnx.state(generator)))
    networks = sum(leaf.nbytes for leaf in jax.tree.leaves(tiny_models().perception()))
    assert result["shared"] == whole + networks
    assert result["exchanges"] == []  # a single device


@pytest.mark.long
def test_adapters_are_all_that_a_copy_of_legato_has():
    """And two devices that share its pairs exchange little more than their gradient."""
    config = legato_presets.heads()
    config.adapters.hidden = 4
    settings = case(config=config.to_dict(), copies=2, mesh=(1, 2), steps=1, warm_up=1)
    assert settings.name.startswith("heads, LEGATO, K 2")
    assert "LEGATO" not in case().name
    found = measure.measure(settings, tiny_models(), progress=False)
    generator = tiny_models().generator
    part = named("legato").trained_part(config, generator.config)
    trained = sum(leaf.nbytes for leaf in jax.tree.leaves(part.split(generator, 0).trainable))
    backbone = sum(leaf.nbytes for leaf in jax.tree.leaves(split_generator(generator).trainable))
    assert found["copy"]["parameters"] == trained < backbone
    assert 2 * trained <= found["copy"]["optimiser"] <= 2 * trained + 64
    along_sample = [each for each in found["exchanges"] if each["axis"] == "sample"]
    assert [each["kind"] for each in found["exchanges"]] == ["all-reduce"]
    assert 2 * trained <= sum(each["bytes"] for each in along_sample) <= 2 * trained + 4096
    header, row = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in tables.report([found]).splitlines()
        if line.startswith(("| case", "| heads"))
    )
    shown = dict(zip(header, row, strict=True))
    assert shown["copy: trained MiB"] == f"{trained / 2**20:.1f}"
    assert shown["shared MiB"] == f"{found['shared'] / 2**20:.1f}"
    assert shown["exchanged MiB"] == f"{along_sample[0]['bytes'] / 2**20:.1f}"


@pytest.mark.long
def test_each_part_forward_and_backward(result):
    rows = [(row["part"], row["direction"]) for row in result["parts"]]
    named = [name for name in step_flops.PARTS if name != "superresolution"]  # the tiny model has none
    assert rows == [(name, way) for name in named for way in ("forward", "backward")]
    assert all(row["seconds"] > 0 and row["flops"] > 0 and row["bytes"] > 0 for row in result["parts"])


@pytest.mark.must
def test_a_kernel_is_named_and_its_parts_are_timed_one_by_one():
    [fused] = swept_from(case(parts=True, steps=1, warm_up=0), "fused=1")
    assert "all rays at a time, fused points" in fused.name
    found = measure.measure(fused, tiny_models(), progress=False)
    assert {row["part"] for row in found["parts"]} >= {"lookup", "decoder"}


@pytest.mark.long
def test_tables_say_on_what(result):
    text = tables.report([result, {"name": "large", "case": {}, "error": "out of memory: 80 GB"}])
    assert "1 x cpu" in text
    assert "no MFU" in text
    assert "of 3 steps after warm-up. FEWER THAN 30" in text
    assert "large: out of memory: 80 GB" in text
    assert "| lookup, backward " in text
    on_gpu = {**result, "device": "NVIDIA H100 80GB HBM3", "mfu": 0.25}
    text = tables.report([on_gpu])
    assert "MFU against 989 TFLOP/s" in text
    assert "25.0" in text
    assert " memory |" in text


@pytest.mark.long
def test_a_peak_that_windows_does_not_know(result, tmp_path):
    unknown = {**result, "peak": {"bytes": 0, "of": "process"}}
    results.write([unknown], tmp_path / "results.json")
    assert results.read(tmp_path) == [unknown]
    assert " - |" in tables.report([unknown])
    *_, line = tables.comparison([unknown], [unknown])
    assert [cell.strip() for cell in line.split("|")][2:5] == ["1.00", "-", "1.00"]


@pytest.mark.long
def test_large_and_small_figures_have_no_exponent(result):
    """A full-size step on a CPU was drawn as 1.036e+05 ms."""
    slow = {**result, "step_seconds": {"calls": 3, "p50": 207.2, "p95": 210.0}}  # of two copies
    assert ">103600</text>" in plot.bars([slow])
    figures = tables.report([{**result, "identities_per_hour": 12345.6, "steps_per_second": 0.00965}])
    assert "| 12300 |" in " ".join(figures.split())
    assert "| 0.00965 |" in " ".join(figures.split())


def test_sweeps_make_every_combination():
    cases = swept_from(case(), "copies=1,2", "dtype=float32,bfloat16", "pairs=4")
    assert [(c.copies, c.config["rendering"]["dtype"]) for c in cases] == [
        (1, "float32"),
        (1, "bfloat16"),
        (2, "float32"),
        (2, "bfloat16"),
    ]
    assert all(c.pairs == 4 and c.config["pairs"]["num_adjacent"] == 2 for c in cases)
    assert len({c.name for c in cases}) == 4
    meshed = swept_from(case(), "mesh=4x2")[0]
    assert meshed.mesh == (4, 2)
    assert Case.from_json(json.loads(json.dumps(meshed.to_json()))) == meshed


VALUES = {
    "people": "5,50",
    "copies": "1,2",
    "mesh": "1x2,2x1",
    "precision": "default,highest",
    "pairs": "3,4",
    "adjacent": "1,2",
    "global": "1,2",
    "dtype": "float32,bfloat16",
    "ray_chunk": "0,1024",
    "keep_features": "0,1",
    "fused": "0,1",
    "copies_at_once": "0,1",
    "rays": "32,64",
    "modulation": "scaled,grouped",
    "dilation": "mixed,dilated",
    "filtering": "shifted,mirrored",
    "lookup": "corners,packed",
    "compared": "0,1",
}


@pytest.mark.parametrize("name", SWEEPS)
def test_two_values_are_two_names(name):
    """Results are kept and compared by name."""
    first, second = swept(sugar_case, [f"{name}={VALUES[name]}"])
    assert first.name != second.name


def test_kinds_of_pairs_are_told_apart():
    names = [each.name for each in swept_from(case(), "adjacent=1,2", "global=1,2")]
    assert len(set(names)) == 4


def test_a_preset_is_called_as_in_the_results_so_far():
    assert case().name == ("heads, K 1, 6 pairs, 1 device, float32, precision default, all rays at a time")
    assert all(Case.from_json(each["case"]).name == each["name"] for each in results.read(KEPT))


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ("colour=red", "--sweep colour=red: write NAME=VALUE,VALUE; the names are people, copies, mesh"),
        ("copies", "--sweep copies: write NAME=VALUE"),
        ("copies=1,0", "--sweep copies: '0' is not at least 1"),
        ("dtype=float8", "--sweep dtype: 'float8' is not one of float32, bfloat16"),
        ("mesh=4", "--sweep mesh: '4' is not a mesh such as 4x2: identity x sample"),
        ("copies=2,02", "--sweep: 2 cases are called 'heads, K 2, .*'; give each value once"),
    ],
)
def test_sweeps_that_make_no_sense(sweep, message):
    with pytest.raises(InputError, match=message):
        swept_from(case(), sweep)


@pytest.mark.long
def test_finished_cases_are_kept_and_not_run_again(result, tmp_path):
    path = tmp_path / "results.json"
    first, second, third = swept_from(case(), "copies=1,2,3")
    seen = []

    def here():
        return {name: result[name] for name in results.CIRCUMSTANCES}

    def measure(case):
        seen.append(case.copies)
        if case.copies == 2 and seen.count(2) == 1:
            raise KeyboardInterrupt
        named = {"name": case.name, "case": case.to_json()}
        return {**named, "error": "killed"} if case is third else {**result, **named}

    with pytest.raises(KeyboardInterrupt):
        results.run([first, second, third], path, measure, here, again=False, progress=False)
    assert [r["name"] for r in results.read(path)] == [first.name]
    for _ in range(2):  # what failed is tried again
        found = results.run([first, second, third], path, measure, here, again=False, progress=False)
        assert [r["name"] for r in found] == [first.name, second.name, third.name]
    assert seen == [1, 2, 2, 3, 3]
    results.run([first], path, measure, here, again=True, progress=False)
    assert seen[-1] == 1
    assert len(results.read(tmp_path)) == 3
    assert list(tmp_path.iterdir()) == [path]


KEPT = Path(__file__).parents[2] / "benchmarks" / "copies_heads"
"""Results from before `xla_flags` were noted."""


@pytest.mark.parametrize(
    "before", [{}, {"device": "other"}, {"jax": "0.1"}, {"xla_flags": "--other"}, "older"]
)
def test_a_case_is_measured_again_in_other_circumstances(before, tmp_path):
    [kept, *_] = [each for each in results.read(KEPT) if "error" not in each]
    path, same = tmp_path / "results.json", {"device": "cpu", "jax": "0.11", "xla_flags": "--some"}
    anew = {**kept, **same, "compile_seconds": 1.5}
    known = kept if before == "older" else {**kept, **same, **before}
    results.write([known], path)
    of = Case.from_json(kept["case"])
    found = results.run([of], path, lambda case: anew, lambda: same, again=False, progress=False)
    assert found == results.read(path) == [anew if before else known]
    results.run([of], path, lambda case: pytest.fail(case.name), lambda: same, again=False, progress=False)


def test_circumstances_are_those_of_a_result(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_backend_optimization_level=0")
    measure.circumstances.cache_clear()
    here = measure.circumstances()
    measure.circumstances.cache_clear()
    assert here == {
        "device": jax.devices()[0].device_kind,
        "jax": jax.__version__,
        "xla_flags": "--xla_backend_optimization_level=0",
    }


def test_a_profiled_case_replaces_no_other():
    assert case(profile=True).name == f"{case().name}, profiled"


@pytest.mark.long
def test_the_command(result, tmp_path, monkeypatch, capsys):
    def measure(case):
        return {**result, "name": case.name, "case": case.to_json()}

    monkeypatch.setattr("jaxunlearn.profiling.measure.in_own_process", measure)
    arguments = ["bench", "--sweep", "copies=1,2", "--steps", "3", "--out"]
    assert cli.main([*arguments, str(tmp_path / "before")]) == 0
    printed = capsys.readouterr().out
    assert (tmp_path / "before" / "table.md").read_text() in printed
    assert str(tmp_path / "before" / "plot.svg") in printed
    picture = ElementTree.parse(tmp_path / "before" / "plot.svg").getroot()
    assert len([e for e in picture.iter() if e.tag.endswith("rect")]) == 1 + 2
    file = tmp_path / "before" / "results.json"
    content = json.loads(file.read_text())
    for found in content["cases"]:
        found["step_seconds"]["p50"] *= 3
    content["cases"].pop()
    file.write_text(json.dumps(content))
    assert cli.main([*arguments, str(tmp_path / "after"), "--compare", str(file.parent)]) == 0
    printed = capsys.readouterr().out
    assert "3.00" in printed.split("times as fast")[1]
    assert "nothing to compare with: heads, K 2" in printed


def test_swept_people_have_the_settings_of_their_number(tmp_path, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr("jaxunlearn.profiling.measure.in_own_process", lambda c: asked.append(c) or failed(c))
    command = ["bench", "--method", "sugar", "--config.pairs.num_global=3", "--out", str(tmp_path)]
    cli.main([*command, "--sweep", "people=5,50", "--again"])
    cli.main([*command, "--people", "50", "--again"])
    few, many, alone = asked
    assert (few.people, few.config["steps"]) == (5, sugar_presets.heads(5).steps)
    assert (many.people, many.config["steps"]) == (50, sugar_presets.heads(50).steps)
    assert many.config["pairs"]["num_global"] == 3
    assert many == alone


def test_a_case_has_every_option_of_the_command(tmp_path, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr("jaxunlearn.profiling.measure.in_own_process", lambda c: asked.append(c) or failed(c))
    for number, words in enumerate((["--parts", "--steps", "4"], ["--profile", "--warm-up", "2"])):
        cli.main(["bench", *words, "--mesh", "1x2", "--copies", "2", "--out", str(tmp_path / str(number))])
    assert [(c.parts, c.profile) for c in asked] == [(True, False), (False, True)]
    assert [(c.steps, c.warm_up) for c in asked] == [(4, 3), (30, 2)]
    assert [(c.mesh, c.copies) for c in asked] == [((1, 2), 2)] * 2


def test_swept_people_of_guide_are_refused_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("jaxunlearn.profiling.measure.in_own_process", failed)
    assert cli.main(["bench", "--sweep", "people=1,2", "--out", str(tmp_path / "bench")]) == 2
    assert "--people: GUIDE gives every person a generator copy of their own" in capsys.readouterr().err
    assert not (tmp_path / "bench").exists()


def test_only_failures_are_an_error(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("jaxunlearn.profiling.measure.in_own_process", failed)
    assert cli.main(["bench", "--sweep", "copies=1,2", "--out", str(tmp_path)]) == 2
    shown = capsys.readouterr()
    assert shown.err.splitlines()[-1].startswith("jaxunlearn: no case could be measured; heads, K 1, 6 pairs")
    assert shown.err.endswith(": out of memory\n")
    assert len(results.read(tmp_path)) == 2


def test_one_command_at_a_time_measures_into_a_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("jaxunlearn.profiling.measure.in_own_process", pytest.fail)
    with locked(tmp_path):
        assert cli.main(["bench", "--out", str(tmp_path)]) == 2
    assert f"{tmp_path}: is in use by process" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert cli.main(["bench", "--out", str(tmp_path / "file")]) == 2
    assert "file: cannot be written" in capsys.readouterr().err


def test_an_interrupted_command_says_that_it_resumes():
    assert cli.parse(["bench"]).resumes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--compare", "no.json"], "no.json: no such file"),
        (["--compare", "other.json"], "other.json: is not a result of jaxunlearn bench"),
        (["--compare", "picture.png"], "picture.png: is not text in UTF-8"),
        (["--sweep", "copies=many"], "--sweep copies: 'many' is not a whole number"),
        (["--config.rendering.dtype=float8"], "config.rendering.dtype is 'float8'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.json").write_text('{"steps": 3}')
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff")
    assert cli.main(["bench", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "bench").exists()


def test_a_process_that_is_killed_becomes_an_error_of_its_case(monkeypatch):
    class Killed:
        returncode, stdout = -9, ""

    monkeypatch.setattr(measure.subprocess, "run", lambda *_, **__: Killed)
    answer = measure.in_own_process(case())
    assert answer["error"] == "killed by signal 9: probably out of memory"


def test_ctrl_c_does_not_reach_the_process_of_a_case(tmp_path, monkeypatch):
    """Its parent ends it; its own traceback would stand beside the line of the command."""
    (tmp_path / "jaxunlearn" / "profiling").mkdir(parents=True)
    (tmp_path / "jaxunlearn" / "profiling" / "measure.py").write_text(
        "import signal\n"
        "def main(argument):\n"
        "    print('{\"ignored\": %d}' % (signal.getsignal(signal.SIGINT) is signal.SIG_IGN))\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert measure.in_own_process(case()) == {"ignored": 1}


def test_a_platform_that_is_not_there_is_one_line(monkeypatch, capfd):
    monkeypatch.setenv("JAX_PLATFORMS", "abacus")
    with pytest.raises(InputError, match="JAX_PLATFORMS=abacus: JAX cannot use this platform here"):
        measure.in_own_process(case())
    assert "Traceback" not in capfd.readouterr().err


def test_a_mesh_that_is_not_there_is_refused():
    with pytest.raises(InputError, match=r"a mesh of 16 x 2 needs 32 devices, but this machine has 8"):
        measure.measure(case(mesh=(16, 2)), tiny_models(), progress=False)


def test_a_case_that_does_not_fit_the_machine_is_its_own_error(monkeypatch, capsys):
    """So that the other cases of a sweep are measured."""
    of = case(mesh=(16, 2))
    monkeypatch.setitem(PRESETS, "heads", dataclasses.replace(PRESETS["heads"], load=tiny_models))
    measure.main(json.dumps(of.to_json()))
    answer = json.loads(capsys.readouterr().out)
    assert (answer["name"], "refused" in answer) == (of.name, False)
    assert answer["error"].startswith("a mesh of 16 x 2 needs 32 devices, but this machine has 8")


@pytest.mark.must
def test_sugars_step_is_measured_too():
    """Mapper, Fisher and penalty included; four of six people, a neighbour of each, four others."""
    config = sugar_presets.heads(6)
    of = Case("heads", config.to_dict(), people=6, steps=1, warm_up=1)
    found = measure.measure(of, tiny_models(), progress=False)
    assert found["name"].startswith("heads, SUGAR of 6, K 1, 12 pairs")
    assert found["pairs_per_second"] == pytest.approx(12 / found["step_seconds"]["p50"])
    assert found["identities_per_hour"] == pytest.approx(
        6 * 3600 / config.steps / found["step_seconds"]["p50"]
    )
    frozen = measure.Workload.of(tiny_models(), config, 6).frozen()
    assert frozen.surrogates is not None
    assert frozen.memory is not None


def test_people_share_no_copy_of_guides():
    with pytest.raises(InputError, match="2 people: this method has a generator copy for everybody"):
        measure.Workload.of(tiny_models(), presets.heads(), 2)


def test_seconds_without_the_warm_up():
    calls = []
    found = timed(lambda: calls.append(1) or jax.numpy.zeros(()), calls=4, warm_up=2)
    assert len(calls) == 6
    assert found.calls == 4
    assert Seconds.of(np.arange(101.0)) == Seconds(50.0, 95.0, 101)


def test_what_numbers_are_multiplied_in():
    assert products("cpu", "float32", "default") == "float32"
    assert products("gpu", "float32", "default") == "tensorfloat32"
    assert products("gpu", "float32", "highest") == "float32"
    assert products("tpu", "float32", "default") == "bfloat16"
    assert products("tpu", "bfloat16", "highest") == "bfloat16"
    assert chip("TPU v5 lite") is chip("TPU v5e")
    assert chip("Some CPU") is None
    assert chip("NVIDIA H200") == Chip("H200 SXM", flops=989e12, memory=141e9, bandwidth=4.8e12)


@pytest.mark.slow
def test_a_case_in_a_process_of_its_own(tmp_path, monkeypatch, capsys):
    kept = tmp_path / "kept"
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(kept))
    assert cli.main(["bench", "--steps", "2", "--warm-up", "1", "--out", str(tmp_path)]) == 0
    assert "| heads, K 1, 6 pairs" in capsys.readouterr().out
    assert results.read(tmp_path)[0]["achieved_tflops"] > 0
    assert not kept.exists()  # compiled, whatever was compiled before


def test_nothing_is_imported_from_the_current_folder(tmp_path, monkeypatch):
    """A case that fails once everything is imported, beside files that are called like packages."""
    monkeypatch.chdir(tmp_path)
    for name in ("tqdm", "jax", "json", "numpy"):
        Path(f"{name}.py").write_text(f"open('{name} was imported', 'w')\n", encoding="utf-8")
    answer = measure.in_own_process(case(precision="none"))
    assert answer["error"] == "its process ended with exit code 1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["jax.py", "json.py", "numpy.py", "tqdm.py"]
