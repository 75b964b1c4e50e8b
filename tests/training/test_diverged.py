"""A finished run in which the generator of one of several people diverged."""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxunlearn.attacks import attack as attacking
from jaxunlearn.attacks.attack import attack
from jaxunlearn.cli import main as cli
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.evaluate import evaluate
from jaxunlearn.evaluation.strength import evaluate_strength
from jaxunlearn.methods.guide import presets
from jaxunlearn.models import loading
from jaxunlearn.models.generator import Generator, save_generator
from jaxunlearn.photos.people import People
from jaxunlearn.reporting.remake import remake_run_page
from jaxunlearn.reporting.render_files import render_run
from jaxunlearn.reporting.sheets.rendering import missing_sheets
from jaxunlearn.reporting.sheets.sheet import SheetFolder
from jaxunlearn.training.result import load_result
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import request_of, unlearn
from tests.support.tiny_models import numbers, tiny_models, tiny_people, tiny_unlearned

NAMES = ("ada", "ben")
SAID = r"^ben: their generator diverged; forget them again with a lower config\.optimiser\.learning_rate$"


def useless() -> Generator:
    graph, state = nnx.split(tiny_unlearned())
    return nnx.merge(graph, jax.tree.map(lambda x: jnp.full_like(x, jnp.nan), state))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Two people with a generator each; the second one's weights are NaN."""
    folder = RunFolder(tmp_path / "run")
    people = People("run", NAMES, tiny_people(2), (None, None))
    save_generator(tiny_models().generator, tmp_path / "source.safetensors", {})
    models = dataclasses.replace(tiny_models(), name=str(tmp_path / "source.safetensors"))
    folder.begin(request_of(models, people, None, (0, 1), shared=False), presets.heads(), people.ws)
    folder.keep_targets(people.ws, people.ws)
    for k, generator in enumerate((tiny_unlearned(), useless())):
        save_generator(generator, folder.generator(k), {})
    folder.add_to_summary({"steps": presets.heads().steps, "loss": 0.5, "losses": [0.5, None]})
    folder.add_to_summary({"diverged": [1]})
    return folder


def test_the_result_is_read_and_the_person_named(folder, monkeypatch):
    class Accepted(Exception):
        pass

    def measured(*_, **__):
        raise Accepted

    monkeypatch.setattr(attacking, "attack_reference", measured)
    result, models, config = load_result(folder.path), tiny_models(), presets.heads()
    known = numbers(tiny_unlearned())
    jax.tree.map(np.testing.assert_array_equal, numbers(result.generator_of(0)), known)
    assert all(np.isnan(leaf).all() for leaf in jax.tree.leaves(numbers(result.generator_of(1))))
    with pytest.raises(InputError, match=SAID):
        evaluate(models, result, config)
    with pytest.raises(InputError, match=SAID):
        evaluate_strength(models, result, config, 0.5)
    with pytest.raises(InputError, match="person 1: their generator diverged"):
        attack(models, result, config, people=[1])
    with pytest.raises(Accepted):
        attack(models, result, config, people=[0])
    again = unlearn(
        models,
        People("run", NAMES, tiny_people(2), (None, None)),
        config,
        workdir=folder.path,
        progress=False,
    )
    assert again.diverged == {1}


def test_pictures_leave_the_person_out(folder, monkeypatch):
    monkeypatch.setattr(loading, "load_models", lambda *_, **__: tiny_models())
    page = remake_run_page(folder, progress=False).read_text()
    assert "ben: their generator diverged" in page
    assert set(SheetFolder(folder.images).names()) == {"person-0000", "far-0000"}
    assert missing_sheets(folder) == []
    with pytest.warns(UserWarning, match="left out: ben: their generator diverged"):
        written = [path for path, _ in render_run(folder, yaws=(0.0,))]
    assert written == [folder.person_picture(0)]


def test_the_person_is_not_baked(folder, monkeypatch, capsys):
    monkeypatch.setattr(loading, "load_models", lambda *_, **__: tiny_models())
    assert cli.main(["bake", str(folder.path), "--person", "1", "--out", "nowhere"]) == 2
    assert "--person 1: their generator diverged; choose somebody else" in capsys.readouterr().err
