"""Many people in one generator, from latents to a run's folder: what is written, continued and refused."""

import dataclasses
import functools
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import chex
import jax
import numpy as np
import pytest

from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.methods.base import Before
from jaxunlearn.methods.sugar import prepare
from jaxunlearn.methods.sugar.fisher_io import load_fisher, save_fisher
from jaxunlearn.methods.sugar.mappers.mapper import Mapper, initial_mapper, load_mapper, save_mapper
from jaxunlearn.methods.sugar.method import SugarMethod
from jaxunlearn.methods.sugar.prepare import FISHER_FILE, MAPPER_FILE
from jaxunlearn.methods.trained_part import BACKBONE
from jaxunlearn.models.generator import Generator, initialise, merge_generator, split_generator
from jaxunlearn.photos.people import People
from jaxunlearn.training.checks import check_previous
from jaxunlearn.training.result import Result, finished
from jaxunlearn.training.run import Run
from jaxunlearn.training.storage.request import Request
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import request_of, unlearn
from tests.support.tiny_models import CONFIG, numbers, tiny_models, tiny_people
from tests.support.tiny_sugar import STEPS, tiny_sugar
from torch_bridge import CheckpointError
from torch_bridge.safetensors_file import read_safetensors, write_safetensors

NAMES = ["ann", "bob", "cyd"]
PEOPLE = People("three", tuple(NAMES), tiny_people(3))
WITH_ADAPTERS = tiny_sugar({"adapters.trained": True, "adapters.hidden": 4})


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    config = tiny_sugar()
    return unlearn(tiny_models(), PEOPLE, config, workdir=folder, progress=False)


@pytest.mark.long
def test_three_people_are_forgotten_by_one_generator(whole):
    folder = whole.folder
    assert folder.finished()
    assert len(whole.generators) == 1
    assert whole.together
    assert whole.generator_of(2) is whole.generators[0]
    assert [path.name for path in (folder.path / "generator").iterdir()] == ["0000.safetensors"]
    lines = folder.metrics()
    assert [line["step"] for line in lines] == list(range(1, STEPS + 1))
    assert all(len(line["perceptual"]) == 8 for line in lines)  # two people, a neighbour each, four others
    assert lines[0]["ewc"] == 0  # where training starts, nothing has moved
    assert lines[-1]["ewc"] > 0
    assert len(folder.summary["surrogate_losses"]) == 2


@pytest.mark.long
def test_surrogates_lie_where_the_config_says(whole):
    models = tiny_models()
    away = np.linalg.norm(whole.ws_target - np.asarray(models.w_avg), axis=(1, 2))
    np.testing.assert_allclose(away, tiny_sugar().target.distance * models.median_radius, rtol=1e-4)
    flat = (whole.ws_target - np.asarray(models.w_avg)).reshape(3, -1)
    cosines = flat @ flat.T / np.outer(away, away)
    assert cosines[np.triu_indices(3, 1)].max() < 0.999  # everybody has a surrogate of their own


@pytest.mark.long
def test_fisher_and_mapper_are_kept(whole):
    trainable = split_generator(tiny_models().generator).trainable
    fisher = load_fisher(whole.folder.path / FISHER_FILE, trainable)
    assert all(float(leaf.min()) >= 0 for leaf in jax.tree.leaves(fisher))
    assert max(float(leaf.max()) for leaf in jax.tree.leaves(fisher)) > 0
    assert load_mapper(whole.folder.path / MAPPER_FILE, "mapper-unet", CONFIG)
    with pytest.raises(ValueError, match="sugar-mapper-unet weights"):
        load_mapper(whole.folder.path / MAPPER_FILE, "mapper-transformer", CONFIG)
    with pytest.raises(InputError, match="does not hold a Fisher"):
        load_fisher(whole.folder.path / MAPPER_FILE, trainable)


