"""`jaxunlearn convert`: what it writes, and one line with exit code 2 for whatever it cannot use."""

import dataclasses
import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import chex
import jax
import numpy as np
import pytest

import eg3d_flax
import torch_bridge
from jaxunlearn.cli import main as cli
from jaxunlearn.models.generator import fingerprint_of, initialise, load_generator, save_generator
from tests.support import generators, torch_pickles
from tests.support.generators import SMALL
from tests.support.programs import environment
from tests.support.refused import refused

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return generators.small_state_dict()


@pytest.fixture
def pickled(tmp_path, weights) -> Path:
    path = tmp_path / "last.pkl"
    path.write_bytes(generators.small_pickle(weights | {"dataset_label_std": np.ones(25, np.float32)}))
    return path


def test_there_and_back(tmp_path, pickled, weights):
    ours, back, pth = tmp_path / "g.safetensors", tmp_path / "back.safetensors", tmp_path / "back.pth"
    assert cli.main(["convert", str(pickled), str(ours)]) == 0
    header = torch_bridge.read_file(ours).metadata
    assert header["architecture"] == "eg3d"
    assert header["source_sha256"] == hashlib.sha256(pickled.read_bytes()).hexdigest()
    assert "NVIDIA Source Code License" in header["licence"]
    assert header["jaxunlearn_version"]
    state_dict, config = eg3d_flax.read_checkpoint(ours)
    assert config == SMALL
    chex.assert_trees_all_equal(
        eg3d_flax.to_torch(eg3d_flax.from_torch(state_dict, config)), weights, strict=True
    )

    assert cli.main(["convert", str(ours), str(back), "--to", "torch"]) == 0
    chex.assert_trees_all_equal(
        torch_bridge.find_state_dict(torch_bridge.read_file(back).tree), weights, strict=True
    )
    assert eg3d_flax.read_checkpoint(back)[1] == SMALL
    assert cli.main(["convert", str(back), str(pth), "--to", "torch"]) == 0
    chex.assert_trees_all_equal(
        torch_bridge.find_state_dict(torch_bridge.read_file(pth).tree), weights, strict=True
    )


def test_numbers_are_the_same_where_jax_has_float64(tmp_path):
    ours, again = tmp_path / "g.safetensors", tmp_path / "again.safetensors"
    size_of_no_other_test = dataclasses.replace(SMALL, w_dim=24)  # whose outline was traced with float32
    save_generator(initialise(size_of_no_other_test), ours, {})
    with jax.enable_x64(True):
        wide = fingerprint_of(load_generator(str(ours)))
        assert cli.main(["convert", str(ours), str(again)]) == 0
    assert wide == fingerprint_of(load_generator(str(ours)))
    assert {array.dtype for array in torch_bridge.read_file(again).tree.values()} == {np.dtype(np.float32)}


