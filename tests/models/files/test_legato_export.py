"""Adapters from official files of LEGATO, and back."""

from pathlib import Path

import numpy as np
import pytest
from flax import nnx

import eg3d_flax
import legato_flax
import torch_bridge
from jaxunlearn.cli import main as cli
from jaxunlearn.models.adapters import BEFORE, NOT_OFFICIAL, OWNER, adapted
from jaxunlearn.models.generator import fingerprint_of, load_generator
from legato_flax import Adapters, AdaptersConfig
from tests.support import generators
from tests.support.generators import SMALL
from tests.support.golden import draw_normal

WITHIN = ".ode_block.odefunc.unlearn.unlearn."


def converted(*arguments: object) -> int:
    return cli.main(["convert", *map(str, arguments)])


@pytest.fixture(scope="module")
def entries() -> dict[str, np.ndarray]:
    """Adapters with drawn weights, under official names."""
    config = AdaptersConfig.for_generator(SMALL, first="inert")
    initial = legato_flax.to_torch(Adapters(config, rngs=nnx.Rngs(0)))
    return {name: 0.1 * draw_normal(name, array.shape, 4) for name, array in initial.items()}


@pytest.fixture(scope="module")
def unused() -> dict[str, np.ndarray]:
    """Layers of super-resolution that the official code has and never calls."""
    layers = {}
    for block, channels in zip(("block0", "block1"), SMALL.superresolution_channels, strict=True):
        layers[f"superresolution.{block}.unlearn.unlear.0.weight"] = np.ones(
            (channels, channels, 1, 1), np.float32
        )
        layers[f"superresolution.{block}.unlearn.unlear.0.bias"] = np.zeros(channels, np.float32)
    return layers


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory, entries, unused) -> Path:
    path = tmp_path_factory.mktemp("official") / "last.pkl"
    path.write_bytes(generators.small_pickle(generators.small_state_dict() | entries | unused))
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "small.pkl"
    path.write_bytes(generators.small_pickle(generators.small_state_dict()))
    return path


def test_an_official_pickle_becomes_adapters_that_know_their_generator(tmp_path, official, plain, entries):
    out = tmp_path / "adapter.safetensors"
    assert converted(official, out) == 0
    header = torch_bridge.read_file(out).metadata
    assert header["architecture"] == "legato"
    source = load_generator(str(plain))
    assert header[OWNER] == fingerprint_of(source)
    assert BEFORE not in header
    read = legato_flax.load(out)
    assert read.config == AdaptersConfig.for_generator(SMALL, first="inert", hidden=256)
    found = legato_flax.to_torch(read)
    assert found.keys() == entries.keys()
    for name, array in entries.items():
        np.testing.assert_array_equal(found[name], array)
    assert "b4" not in adapted(source, [out]).adapters.config.applied  # type: ignore[attr-defined]


def test_the_official_names_there_and_back(tmp_path, official, plain, entries, unused):
    ours, names, pth = tmp_path / "a.safetensors", tmp_path / "names.pth", tmp_path / "whole.pth"
    assert converted(official, ours) == 0
    assert converted(ours, names, "--to", "torch") == 0
    state_dict = torch_bridge.find_state_dict(torch_bridge.read_file(names).tree)
    assert state_dict.keys() == entries.keys()
    assert converted(plain, pth, "--to", "torch", "--adapter", ours) == 0
    whole = torch_bridge.find_state_dict(torch_bridge.read_file(pth).tree)
    expected = generators.small_state_dict() | entries | unused
    assert whole.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(whole[name], array, err_msg=name)
    assert eg3d_flax.account(legato_flax.without_adapters(whole), SMALL)
    again = tmp_path / "again.safetensors"
    assert converted(pth, again) == 0
    source = load_generator(str(plain))
    chosen = fingerprint_of(adapted(source, [ours]))
    assert {fingerprint_of(adapted(source, [file])) for file in (pth, again)} == {chosen}


def test_what_the_official_code_cannot_hold_is_refused(tmp_path, plain, capsys):
    generator = load_generator(str(plain))
    for fields, message in (
        ({"first": "active", "hidden": 256}, "act at 4x4, where the official code never applies one"),
        ({"first": "inert", "hidden": 16}, "have hidden width 16, and the official code 256"),
        ({"first": "absent", "hidden": 256, "end": 0.8}, "have end time 0.8, and the official code 1.6"),
    ):
        adapters = Adapters(AdaptersConfig.for_generator(SMALL, **fields), rngs=nnx.Rngs(0))
        legato_flax.save(adapters, tmp_path / "a.safetensors", {OWNER: fingerprint_of(generator)})
        arguments = (plain, tmp_path / "out.pth", "--adapter", tmp_path / "a.safetensors")
        alone = (tmp_path / "a.safetensors", tmp_path / "out.pth")
        for words in (arguments, alone):
            assert converted(*words, "--to", "torch") == 2
            assert f"a.safetensors: these adapters {message}; {NOT_OFFICIAL}" in capsys.readouterr().err
            assert not (tmp_path / "out.pth").exists()
        assert converted(*arguments) == 2
        assert "--adapter needs --to torch" in capsys.readouterr().err


def test_a_check_is_of_one_file(tmp_path, plain, capsys):
    """An adapter beside it would not be opened."""
    assert converted(plain, "--check", "--adapter", tmp_path / "nowhere.safetensors") == 2
    assert "--check looks at IN alone" in capsys.readouterr().err


def test_several_adapters_are_refused_before_any_file_is_read(tmp_path, capsys):
    nowhere = tmp_path / "nowhere.safetensors"
    twice = ("--adapter", nowhere, "--adapter", nowhere)
    assert converted(nowhere, tmp_path / "out.pth", "--to", "torch", *twice) == 2
    assert capsys.readouterr().err.endswith("give one, or `jaxunlearn bake` them first\n")


def test_no_file_that_is_read_is_overwritten(tmp_path, official, plain, capsys):
    ours, generator = tmp_path / "adapter.pth", tmp_path / "generator.pth"
    assert converted(official, tmp_path / "adapter.safetensors") == 0
    (tmp_path / "adapter.safetensors").rename(ours)  # the content decides, not the name
    assert converted(plain, generator, "--to", "torch") == 0
    before = ours.read_bytes(), generator.read_bytes()
    for target in (ours, generator):
        assert converted(generator, target, "--to", "torch", "--adapter", ours) == 2
        assert "is a source file" in capsys.readouterr().err
    assert (ours.read_bytes(), generator.read_bytes()) == before


def test_a_block_without_an_adapter_gets_the_unused_one(plain, unused):
    adapters = Adapters(AdaptersConfig.for_generator(SMALL, first="absent"), rngs=nnx.Rngs(0))
    changed = legato_flax.AdaptedGenerator(load_generator(str(plain)), adapters)
    whole = legato_flax.complete_state_dict(changed)
    assert not whole[f"backbone.synthesis.b4{WITHIN}0.weight"].any()
    assert unused.keys() <= whole.keys()
