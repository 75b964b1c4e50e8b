"""A method is one file and one registration: a third one runs through everything that methods run through."""

import chex
import pytest

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.evaluate import evaluate
from jaxunlearn.methods.base import Advice
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import METHODS, named, preset, preset_names
from jaxunlearn.photos.people import People
from jaxunlearn.profiling import measure
from jaxunlearn.profiling.aot import topology
from jaxunlearn.profiling.aot.compilation import compile_step
from jaxunlearn.profiling.cases import Case
from jaxunlearn.profiling.workload import Workload
from jaxunlearn.training.result import load_result
from jaxunlearn.training.unlearn import unlearn
from tests.support.tiny_models import numbers, outline, tiny_models, tiny_people


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(METHODS, "toy", "tests.support.toy_method:ToyMethod")


def toy(steps: int = 4) -> ConfigDict:
    config = preset("toy/heads")
    config.update(steps=steps, log_every=1, images_every=0, checkpoint_every=2, unit="median_radius")
    config.evaluation.update(retained_people=4, frechet_samples=6, strangers=4, views=3)
    return config


def test_its_presets_are_found_and_its_settings_checked(tmp_path):
    assert {"toy/paper", "toy/heads"} <= set(preset_names())
    config = toy()
    config.strength = 3.0
    with pytest.raises(InputError, match=r"config\.strength must be a number from 0 to 2, not 3\.0"):
        unlearn(tiny_models(), tiny_people(1), config, workdir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_settings_of_every_method_are_enough_for_its_advice():
    assert named("toy").advice(toy()) == Advice(
        "choose another config.target.kind", elsewhere="raise config.pairs.num_adjacent"
    )


@pytest.mark.must
def test_it_unlearns_resumes_and_is_measured(tmp_path):
    people = People("two", ("ada", "bea"), tiny_people(2))
    unlearn(tiny_models(), people, toy(2), workdir=tmp_path / "run", progress=False)
    resumed = unlearn(tiny_models(), people, toy(4), workdir=tmp_path / "run", progress=False)
    straight = unlearn(tiny_models(), people, toy(4), progress=False)
    for a, b in zip(resumed.generators, straight.generators, strict=True):
        chex.assert_trees_all_equal(numbers(a), numbers(b))
    read = load_result(tmp_path / "run")
    assert read.people.subjects == ("ada", "bea")
    figures = evaluate(tiny_models(), read, toy(), progress=False)
    assert set(figures["people"]) == {"0", "1"}
    changed = toy(4)
    changed.strength = 0.5
    with pytest.raises(InputError, match=r"config\.strength 1\.0, not 0\.5"):
        unlearn(tiny_models(), people, changed, workdir=tmp_path / "run", progress=False)


@pytest.mark.must
def test_it_is_timed_and_compiled_ahead_of_time():
    found = measure.measure(Case("heads", toy().to_dict(), steps=1, warm_up=1), tiny_models(), progress=False)
    assert found["pairs_per_second"] > 0
    workload = Workload.of(outline(), toy())
    report, executable = compile_step(workload, topology.find(topology.HERE), (1, 1), 1)
    assert executable is not None
    assert report.fits