@pytest.mark.long
def test_a_run_that_was_cut_off_gives_the_same(tmp_path, whole):
    """With the checkpoint, the mapper and the Fisher of an interrupted run."""
    folder = RunFolder(tmp_path / "run")
    shutil.copytree(whole.folder.path, folder.path)
    folder.generator().unlink()
    newest = max(folder.checkpoints.iterdir(), key=lambda path: int(path.name))
    shutil.rmtree(newest)
    resumed = unlearn(tiny_models(), PEOPLE, tiny_sugar(), workdir=folder.path, progress=False)
    chex.assert_trees_all_equal(numbers(resumed.generator), numbers(whole.generator))
    np.testing.assert_array_equal(finished(folder).ws_target, whole.ws_target)


def test_losses_of_the_mapper_are_kept_where_its_run_is_cut_off(tmp_path, monkeypatch):
    """While the Fisher is measured, after the mapper was trained; and the result has them, too."""
    losses = (2.5, 0.125)

    def learned(mapper: Mapper, *_: Any, **__: Any) -> tuple[Mapper, tuple[float, ...]]:
        return mapper, losses

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    def no_steps(run: Run, *_: Any) -> Any:
        return run._initial()[0], {"steps": STEPS}

    monkeypatch.setattr(prepare, "learned", learned)
    monkeypatch.setattr(Run, "_train", no_steps)
    ask = functools.partial(unlearn, tiny_models(), PEOPLE, tiny_sugar(), progress=False)
    with monkeypatch.context() as patch:
        patch.setattr(prepare, "measure_fisher", interrupt)
        with pytest.raises(Interrupted):
            ask(workdir=tmp_path / "run")
    monkeypatch.setattr(prepare, "measure_fisher", lambda split, *_, **__: split.trainable)
    resumed = ask(workdir=tmp_path / "run")
    for summary in (resumed.summary, RunFolder(tmp_path / "run").summary, ask().summary):
        assert summary == {"surrogate_losses": [*losses], "steps": STEPS}


