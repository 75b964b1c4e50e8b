"""SUGAR where adapters are trained: one small file for all people, requests one after another, refusals."""

import dataclasses
import shutil
from typing import Any

import chex
import jax
import numpy as np
import pytest
from safetensors import safe_open

from jaxunlearn.errors import InputError
from jaxunlearn.methods.base import Before
from jaxunlearn.methods.config import check_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import named, preset
from jaxunlearn.methods.sugar.fisher_io import load_fisher
from jaxunlearn.methods.sugar.prepare import FISHER_FILE, Left
from jaxunlearn.methods.trained_part import TrainedPart
from jaxunlearn.models.adapters import BEFORE, OWNER, adapted
from jaxunlearn.models.generator import Generator, fingerprint_of
from jaxunlearn.photos.people import People
from jaxunlearn.profiling.cases import Case
from jaxunlearn.training.result import Result, finished
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import unlearn
from jaxunlearn.workflows.continual import Forgotten, forget_requests
from jaxunlearn.workflows.requests import ForgetRequest
from legato_flax import AdaptedGenerator
from tests.support.tiny_models import CONFIG, numbers, tiny_models, tiny_people, tiny_unlearned
from tests.support.tiny_sugar import STEPS, tiny_sugar

pytestmark = pytest.mark.long

PEOPLE = People("three", ("ann", "bob", "cyd"), tiny_people(3))
WITH_ADAPTERS = {"adapters.trained": True, "adapters.hidden": 8, "optimiser.learning_rate": 1e-2}


def settings(changes: dict[str, Any] | None = None, people: int = 3) -> ConfigDict:
    return tiny_sugar(WITH_ADAPTERS | (changes or {}), people=people)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("adapters") / "whole"
    return unlearn(tiny_models(), PEOPLE, settings(), workdir=folder, progress=False)


def folder_of(result: Result) -> RunFolder:
    assert result.folder is not None
    return result.folder


def fisher_of(result: Result) -> Any:
    return load_fisher(folder_of(result).path / FISHER_FILE, part_of({}).trained(result.generator))


def by_layer(tree: Any, layer: str) -> list[np.ndarray]:
    """Return the arrays of a layer of all adapters."""
    return [
        np.asarray(leaf)
        for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]
        if layer in jax.tree_util.keystr(path)
    ]


def inner(generator: Generator) -> AdaptedGenerator:
    assert isinstance(generator, AdaptedGenerator)
    return generator


def test_one_file_of_adapters_forgets_everybody(whole: Result):
    assert whole.together
    generator = inner(whole.generator)
    chex.assert_trees_all_equal(numbers(generator.generator), numbers(tiny_models().generator))
    assert max(np.abs(leaf).max() for leaf in by_layer(numbers(generator.adapters), "from_hidden")) > 0
    lines = folder_of(whole).metrics()
    assert [line["step"] for line in lines] == list(range(1, STEPS + 1))
    assert all(len(line["perceptual"]) == 8 for line in lines), "two people, a neighbour each, four others"
    assert lines[0]["ewc"] == 0, "where training starts, nothing has moved"
    assert lines[-1]["ewc"] > 0
    assert "trajectory" not in lines[0]
    [file] = (folder_of(whole).path / "generator").iterdir()
    with safe_open(file, framework="numpy") as stored:
        header = stored.metadata()
    assert header["architecture"] == "legato"
    assert header["forgotten"] == "ann, bob, cyd"
    assert header[OWNER] == fingerprint_of(tiny_models().generator)
    assert BEFORE not in header
    read = finished(folder_of(whole), tiny_models().generator)
    chex.assert_trees_all_equal(numbers(read.generator), numbers(generator))
    chex.assert_trees_all_equal(numbers(adapted(tiny_models().generator, [file])), numbers(generator))


def test_before_training_the_fisher_knows_the_last_layer_alone(whole: Result):
    """An untrained adapter adds nothing, whatever its first layer is: no gradient, and no importance."""
    fisher = fisher_of(whole)
    assert all((leaf == 0).all() for leaf in by_layer(fisher, "to_hidden"))
    assert all((leaf > 0).any() for leaf in by_layer(fisher, "from_hidden"))


def test_the_penalty_holds_what_matters(whole: Result):
    almost_none = {"ewc.weight": 1e-12, "ewc.file": str(folder_of(whole).path / FISHER_FILE)}
    loose = unlearn(tiny_models(), PEOPLE, settings(almost_none), progress=False)
    fisher = fisher_of(whole)

    def moved(result: Result) -> float:
        last = by_layer(numbers(inner(result.generator).adapters), "from_hidden")  # it starts at 0
        return sum(
            float((f * x**2).sum()) for f, x in zip(by_layer(fisher, "from_hidden"), last, strict=True)
        )

    assert moved(whole) < moved(loose)


