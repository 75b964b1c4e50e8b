"""Baking: what the plain weights learn, what the folder keeps, and what is refused."""

import contextlib
import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import torch_bridge
from eg3d_flax import TriPlaneGenerator
from jaxunlearn.baking import bake as baking
from jaxunlearn.baking import training
from jaxunlearn.baking.bake import Baked, bake
from jaxunlearn.baking.folder import BakingFolder, origin_of
from jaxunlearn.baking.loss import LossFigures, loss_lines, measure_loss
from jaxunlearn.baking.settings import Baking
from jaxunlearn.baking.step import BakingStep, Frozen
from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.methods.config.declaration import ConfigDict, default_config
from jaxunlearn.models.adapters import has_adapters, with_strength
from jaxunlearn.models.files.convert import write_torch
from jaxunlearn.models.files.network_files import open_network
from jaxunlearn.models.generator import Generator, load_generator, split_generator
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People
from jaxunlearn.sharding import everywhere, make_mesh
from legato_flax import AdaptedGenerator
from tests.support.tiny_adapters import tiny_adapted
from tests.support.tiny_models import numbers, tiny_models, tiny_people, tiny_unlearned
from tests.support.tiny_reference import MeanColour

PEOPLE = People("two", ("ada", "bob"), tiny_people(2))
SMALL = {
    "steps": 12,
    "log_every": 4,
    "checkpoint_every": 4,
    "optimiser.learning_rate": 1e-3,
    "latents.batch": 4,
    "latents.images": 1,
    "measuring.people": 3,
    "measuring.frechet_samples": 6,
    "measuring.views": 2,
    "measuring.batch": 3,
}


def settings(**changed: Any) -> ConfigDict:
    """Return settings for a few short steps; a double underscore stands for a dot."""
    config = default_config(Baking)
    others = {name.replace("__", "."): value for name, value in changed.items()}
    config.update_from_flattened_dict({**SMALL, **others})
    return config


@pytest.fixture(scope="module")
def generator() -> AdaptedGenerator:
    return tiny_adapted()


def baked_in(
    workdir: Path,
    generator: Generator,
    config: ConfigDict,
    people: People = PEOPLE,
    models: Models | None = None,
) -> Baked:
    models = models or tiny_models()
    return bake(models, generator, people, config, workdir=workdir, features=MeanColour(), progress=False)


@pytest.fixture(scope="module")
def done(generator, tmp_path_factory) -> Baked:
    return baked_in(tmp_path_factory.mktemp("baked") / "folder", generator, settings())


def measured(generator: Generator, baked: Generator) -> LossFigures:
    arguments = (generator, baked, PEOPLE.subjects, PEOPLE.ws, settings(), MeanColour())
    return measure_loss(tiny_models(), *arguments, progress=False)