@pytest.mark.must
def test_without_elastic_weights_more_is_lost(whole):
    """The penalty's purpose: the same run without it moves further, measured by what matters."""
    almost_none = {"ewc.weight": 1e-12, "ewc.file": str(whole.folder.path / FISHER_FILE)}
    loose = unlearn(tiny_models(), tiny_people(3), tiny_sugar(almost_none), progress=False)
    source = split_generator(tiny_models().generator).trainable
    fisher = load_fisher(whole.folder.path / FISHER_FILE, source)

    def moved(generator) -> float:
        here = split_generator(generator).trainable
        parts = jax.tree.map(lambda f, a, b: float((f * (a - b) ** 2).sum()), fisher, here, source)
        return sum(jax.tree.leaves(parts))

    assert moved(whole.generator) < moved(loose.generator)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target.kind": "nearest"}, 'choose "shifted"'),
        ({"target.distance": 0.0}, "everybody would become the mean face"),
        ({"ewc.fisher": "exact"}, "choose from gauss-newton, official"),
        ({"pairs.batch": 0}, "config.pairs.batch must be a whole number from 1"),
        ({"ewc.file": "no.safetensors"}, r"config\.ewc\.file no\.safetensors: no such file"),
        ({"surrogates.file": "no.pt"}, r"config\.surrogates\.file no\.pt: no such file"),
        ({"surrogates.epochs": 0}, r"epochs is 0, .* but config\.surrogates\.file names none"),
    ],
)
def test_settings_that_make_no_sense(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        unlearn(tiny_models(), tiny_people(2), tiny_sugar(changes), workdir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_without_epochs_a_mapper_must_be_there(tmp_path):
    as_it_is, method = tiny_sugar({"surrogates.epochs": 0}), SugarMethod()
    mapper = tmp_path / MAPPER_FILE
    with pytest.raises(InputError, match="names none"):
        method.check_files(as_it_is, method.left_by(tmp_path, as_it_is, tiny_models().generator))
    save_mapper(initial_mapper("mapper-unet", CONFIG, width=2, depth=1, seed=0), mapper)
    method.check_files(as_it_is, method.left_by(tmp_path, as_it_is, tiny_models().generator))
    method.check_files(tiny_sugar({"surrogates.epochs": 0, "surrogates.file": str(mapper)}))
    method.check_files(tiny_sugar({"surrogates.epochs": 0, "target.kind": "extrapolated"}))


def save_transformer(path: Path, changes: Mapping[str, Any]) -> None:
    """Write a mapper of the tiny generator; `changes` of its sizes are made."""
    model = dataclasses.replace(CONFIG, **changes)
    save_mapper(initial_mapper("mapper-transformer", model, width=8, depth=1, seed=0), path)


@pytest.mark.parametrize("width", ["", "eight", "0", "9"])
def test_a_mapper_whose_header_is_broken(tmp_path, width):
    save_transformer(tmp_path / "mapper.safetensors", {})
    arrays, header = read_safetensors(tmp_path / "mapper.safetensors")
    write_safetensors(tmp_path / "broken.safetensors", arrays, {**header, "width": width})
    with pytest.raises(CheckpointError, match="its header has"):
        load_mapper(tmp_path / "broken.safetensors", "mapper-transformer", CONFIG)


def test_files_of_another_generator_are_refused_before_anything_is_written(tmp_path):
    mapper, fisher = tmp_path / "mapper.safetensors", tmp_path / "fisher.safetensors"
    save_transformer(mapper, {"w_dim": CONFIG.w_dim + 4})
    save_fisher(split_generator(initialise(GeneratorConfig.small())).trainable, fisher)
    transformer = {"target.kind": "mapper-transformer", "surrogates.width": 8}
    for changes, message in (
        ({**transformer, "surrogates.file": str(mapper)}, "is the mapper of another generator, with ws"),
        ({"ewc.file": str(fisher)}, "is the Fisher of another generator"),
    ):
        with pytest.raises(InputError, match=message):
            unlearn(tiny_models(), tiny_people(2), tiny_sugar(changes), workdir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def earlier(generator: Generator, folder: RunFolder | None = None) -> Result:
    return Result(PEOPLE, PEOPLE.ws, (generator,), {}, folder)


def test_an_earlier_request_of_another_generator_is_refused(tmp_path):
    """Also one of the same sizes; with a folder, its weights need not be compared."""
    models, others = (
        tiny_models(),
        (initialise(CONFIG), initialise(dataclasses.replace(CONFIG, channel_max=8))),
    )
    folder = RunFolder(tmp_path / "earlier")
    of_another = Request(
        "other", "0" * 64, PEOPLE.subjects, models.perceptual_name, models.identity.name, models.mean.origin
    )
    folder.begin(of_another, tiny_sugar(), PEOPLE.ws)
    for previous in (*map(earlier, others), earlier(models.generator, folder)):
        with pytest.raises(InputError, match=r"the earlier request.* began with another generator than tiny"):
            unlearn(models, tiny_people(2), tiny_sugar(), workdir=tmp_path / "run", previous=previous)
    assert not (tmp_path / "run").exists()


def test_an_earlier_request_without_a_fisher_must_have_trained_the_same_part(tmp_path):
    """Refused before anything is written; the Fisher's file would tell, but there is none."""
    models, folder = tiny_models(), RunFolder(tmp_path / "earlier")
    folder.begin(request_of(models, PEOPLE, None, (0, 1, 2), shared=True), tiny_sugar(), PEOPLE.ws)
    with pytest.raises(InputError, match=r"trained no adapters of this config\.adapters"):
        unlearn(
            models,
            tiny_people(5)[3:],
            WITH_ADAPTERS,
            workdir=tmp_path / "run",
            previous=earlier(models.generator, folder),
        )
    assert not (tmp_path / "run").exists()


def test_an_earlier_request_of_the_same_generator_is_taken(tmp_path):
    models, adapters = tiny_models(), SugarMethod().trained_part(WITH_ADAPTERS, CONFIG)
    split = split_generator(models.generator)
    moved = jax.tree.map(lambda x: x + 1, split.trainable)
    forgot = merge_generator(split._replace(trainable=moved))
    check_previous(earlier(forgot), models, BACKBONE)
    check_previous(earlier(merge_generator(adapters.split(models.generator, 1))), models, adapters)
    folder = RunFolder(tmp_path / "earlier")
    folder.begin(request_of(models, PEOPLE, None, (0, 1, 2), shared=True), tiny_sugar(), PEOPLE.ws)
    check_previous(earlier(forgot, folder), models, BACKBONE)
    with pytest.raises(InputError, match="began with another generator"):
        check_previous(earlier(merge_generator(adapters.split(forgot, 1))), models, adapters)
    twice = adapters.split(merge_generator(adapters.split(models.generator, 1)), 2)
    with pytest.raises(InputError, match="began with another generator"):
        check_previous(earlier(merge_generator(twice)), models, adapters)
    with pytest.raises(InputError, match="trained adapters"):
        check_previous(earlier(merge_generator(adapters.split(models.generator, 1))), models, BACKBONE)


def test_a_request_knows_all_generators_that_it_contains(tmp_path, monkeypatch):
    class Begun(Exception):
        pass

    def prepare(*_, **__):
        raise Begun

    monkeypatch.setattr("jaxunlearn.training.unlearn._prepare", prepare)
    models, folder = tiny_models(), RunFolder(tmp_path / "second")
    asked = request_of(models, PEOPLE, Before(models.generator), (0, 1, 2), shared=True)
    asked = dataclasses.replace(asked, start="second", earlier=("first",))
    folder.begin(asked, tiny_sugar(), PEOPLE.ws)
    third = tmp_path / "third"
    for known in (folder, None):  # resumed after a result that is only in memory
        previous = earlier(models.generator, known)
        with pytest.raises(Begun):
            unlearn(models, tiny_people(2), tiny_sugar(), workdir=third, previous=previous, progress=False)
        assert RunFolder(third).request.earlier == ("first", "second")


def test_people_who_cannot_be_forgotten(tmp_path):
    people = tiny_people(3)
    twice = people[[0, 1, 0]]
    where = {"workdir": tmp_path / "run"}
    with pytest.raises(InputError, match="latent 0 and latent 2: the same person is listed twice"):
        unlearn(tiny_models(), twice, tiny_sugar(), **where)
    with pytest.raises(InputError, match="seed 7: the same person is listed twice"):
        unlearn(tiny_models(), People("people", ("seed 7", "b", "seed 7"), twice), tiny_sugar(), **where)
    with pytest.raises(InputError, match="do not fit this generator"):
        unlearn(tiny_models(), people[:0], tiny_sugar(), **where)
    with pytest.raises(InputError, match="do not fit this generator"):
        unlearn(tiny_models(), people[..., :-1], tiny_sugar(), **where)
    assert not (tmp_path / "run").exists()


@pytest.mark.long
def test_a_folder_of_another_request(whole):
    path = whole.folder.path
    with pytest.raises(InputError, match=r"config\.target\.distance 1\.0, not 2\.0"):
        unlearn(
            tiny_models(),
            PEOPLE,
            tiny_sugar({"target.distance": 2.0}),
            workdir=path,
        )
    with pytest.raises(InputError, match="other latents"):
        unlearn(tiny_models(), dataclasses.replace(PEOPLE, ws=PEOPLE.ws[::-1]), tiny_sugar(), workdir=path)


@pytest.mark.must  # rounding decides
def test_the_official_fisher_is_zero_without_noise(tmp_path):
    """The trap, and the line that tells the way out of it."""
    with pytest.raises(InputError, match=r'choose config\.ewc\.fisher = "gauss-newton"'):
        unlearn(
            tiny_models(),
            tiny_people(2),
            tiny_sugar({"ewc.fisher": "official-still", "target.kind": "extrapolated"}),
            progress=False,
        )
