"""The same steps on every mesh: one device, copies divided, pairs divided, both."""

import re

import chex
import jax
import numpy as np
import optax
import pytest
from jax.tree_util import Partial

from jaxunlearn.errors import InputError
from jaxunlearn.methods import ewc
from jaxunlearn.methods.config.from_config import StepSettings
from jaxunlearn.methods.guide import presets
from jaxunlearn.methods.guide.pairs import GuideSampling
from jaxunlearn.methods.many_pairs import ManySampling
from jaxunlearn.methods.sugar.fisher import FisherSettings, measure_fisher
from jaxunlearn.models.generator import split_generator
from jaxunlearn.models.perception import Perception
from jaxunlearn.profiling.workload import Workload
from jaxunlearn.sharding import Portion, by_identity, everywhere, make_mesh, on_each_device, portion
from jaxunlearn.training import compiled_step
from jaxunlearn.training.step import Frozen, UnlearningStep
from jaxunlearn.training.unlearn import unlearn
from tests.support.same_run import assert_same_run
from tests.support.standin import StandIn
from tests.support.tiny_models import numbers, tiny_models, tiny_people

PEOPLE, STEPS = 4, 3
MESHES = [(4, 1), (2, 4)]
COLLECTIVES = "all-reduce|all-gather|collective-permute|all-to-all|reduce-scatter"
GUIDE = GuideSampling(num_adjacent=2, num_global=2)  # five pairs: shares of 3 and 2 are not equal


def embed(images: jax.Array) -> jax.Array:
    flat = images[:, ::4, ::4].reshape(len(images), -1)
    return flat / np.sqrt(flat.shape[1])


def build(sampling, mesh, memory=False):
    split = split_generator(tiny_models().generator)
    settings = StepSettings(sampling)
    step = UnlearningStep(split.graphdef, optax.sgd(1e-3), settings, portion(mesh, sampling.count))
    held = None
    if memory:
        fisher = jax.tree.map(jax.numpy.ones_like, split.trainable)
        held = ewc.Memory(fisher, jax.tree.map(lambda x: x + 0.01, split.trainable), jax.numpy.float32(0.1))
    perception = Perception(Partial(StandIn(0)), Partial(embed))
    return step, Frozen(split.trainable, split.fixed, perception, memory=held)


def compiled(step, frozen, ws, ws_target, mesh):
    """A jitted step of all copies and its arguments, placed on the mesh."""
    state, target = jax.vmap(lambda *who: (step.init(frozen), step.target(frozen, *who)))(ws, ws_target)
    keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(3), np.arange(len(ws)))
    advance = step
    if mesh is not None:
        advance = on_each_device(advance, mesh)
        state, target, keys = jax.device_put((state, target, keys), by_identity(mesh))
        frozen = jax.device_put(frozen, everywhere(mesh))
    return jax.jit(advance), state, frozen, target, keys


def follow(sampling, mesh, ws, ws_target, memory=False):
    step, frozen = build(sampling, mesh, memory)
    advance, state, *rest = compiled(step, frozen, ws, ws_target, mesh)
    measured = []
    for _ in range(STEPS):
        state, now = advance(state, *rest)
        measured.append(jax.tree.map(np.asarray, now))
    return jax.tree.map(np.asarray, state.trainable), measured


def agree(a, b) -> None:
    """Up to the order of summation."""
    chex.assert_trees_all_close(a, b, rtol=2e-3, atol=2e-5)


@pytest.fixture(scope="module")
def alone():
    ws = tiny_people(PEOPLE)
    return follow(GUIDE, None, ws, -ws)


@pytest.mark.long
@pytest.mark.parametrize(("identity", "sample"), MESHES)
def test_any_mesh_takes_the_same_steps(alone, identity, sample):
    ws = tiny_people(PEOPLE)
    trained, measured = follow(GUIDE, make_mesh(identity, sample), ws, -ws)
    agree(trained, alone[0])
    agree(measured, alone[1])


@pytest.mark.must
def test_many_people_in_one_copy_divided_among_devices():
    """SUGAR's pairs and what holds the parameters: the penalty counts once, not once a device."""
    ws = tiny_people(6)[None]
    sampling = ManySampling(people=6, batch=3, num_adjacent=1, adjacent_target="shifted")
    one = follow(sampling, None, ws, -ws, memory=True)
    agree(follow(sampling, make_mesh(1, 4), ws, -ws, memory=True), one)