def test_the_weights_come_nearer_to_the_adapted_pictures(done):
    random, unbaked = done.loss["random"], done.loss["unbaked"]
    assert random["pictures"]["lpips"]["mean"] < 0.8 * unbaked["pictures"]["lpips"]["mean"]
    assert random["pictures"]["lpips"]["worst"] < unbaked["pictures"]["lpips"]["worst"]
    assert random["frechet"] < 0.8 * unbaked["frechet"]
    lines = [json.loads(line) for line in (done.folder.path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [4, 8, 12]
    assert len(lines[0]["planes"]) == 4
    assert len(lines[0]["perceptual"]) == len(lines[0]["identity"]) == 1


def test_only_the_synthesis_network_is_trained_and_no_adapter_is_left(done, generator):
    written = load_generator(str(done.folder.generator))
    assert not has_adapters(written)
    before, after = numbers(tiny_models().generator), numbers(written)
    for name in before.keys() - {"backbone"}:
        jax.tree.map(np.testing.assert_array_equal, before[name], after[name])
    jax.tree.map(np.testing.assert_array_equal, before["backbone"]["mapping"], after["backbone"]["mapping"])
    moved = jax.tree.map(
        lambda a, b: float(np.abs(a - b).max()),
        before["backbone"]["synthesis"],
        after["backbone"]["synthesis"],
    )
    assert max(jax.tree.leaves(moved)) > 1e-3
    jax.tree.map(np.testing.assert_array_equal, after, numbers(done.generator))


def test_convert_writes_the_weights_for_the_official_code(done, tmp_path):
    opened = open_network(done.folder.generator)
    assert opened.kind.name == "eg3d"
    assert opened.metadata["forgotten"] == "ada, bob"
    write_torch(opened, tmp_path / "baked.pth")
    again = open_network(tmp_path / "baked.pth")
    assert not torch_bridge.problems(again.network.rows)
    built = again.build()
    assert isinstance(built, TriPlaneGenerator)
    jax.tree.map(np.testing.assert_array_equal, numbers(built), numbers(done.generator))


def test_a_perfect_baking_loses_nothing_and_the_source_is_what_is_unbaked(generator):
    perfect = measured(generator, generator)
    person, random = perfect["people"][1], perfect["random"]
    assert person["judges"]["judge"]["difference"] == 0
    assert person["within_bar"] is True
    assert person["pictures"]["similarity"]["judge"]["worst"] == pytest.approx(1, abs=1e-6)
    assert random["pictures"]["lpips"] == {"mean": 0, "worst": 0, "n": 3}
    assert random["pictures"]["similarity"]["judge"]["n"] == 3
    assert random["frechet"] == pytest.approx(0, abs=1e-6)

    none = measured(generator, tiny_models().generator)
    assert none["random"] == {**none["unbaked"], "frechet_samples": 6}
    assert none["unbaked"] == perfect["unbaked"]
    judged: Any = none["people"][0]["judges"]["judge"]
    assert judged["baked"] == pytest.approx(1, abs=1e-6)  # the source against itself
    assert judged["difference"] == pytest.approx(1 - judged["adapted"], abs=1e-6)
    assert none["people"][0]["within_bar"] is (judged["difference"] <= 0.02)


def test_the_loss_is_said_in_words(done):
    lines = loss_lines(done.loss)
    judged = done.loss["people"][0]["judges"]["judge"]
    assert lines[0].startswith(
        f"ada: similarity before and after {judged['adapted']:.3f} with the adapters, "
    )
    assert f"{judged['baked']:.3f} baked (judge)" in lines[0]
    assert any("3 random people, adapted against baked" in line for line in lines)
    assert any(
        f"Fréchet distance (mean colour) {done.loss['random']['frechet']:.4g}" in line for line in lines
    )
    far = json.loads(json.dumps(done.loss))
    far["people"][0]["within_bar"] = False
    assert "NOT within 0.02" in loss_lines(far)[0]
    far["people"][0]["judges"]["judge"]["difference"] = None
    assert "not measured" in loss_lines(far)[0]


class _AfterSteps:
    """An event that is set when it is asked for the `count`-th time."""

    def __init__(self, count: int):
        self._left = count

    def is_set(self) -> bool:
        self._left -= 1
        return self._left <= 0


@pytest.mark.long
def test_an_interrupted_baking_resumes_bit_for_bit(done, generator, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(training, "interruptions", lambda: contextlib.nullcontext(_AfterSteps(6)))
        with pytest.raises(Interrupted, match=r"step 6 is saved in .*The same command resumes it"):
            baked_in(tmp_path / "folder", generator, settings())
    assert not (tmp_path / "folder" / "generator.safetensors").exists()
    resumed = baked_in(tmp_path / "folder", generator, settings())
    jax.tree.map(np.testing.assert_array_equal, numbers(resumed.generator), numbers(done.generator))
    assert resumed.loss == done.loss


def test_a_finished_baking_is_read_and_measured_again_only_if_asked(done, generator, tmp_path, monkeypatch):
    shutil.copytree(done.folder.path, tmp_path / "folder")
    monkeypatch.setattr(baking, "train", lambda *_, **__: pytest.fail("trained again"))
    with monkeypatch.context() as patch:
        patch.setattr(baking, "measure_loss", lambda *_, **__: pytest.fail("measured again"))
        again = baked_in(tmp_path / "folder", generator, settings())
    assert again.loss == json.loads(done.folder.loss.read_text())
    fewer = baked_in(tmp_path / "folder", generator, settings(measuring__people=2))
    assert fewer.loss["random"]["pictures"]["lpips"]["n"] == 2
    assert json.loads((tmp_path / "folder" / "loss.json").read_text()) == fewer.loss


def test_the_folder_of_another_baking_is_refused(done, generator):
    path = done.folder.path
    others = People("other", ("ada",), tiny_people(1))
    moved = tiny_unlearned()
    assert isinstance(moved, TriPlaneGenerator)
    for changed, people, config, message in (
        (AdaptedGenerator(moved, generator.adapters), PEOPLE, settings(), "is a baking of another generator"),
        (with_strength(generator, 0.5), PEOPLE, settings(), "other adapters, or another strength"),
        (AdaptedGenerator(generator, generator.adapters), PEOPLE, settings(), "other adapters"),
        (generator, others, settings(), "is a baking of other people"),
        (generator, PEOPLE, settings(steps=13), r"with config.steps 12, not 13; give another folder"),
    ):
        with pytest.raises(InputError, match=message):
            baked_in(path, changed, config, people)


def test_a_baking_from_before_there_was_a_setting_has_its_default(generator, tmp_path):
    folder, origin = BakingFolder(tmp_path), origin_of(tiny_models(), generator, PEOPLE.subjects, PEOPLE.ws)
    folder.begin(origin, settings())
    (beginning,) = tmp_path.glob("*.json")
    older = json.loads(beginning.read_text())
    del older["config"]["seed"]
    beginning.write_text(json.dumps(older))
    with pytest.raises(InputError, match=r"with config\.seed 0, not 5"):
        folder.begin(origin, settings(seed=5))
    folder.begin(origin, settings())


def test_a_baking_with_other_networks_of_the_loss_is_refused(generator, tmp_path):
    models = tiny_models()
    origin = origin_of(models, generator, PEOPLE.subjects, PEOPLE.ws)
    BakingFolder(tmp_path).begin(origin, settings())
    judge = dataclasses.replace(models.identity, name="another")
    for changed, name in (({"perceptual_name": "another"}, "perceptual"), ({"identity": judge}, "identity")):
        with pytest.raises(InputError, match=f"is a baking with another {name} network"):
            baked_in(tmp_path, generator, settings(), models=dataclasses.replace(models, **changed))
    for name in ("perceptual", "identity"):  # the same names, other weights
        other: Any = {**origin, f"{name}_sha256": "0" * 64}
        with pytest.raises(InputError, match=f"is a baking with another {name} network"):
            BakingFolder(tmp_path).begin(other, settings())


def test_a_folder_with_other_files_is_refused(generator, tmp_path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(InputError, match="holds other files"):
        baked_in(tmp_path, generator, settings())


def test_there_must_be_adapters_and_something_to_learn(generator, tmp_path):
    with pytest.raises(InputError, match="no adapters"):
        baked_in(tmp_path / "none", tiny_models().generator, settings())
    for changed, message in (
        ({"latents__near": 5}, r"config.latents.near must be at most config.latents.batch \(4\)"),
        ({"latents__images": 5}, "config.latents.images must be at most"),
        ({"latents__images": 0, "terms__planes": 0.0}, "nothing to learn"),
        ({"terms__planes": 0.0, "terms__perceptual": 0.0, "terms__identity": 0.0}, "all weights are 0"),
        ({"measuring__people": 7}, "frechet_samples must be at least"),
        ({"steps": 0}, "config.steps must be a whole number from 1"),
    ):
        with pytest.raises(InputError, match=message):
            baked_in(tmp_path / "none", generator, settings(**changed))
    assert not (tmp_path / "none").exists()


def test_devices_without_a_share_are_refused(generator, tmp_path):
    with pytest.raises(InputError, match=r"config.latents.batch \(4\) must be a multiple of the 3 devices"):
        bake(tiny_models(), generator, PEOPLE, settings(), workdir=tmp_path / "none", mesh=make_mesh(1, 3))
    assert not (tmp_path / "none").exists()


def step_and_frozen(
    generator: Generator, config: ConfigDict, mesh: Any = None
) -> tuple[BakingStep, Any, Any]:
    split = split_generator(tiny_models().generator)
    graph, arrays = nnx.split(generator)
    step = BakingStep.of(config, split, graph, mesh)
    people = jnp.asarray(PEOPLE.ws)
    frozen = Frozen(split.fixed, arrays, tiny_models().perception(), people, jnp.float32(0.5))
    return step, frozen, split.trainable


def test_steps_look_at_the_people_in_turn_and_near_them(generator):
    config = settings(latents__near=3)
    step, frozen, _ = step_and_frozen(generator, config)
    drawn = []
    for number in range(2):
        ws, c = step.draw(jax.random.key(0), frozen, jnp.int32(number))
        assert ws.shape == (4, *PEOPLE.ws.shape[1:])
        assert c.shape == (4, 25)
        order = [(number + k) % 2 for k in range(3)]
        apart = np.linalg.norm(np.asarray(ws[:3]) - PEOPLE.ws[order], axis=(1, 2))
        assert apart[0] == 0
        assert apart[1:].min() > 0
        assert apart.max() <= 0.5 + 1e-5
        drawn.append(np.asarray(ws[3]))
    assert np.abs(drawn[0] - drawn[1]).max() > 1e-3, "random people are new in each step"


@pytest.mark.parametrize("count", [2, 4])
def test_everybodys_own_latent_has_its_turn(generator, count):
    step, frozen, _ = step_and_frozen(generator, settings(latents__near=2))
    people = tiny_people(count)
    frozen = frozen._replace(ws=jnp.asarray(people))
    for number in range(count):
        ws, _ = step.draw(jax.random.key(0), frozen, jnp.int32(number))
        np.testing.assert_array_equal(ws[0], people[number])


@pytest.mark.slow
def test_devices_that_share_the_latents_of_a_step_give_the_same_gradient(generator):
    config = settings(latents__images=2)

    def gradient(mesh: Any) -> Any:
        step, frozen, trainable = step_and_frozen(generator, config, mesh)
        ws, c = step.draw(jax.random.key(0), frozen, jnp.int32(0))

        def loss(trainable: Any) -> jax.Array:
            terms = step.terms(trainable, frozen, ws, c)
            return sum((jnp.mean(x) for x in terms.values()), jnp.zeros(()))

        arguments = trainable if mesh is None else jax.device_put(trainable, everywhere(mesh))
        return jax.jit(jax.value_and_grad(loss))(arguments)

    (alone, of_one), (shared, of_two) = gradient(None), gradient(make_mesh(1, 2))
    np.testing.assert_allclose(shared, alone, rtol=1e-5)
    for a, b in zip(jax.tree.leaves(of_one), jax.tree.leaves(of_two), strict=True):
        np.testing.assert_allclose(
            np.asarray(b), np.asarray(a), atol=1e-4 * (1e-6 + np.abs(np.asarray(a)).max())
        )