def test_a_run_that_was_cut_off_gives_the_same(tmp_path, whole: Result):
    folder = RunFolder(tmp_path / "run")
    shutil.copytree(folder_of(whole).path, folder.path)
    folder.generator().unlink()
    shutil.rmtree(max(folder.checkpoints.iterdir(), key=lambda path: int(path.name)))
    resumed = unlearn(tiny_models(), PEOPLE, settings(), workdir=folder.path, progress=False)
    chex.assert_trees_all_equal(numbers(resumed.generator), numbers(whole.generator))


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> Forgotten:
    stages = (ForgetRequest("january", seeds=(1, 2)), ForgetRequest("february", seeds=(3, 4)))
    few = {"steps": 2, "evaluation.views": 2}
    out = tmp_path_factory.mktemp("requests") / "out"
    return forget_requests(tiny_models(), stages, lambda n: settings(few, n), out, progress=False)


def test_the_next_request_goes_on_with_the_same_adapters(requests: Forgotten):
    january, february = finished(requests.folders[0], tiny_models().generator), requests.newest
    one, two = inner(january.generator), inner(february.generator)
    chex.assert_trees_all_equal(numbers(two.generator), numbers(tiny_models().generator))
    assert folder_of(february).metrics()[0]["ewc"] == 0, "held where january left it"
    moved = [
        np.abs(a - b).max()
        for a, b in zip(by_layer(numbers(one), "to_hidden"), by_layer(numbers(two), "to_hidden"), strict=True)
    ]
    assert 0 < max(moved) <= 0.03, "two steps of the learning rate from january's, not from new ones"
    alone = adapted(tiny_models().generator, [folder_of(february).generator()])
    chex.assert_trees_all_equal(numbers(alone), numbers(two))
    first, both = fisher_of(january), fisher_of(february)
    assert all((leaf == 0).all() for leaf in by_layer(first, "to_hidden"))
    assert any((leaf > 0).any() for leaf in by_layer(both, "to_hidden")), "trained adapters have a gradient"
    chex.assert_trees_all_equal_structs(first, both)
    assert all((b >= a).all() for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(both), strict=True))


def test_adapters_come_after_those_of_the_source(whole: Result, tmp_path):
    file = str(folder_of(whole).generator())
    models = dataclasses.replace(
        tiny_models(), generator=adapted(tiny_models().generator, [file]), adapters=(file,)
    )
    with pytest.raises(InputError, match=r"SUGAR trains the backbone.*--config\.adapters\.trained=True"):
        unlearn(models, tiny_people(5)[3:], tiny_sugar(), progress=False)
    config = settings({"steps": 1}, 2)
    result = unlearn(models, tiny_people(5)[3:], config, workdir=tmp_path / "run", progress=False)
    chex.assert_trees_all_equal(numbers(inner(result.generator).generator), numbers(models.generator))
    both = adapted(tiny_models().generator, [file, folder_of(result).generator()])
    chex.assert_trees_all_equal(numbers(both), numbers(result.generator))
    on_top = adapted(models.generator, [folder_of(result).generator()])
    chex.assert_trees_all_equal(numbers(on_top), numbers(result.generator))


def test_settings_that_do_not_suit_are_refused(whole: Result):
    with pytest.raises(InputError, match=r"config\.adapters\.end .* more than 1000 steps"):
        check_config.check(settings({"adapters.end": 90.0, "adapters.step": 0.05}))
    other = settings({"ewc.file": str(folder_of(whole).path / FISHER_FILE), "adapters.hidden": 4})
    with pytest.raises(InputError, match="is the Fisher of another generator"):
        unlearn(tiny_models(), PEOPLE, other, progress=False)
    of_backbone = tiny_sugar({"ewc.file": str(folder_of(whole).path / FISHER_FILE)})
    with pytest.raises(InputError, match="is the Fisher of another generator"):
        unlearn(tiny_models(), PEOPLE, of_backbone, progress=False)


def test_both_requests_train_the_same_part(whole: Result):
    with pytest.raises(InputError, match=r"trained no adapters of this config\.adapters"):
        part_of({}).trained(tiny_unlearned())
    with pytest.raises(InputError, match=r"trained no adapters of this config\.adapters"):
        part_of({"adapters.hidden": 4}).trained(whole.generator)
    before = Before(whole.generator, Left(None, None))
    for config in (tiny_sugar({"target.kind": "extrapolated"}), preset("guide/many_heads", 2)):
        with pytest.raises(InputError, match="the earlier request trained adapters"):
            named(config.method).prepare(tiny_models(), tiny_people(2), config, None, before, progress=False)


def part_of(changes: dict[str, Any]) -> TrainedPart:
    config = settings(changes)
    return named("sugar").trained_part(config, CONFIG)


def test_the_preset_is_that_of_the_bundled_model_with_adapters():
    config, like = preset("sugar/heads_adapters", 5), preset("sugar/heads", 5)
    assert config.adapters.trained
    assert not like.adapters.trained
    like.adapters.trained = True
    assert config.to_dict() == like.to_dict()


def test_a_benchmark_tells_both_apart():
    names = {
        Case("heads", preset(name, 5).to_dict(), people=5).name
        for name in ("sugar/heads", "sugar/heads_adapters")
    }
    assert len(names) == 2