def test_check_prints_every_key_and_writes_nothing(tmp_path, pickled, weights, capsys):
    assert cli.main(["convert", str(pickled), "--check"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    used = sum("resample_filter" not in name for name in weights)
    ignored = len(weights) - used + 1
    assert len(lines) == 1 + len(weights) + 1 + 1
    assert "backbone.synthesis.b8.conv0.weight" in out
    assert lines[-1] == f"eg3d: {used} used, {ignored} ignored"
    assert err == ""
    assert list(tmp_path.iterdir()) == [pickled]


def without(weights: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    return {key: array for key, array in weights.items() if key != name}


CONST = "backbone.synthesis.b4.const"
FAULTS = {
    "missing key": (
        lambda w: without(w, CONST),
        f"{CONST}: missing from the file (expected shape (64, 4, 4))",
    ),
    "wrong shape": (
        lambda w: w | {CONST: np.zeros((64, 4, 5), np.float32)},
        f"{CONST}: shape (64, 4, 5), but this network needs (64, 4, 4)",
    ),
    "a NaN": (
        lambda w: w | {CONST: np.full((64, 4, 4), np.nan, np.float32)},
        f"{CONST}: contains NaN or infinity",
    ),
    "unknown key": (
        lambda w: w | {"extra": np.zeros(2, np.float32)},
        "extra: not part of this network (shape (2,))",
    ),
}


def not_converted(capsys, arguments: list[str]) -> str:
    """The one line on stderr with which the arguments are refused; nothing may be written."""
    target = Path(arguments[1])
    before = sorted(target.parent.iterdir())
    line = refused(capsys, "convert", *arguments)
    assert sorted(target.parent.iterdir()) == before
    return line


@pytest.mark.parametrize("fault", FAULTS)
def test_weights_that_do_not_fit(tmp_path, weights, fault, capsys):
    spoil, cause = FAULTS[fault]
    path = tmp_path / "spoiled.pkl"
    path.write_bytes(generators.small_pickle(spoil(weights)))
    for arguments in ([], ["--to", "torch"]):
        target = tmp_path / "out.safetensors"
        line = not_converted(capsys, [str(path), str(target), *arguments])
        assert line == f"jaxunlearn: {path}: does not fit eg3d: {cause}\n"
    assert cli.main(["convert", str(path), "--check"]) == 2


def test_further_problems_are_counted(tmp_path, weights, capsys):
    path = tmp_path / "spoiled.pkl"
    path.write_bytes(generators.small_pickle({name: array * np.nan for name, array in weights.items()}))
    line = not_converted(capsys, [str(path), str(tmp_path / "out.safetensors")])
    assert "problems; convert --check lists them)" in line


def zip_bomb(weights: dict[str, np.ndarray]) -> bytes:
    """A PyTorch file whose directory declares 2 GB for a storage."""
    archive = torch_pickles.zip_bytes(
        {name: torch_pickles.tensor_of(array) for name, array in weights.items()}
    )
    sizes = 20 + archive.rindex(b"PK\x01\x02", 0, archive.rindex(b"archive/data/0"))
    return archive[:sizes] + (2**31).to_bytes(4, "little") * 2 + archive[sizes + 8 :]


def cut_short(weights: dict[str, np.ndarray]) -> bytes:
    """The first half of a network pickle."""
    whole = generators.small_pickle(weights)
    return whole[: len(whole) // 2]


HOSTILE: dict[str, tuple[Callable[[dict[str, np.ndarray]], bytes], str]] = {
    "system call": (
        lambda _: torch_pickles.calling("os", "system", "touch canary"),
        "refuses to load global os.system",
    ),
    "evaluated text": (
        lambda _: torch_pickles.calling("builtins", "eval", "open('canary', 'w')", 4),
        "refuses to load global builtins.eval",
    ),
    "resolved name": (
        lambda _: torch_pickles.calling("pkgutil", "resolve_name", "os:system", 4),
        "refuses to load global pkgutil.resolve_name",
    ),
    "dotted name": (
        lambda _: torch_pickles.calling("torch.nn", "modules.os.system", "touch canary", 4),
        "refuses to load global torch.nn.modules.os.system",
    ),
    "truncated": (cut_short, "cut short"),
    "zip bomb": (zip_bomb, "more than the file has"),
    "deep recursion": (
        lambda _: b"\x80\x02" + b"]" * 20_000 + b"a" * 19_999 + b".",
        "holds a list where a state dict is expected",
    ),
    "only D": (
        lambda weights: generators.small_pickle(weights, key="D"),
        "holds no network G_ema (it holds: D)",
    ),
    "empty": (lambda _: b"", "is empty"),
    "text": (lambda _: b"hello", "is not a checkpoint"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_broken_files(tmp_path, weights, name, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where a canary would be left
    make, cause = HOSTILE[name]
    path = tmp_path / "file.pkl"
    path.write_bytes(make(weights))
    line = not_converted(capsys, [str(path), str(tmp_path / "out.safetensors")])
    assert line.startswith(f"jaxunlearn: {path}: ")
    assert cause in line


def test_arguments_that_make_no_sense(tmp_path, pickled, capsys):
    source, target = str(pickled), str(tmp_path / "out.safetensors")
    assert "no such file" in not_converted(capsys, [str(tmp_path / "none.pkl"), target])
    assert "is a folder" in not_converted(capsys, [str(tmp_path), target])
    assert "name it .safetensors" in not_converted(capsys, [source, str(tmp_path / "out.pth")])
    assert "name it .pth" in not_converted(capsys, [source, str(tmp_path / "out.onnx"), "--to", "torch"])
    assert "unknown kind banana" in not_converted(capsys, [source, target, "--kind", "banana"])
    ours = tmp_path / "ours.safetensors"
    assert cli.main(["convert", source, str(ours)]) == 0
    assert "is a source file" in not_converted(capsys, [str(ours), str(ours)])
    assert cli.main(["convert", source, str(tmp_path / "no" / "out.safetensors")]) == 2
    assert "does not exist" in capsys.readouterr().err
    assert cli.main(["convert", source]) == 2
    assert "name the file to write" in capsys.readouterr().err
    with pytest.raises(SystemExit) as wrong:
        cli.main(["convert", "--unknown"])
    assert wrong.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_foreign_network_is_not_mistaken(tmp_path, capsys):
    path = tmp_path / "resnet.pth"
    torch_bridge.write_torch(path, {"conv1.weight": np.zeros((2, 3, 3, 3), np.float32)})
    line = not_converted(capsys, [str(path), str(tmp_path / "out.safetensors")])
    assert "its arrays (conv1.weight, …) are not those of legato, eg3d, lpips" in line


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment(), check=False
    )


def test_the_tool_is_the_same(tmp_path, pickled):
    target = tmp_path / "g.safetensors"
    done = run(str(ROOT / "tools" / "convert_weights.py"), str(pickled), str(target))
    assert (done.returncode, done.stderr) == (0, "")
    assert eg3d_flax.read_checkpoint(target)[1] == SMALL
    broken = run(str(ROOT / "tools" / "convert_weights.py"), str(tmp_path / "none"), str(target))
    assert (broken.returncode, broken.stderr.count("\n")) == (2, 1)


def test_help_does_not_wait_for_jax():
    done = run(
        "-c", "import sys, jaxunlearn.cli.main as c; c.parser().format_help(); sys.exit('jax' in sys.modules)"
    )
    assert done.returncode == 0, done.stderr
