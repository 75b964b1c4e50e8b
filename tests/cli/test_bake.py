"""`jaxunlearn bake`: whom and what it takes, what it prints, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flax import nnx

from eg3d_flax import TriPlaneGenerator
from jaxunlearn.baking.bake import Baked
from jaxunlearn.baking.folder import BakingFolder
from jaxunlearn.cli import main as cli
from jaxunlearn.cli.commands import bake as command
from jaxunlearn.models.adapters import OWNER, has_adapters, layers_of, save_unlearned
from jaxunlearn.models.generator import fingerprint_of, load_generator
from jaxunlearn.models.loading import load_models
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.workflows.registry import Registry
from legato_flax import AdaptedGenerator, Adapters, AdaptersConfig
from legato_flax import save as save_adapters
from tests.support.page_folders import begun
from tests.support.tiny_models import tiny_models

LOSS: Any = {
    "bar": 0.02,
    "people": [
        {
            "subject": "ada",
            "judges": {"judge": {"adapted": 0.1, "baked": 0.11, "difference": 0.01}},
            "within_bar": True,
        }
    ],
    "random": {
        "pictures": {
            "similarity": {"judge": {"mean": 0.9, "worst": 0.8, "n": 3}},
            "lpips": {"mean": 0.1, "worst": 0.2, "n": 3},
        },
        "frechet": 0.5,
        "frechet_samples": 6,
    },
    "unbaked": {"pictures": {"lpips": {"mean": 0.3, "worst": 0.4, "n": 3}}, "frechet": 0.7},
    "networks": {"judges": ["judge"], "frechet": "alexnet"},
}


def adapters_of(generator: TriPlaneGenerator) -> Adapters:
    return Adapters(AdaptersConfig.for_generator(generator.config, hidden=4), rngs=nnx.Rngs(0))


@pytest.fixture
def asked(monkeypatch) -> list[dict[str, Any]]:
    """Return the arguments of `bake` in place of baking."""
    calls: list[dict[str, Any]] = []

    def bake(models: Any, generator: Any, people: Any, config: Any, *, workdir: Path, **others: Any) -> Baked:
        calls.append({"models": models, "generator": generator, "people": people, "config": config, **others})
        return Baked(generator, LOSS, BakingFolder(workdir))

    monkeypatch.setattr(command, "bake", bake)
    return calls


def finished_run(path: Path, *, together: bool) -> RunFolder:
    """Make the folder of a finished run with adapters on the small random generator, with two people."""
    models, generator = load_models("random"), load_generator("random")
    folder = begun(path, ("ada", "bob"), together=together)
    request = json.loads((folder.path / "run.json").read_text())
    request |= {"model": "random", "fingerprint": models.fingerprint, "mean_latent": models.mean.origin}
    request |= models.networks_of_loss
    (folder.path / "run.json").write_text(json.dumps(request))
    config = generator.config
    ws = np.arange(2 * config.num_ws * config.w_dim, dtype=np.float32)
    folder.keep_targets(*[ws.reshape(2, config.num_ws, config.w_dim)] * 2)
    for k in range(folder.request.copies):
        adapters = adapters_of(generator)
        adapters.adapter("b8").to_hidden.bias[...] += k
        save_unlearned(AdaptedGenerator(generator, adapters), folder.generator(k), {})
    return folder


@pytest.fixture
def run_of_two(tmp_path) -> RunFolder:
    """A finished run of two people with adapters of their own."""
    return finished_run(tmp_path / "run", together=False)


def test_a_run_knows_generator_adapters_and_person(run_of_two, asked, capsys, tmp_path):
    out = str(tmp_path / "out")
    line = ["bake", str(run_of_two.path), "--person", "1", "--strength", "0.5", "--out", out]
    assert cli.main([*line, "--config.steps=7", "--devices", "2"]) == 0
    [call] = asked
    assert call["people"].subjects == ("bob",)
    np.testing.assert_array_equal(call["people"].ws, run_of_two.latents()[0][1:])
    assert call["config"].steps == 7
    assert call["mesh"].size == 2
    _, [adapters] = layers_of(call["generator"])
    assert float(adapters.adapter("b8").to_hidden.bias[0]) == 1
    assert adapters.config.end == pytest.approx(0.8)
    assert not has_adapters(call["models"].generator)
    printed = capsys.readouterr().out.splitlines()
    assert (
        printed[0]
        == "ada: similarity before and after 0.100 with the adapters, 0.110 baked (judge); within 0.02."
    )
    assert printed[-2:] == [f"{out}/generator.safetensors", f"{out}/loss.json"]


def test_adapters_that_people_share_are_baked_for_all(asked, tmp_path, capsys):
    folder = finished_run(tmp_path / "run", together=True)
    line = ["bake", str(folder.path), "--out", str(tmp_path / "out")]
    assert cli.main(line) == 0
    [call] = asked
    assert call["people"].subjects == ("ada", "bob")
    np.testing.assert_array_equal(call["people"].ws, folder.latents()[0])
    capsys.readouterr()
    assert cli.main([*line, "--person", "0"]) == 2
    assert "one adapter forgets everybody in this run; leave --person out" in capsys.readouterr().err


def test_a_request_of_a_sequence_is_baked_for_the_people_of_those_before(asked, tmp_path, capsys):
    """Its adapters forgot them, too; a request may be of one person."""
    registry = Registry(tmp_path, "random", load_models("random").fingerprint)
    folders = [finished_run(tmp_path / f"0{k}-month", together=True) for k in (1, 2, 3)]
    for k, folder in enumerate(folders):
        start = {"start": f"generator {k - 1}" if k else "", "subjects": [f"person {k}", "ann"]}
        (folder.path / "run.json").write_text(
            json.dumps(json.loads((folder.path / "run.json").read_text()) | start)
        )
        registry.add(f"month{k}", folder.path.name, ("", ""), f"generator {k}", {})
    line = ["bake", str(folders[1].path), "--out", str(tmp_path / "out")]
    assert cli.main(line) == 0
    [call] = asked
    assert call["people"].subjects == ("person 0", "ann", "person 1", "ann (2)")
    np.testing.assert_array_equal(call["people"].ws, np.concatenate([each.people() for each in folders[:2]]))
    capsys.readouterr()
    assert cli.main([*line, "--person", "0"]) == 2
    assert "leave --person out" in capsys.readouterr().err
    registry.file.unlink()
    assert cli.main(line) == 2
    error = capsys.readouterr().err
    assert "registry.json does not say whom that forgot; give --adapter" in error
    assert error.count("\n") == 1


def test_files_need_people(asked, tmp_path, capsys):
    generator = load_generator("random")
    file = tmp_path / "adapter.safetensors"
    save_adapters(adapters_of(generator), file, {OWNER: fingerprint_of(generator)})
    line = ["bake", "--model", "random", "--adapter", str(file), "--out", str(tmp_path / "out")]
    assert cli.main(line) == 2
    assert "whom do the adapters forget?" in capsys.readouterr().err
    further = adapters_of(generator)
    further.adapter("b8").to_hidden.bias[...] += 1
    save_adapters(further, other := tmp_path / "other.safetensors", {OWNER: fingerprint_of(generator)})
    assert cli.main([*line, "--seeds", "4,5", "--adapter", str(other), "--strength", "1.5"]) == 0
    [call] = asked
    assert call["people"].subjects == ("seed 4", "seed 5")
    plain, layers = layers_of(call["generator"])
    assert fingerprint_of(plain) == fingerprint_of(generator)
    assert [each.config.end for each in layers] == pytest.approx([1.6, 2.4])


def test_contradictions_and_wrong_files_are_refused_in_one_line(run_of_two, asked, tmp_path, capsys):
    run = str(run_of_two.path)
    other = tmp_path / "other.safetensors"
    tiny = tiny_models().generator
    assert isinstance(tiny, TriPlaneGenerator)
    save_adapters(adapters_of(tiny), other, {OWNER: fingerprint_of(tiny)})
    for line, message in (
        ([], "nothing to bake: give the folder of a run with adapters, or --adapter FILE"),
        ([run, "--seeds", "3"], "cannot be used with RUN"),
        ([run, "--person", "2"], "--person 2: the run has 2 people, numbers 0 to 1"),
        (["--adapter", str(other), "--person", "0"], "--person needs RUN"),
        (["--model", "random", "--adapter", str(other), "--seeds", "3"], "belongs to another generator"),
        ([run, "--config.stepps=3"], "unknown setting config.stepps (did you mean config.steps?)"),
        ([run, "--config.latents.near=9"], "config.latents.near must be at most config.latents.batch (8)"),
        ([run, "--devices", "3"], "config.latents.batch (8) must be a multiple of the 3 devices,"),
        ([str(tmp_path)], "not the folder of a run"),
    ):
        assert cli.main(["bake", *line]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert message in error
    assert not asked


def test_the_people_of_a_latents_file_are_taken(asked, tmp_path):
    generator = load_generator("random")
    file = tmp_path / "adapter.safetensors"
    save_adapters(adapters_of(generator), file, {OWNER: fingerprint_of(generator)})
    config = generator.config
    ws = np.zeros((1, config.num_ws, config.w_dim), np.float32)
    np.savez(tmp_path / "person.npz", ws=ws)
    line = ["bake", "--model", "random", "--adapter", str(file), "--latents", str(tmp_path / "person.npz")]
    assert cli.main(line) == 0
    np.testing.assert_array_equal(asked[0]["people"].ws, ws)