@pytest.mark.long
def test_a_fisher_divided_among_devices(monkeypatch):
    """Nine probes, eight of them at a time: the second group is filled with some that do not count."""
    models, people = tiny_models(), tiny_people(3)
    split = split_generator(models.generator)
    settings = FisherSettings(probes=3, radius=1.0)

    def fisher(mesh):
        key = jax.random.key(1)
        return measure_fisher(
            split, split.trainable, people, models.w_avg, settings, key, mesh, progress=False
        )

    alone = fisher(None)
    monkeypatch.setattr("jaxunlearn.methods.sugar.fisher._AT_ONCE", 2)
    for a, b in zip(jax.tree.leaves(fisher(make_mesh(1, 4))), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6 * float(b.max()))


@pytest.mark.must
def test_nothing_is_exchanged_between_copies_and_gradients_once():
    ws = tiny_people(PEOPLE)

    def collectives(identity, sample):
        mesh = make_mesh(identity, sample)
        advance, *arguments = compiled(*build(GUIDE, mesh), ws, -ws, mesh)
        text = advance.lower(*arguments).compile().as_text() or ""
        return re.findall(rf"(?:{COLLECTIVES})\(", text)

    assert collectives(4, 1) == []
    assert collectives(2, 4) == ["all-reduce("]


@pytest.mark.parametrize(
    ("parts", "size", "wasted"), [(1, 5, 0), (2, 3, 1 / 6), (4, 2, 3 / 8), (8, 1, 3 / 8)]
)
def test_shares_and_what_is_wasted(parts, size, wasted):
    share = Portion("sample", parts, 5)
    assert share.size == size
    assert share.wasted == pytest.approx(wasted)


def test_too_few_devices():
    with pytest.raises(InputError, match=r"a mesh of 16 x 2 needs 32 devices, but this machine has 8"):
        make_mesh(16, 2)
    assert make_mesh(sample=2).shape == {"identity": 4, "sample": 2}


@pytest.mark.parametrize(("identity", "sample"), [(-1, 1), (0, 0), (1, 0), (2, -2)])
def test_numbers_that_make_no_mesh(identity, sample):
    with pytest.raises(InputError, match=rf"a mesh of {identity} x {sample}: identity must be at least 0"):
        make_mesh(identity, sample)


@pytest.mark.must
def test_a_run_on_a_mesh_goes_on_on_one_device(tmp_path):
    """Three copies on 2 x 2 devices: one is trained twice, which shows in the summary only."""
    config = presets.heads()
    config.update(steps=3, log_every=1, images_every=0)
    config.optimiser.update(learning_rate=1e-3, schedule="constant")
    people = tiny_people(3)
    one = unlearn(tiny_models(), people, config, progress=False)
    config.steps = 2
    several = unlearn(
        tiny_models(), people, config, workdir=tmp_path / "run", mesh=make_mesh(2, 2), progress=False
    )
    assert len(several.generators) == 3
    assert several.summary["devices"].startswith("4 x")
    assert one.summary["devices"].startswith("1 x")
    assert several.summary["padding_identity"] == 0.25
    assert "padding_sample" not in several.summary  # six pairs, three a device
    config.steps = 3
    resumed = unlearn(tiny_models(), people, config, workdir=tmp_path / "run", progress=False)
    assert resumed.summary["loss"] == pytest.approx(one.summary["loss"], rel=1e-3)
    for a, b in zip(resumed.generators, one.generators, strict=True):
        assert_same_run(numbers(a), numbers(b), learning_rate=1e-3, steps=3)


@pytest.mark.long
def test_a_further_wave_of_a_work_list_compiles_nothing():
    """Nor does a smaller one, whose last copy is repeated on the devices that are left over."""
    work, mesh = Workload.of(tiny_models(), presets.heads()), make_mesh(4, 1)
    recipes = [work.recipe(copies, mesh, "cpu") for copies in (4, 4, 3)]
    before = compiled_step._beginning.cache_info().misses
    for recipe in recipes:
        work.arguments(recipe)
    assert compiled_step._beginning.cache_info().misses == before + 1
    assert compiled_step._beginning(recipes[0].program)._cache_size() == 1
    assert len({recipe.program for recipe in recipes}) == 1
