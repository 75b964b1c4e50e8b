"""LEGATO on tiny models: adapters alone are trained, saved and read; strength and composition."""

import dataclasses
import json

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from safetensors import safe_open

import legato_flax
from eg3d_flax import Compute, TriPlaneGenerator
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.strength import at_strength
from jaxunlearn.methods.adapters_part import AdaptersPart
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.legato.pairs import LegatoSampling
from jaxunlearn.methods.registry import preset
from jaxunlearn.models.adapters import BEFORE, OWNER, adapted, with_strength
from jaxunlearn.models.generator import fingerprint_of
from jaxunlearn.photos.people import People
from jaxunlearn.profiling.workload import Workload
from jaxunlearn.training.result import Result, finished, load_result
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import unlearn
from legato_flax import AdaptedGenerator, AdaptersConfig
from tests.support.tiny_models import CONFIG, numbers, outline, tiny_models, tiny_people, tiny_unlearned

HIDDEN = 8


def settings(steps: int = 2) -> ConfigDict:
    config = preset("legato/heads")
    config.update(steps=steps, log_every=1, images_every=0, checkpoint_every=2, unit="median_radius")
    config.optimiser.update(learning_rate=1e-2, schedule="constant")
    config.adapters.hidden = HIDDEN
    return config


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Two people, forgotten in two steps with a folder."""
    people = People("two", ("ada", "bea"), tiny_people(2))
    folder = tmp_path_factory.mktemp("legato") / "run"
    return unlearn(tiny_models(), people, settings(), workdir=folder, progress=False)


def planes(generator, ws) -> np.ndarray:
    return np.asarray(generator.planes(ws, "const"))


def files(run: Result) -> list[str]:
    assert run.folder is not None
    return [str(run.folder.generator(k)) for k in range(2)]


@pytest.mark.must
def test_adapters_alone_are_trained(run: Result):
    for k, generator in enumerate(run.generators):
        assert isinstance(generator, AdaptedGenerator)
        chex.assert_trees_all_equal(numbers(generator.generator), numbers(tiny_models().generator))
        last = np.asarray(generator.adapters.adapter("b8").from_hidden.weight[...])
        assert 0 < np.abs(last).max() <= 0.03, "weights that start at 0 take steps of the learning rate"
        ws = tiny_people(2)[k : k + 1]
        assert np.abs(planes(generator, ws) - planes(tiny_models().generator, ws)).max() > 1e-3
    one, other = (numbers(generator.adapters) for generator in run.generators)  # type: ignore[attr-defined]
    assert not np.array_equal(one["b8"]["from_hidden"]["weight"], other["b8"]["from_hidden"]["weight"])


@pytest.mark.must
def test_the_log_has_the_trajectory_of_the_local_pair(run: Result):
    assert run.folder is not None
    first, second = run.folder.metrics()
    count = 1 + settings().pairs.num_adjacent + settings().pairs.num_global
    assert first["trajectory"] == [0.0] * count, "adapters change nothing before the first step"
    assert second["trajectory"][0] > 0
    assert second["trajectory"][1:] == [0.0] * (count - 1)


@pytest.mark.must
def test_a_run_resumes_bit_for_bit(run: Result, tmp_path):
    people = People("two", ("ada", "bea"), tiny_people(2))
    config = settings(1)
    config.checkpoint_every = 1
    unlearn(tiny_models(), people, config, workdir=tmp_path / "run", progress=False)
    config.steps = 2
    resumed = unlearn(tiny_models(), people, config, workdir=tmp_path / "run", progress=False)
    for a, b in zip(resumed.generators, run.generators, strict=True):
        chex.assert_trees_all_equal(numbers(a), numbers(b))


@pytest.mark.must
def test_the_file_holds_adapters_alone_and_names_their_generator(run: Result):
    for k, file in enumerate(files(run)):
        with safe_open(file, framework="numpy") as stored:
            header, names = stored.metadata(), set(stored.keys())
        assert header[OWNER] == fingerprint_of(tiny_models().generator)
        assert header["architecture"] == "legato"
        assert header["forgotten"] == ("ada", "bea")[k]
        assert names == {
            f"b{side}.{layer}.{leaf}"
            for side in (4, 8)
            for layer in ("to_hidden", "from_hidden")
            for leaf in ("weight", "bias")
        }
        assert json.loads(header["config"])["hidden"] == HIDDEN
    assert run.folder is not None
    read = finished(run.folder, tiny_models().generator)
    for a, b in zip(read.generators, run.generators, strict=True):
        chex.assert_trees_all_equal(numbers(a), numbers(b))


@pytest.mark.must
def test_a_result_needs_the_generator_that_its_run_started_from(run: Result, monkeypatch):
    assert run.folder is not None
    with pytest.raises(InputError, match=r"0000\.safetensors: belongs to another generator"):
        finished(run.folder, tiny_unlearned())
    monkeypatch.setattr(
        "jaxunlearn.training.storage.networks_of_run.load_generator", lambda _: tiny_models().generator
    )
    read = load_result(run.folder.path)
    chex.assert_trees_all_equal(numbers(read.generator), numbers(run.generator))
    monkeypatch.setattr(
        "jaxunlearn.training.storage.networks_of_run.load_generator", lambda _: tiny_unlearned()
    )
    with pytest.raises(InputError, match="tiny: is not the generator that"):
        load_result(run.folder.path)


@pytest.mark.must
def test_strength_goes_from_the_source_to_the_adapted_generator(run: Result):
    source, ws = tiny_models().generator, tiny_people(1)
    file = files(run)[:1]
    np.testing.assert_array_equal(planes(with_strength(run.generator, 0.0), ws), planes(source, ws))
    chex.assert_trees_all_equal(numbers(adapted(source, file)), numbers(run.generator))
    np.testing.assert_array_equal(planes(adapted(source, file), ws), planes(run.generator, ws))
    moved = [
        np.abs(planes(with_strength(run.generator, strength), ws) - planes(source, ws)).mean()
        for strength in (0.5, 1.0, 1.5)
    ]
    assert 0 < moved[0] < moved[1] < moved[2]
    assert at_strength(run, 0.5).folder is None
    with pytest.raises(InputError, match="the generator has no adapter"):
        with_strength(source, 0.5)


@pytest.mark.must
def test_adapters_compose_in_their_order(run: Result):
    source, ws = tiny_models().generator, tiny_people(1)
    one, other = files(run)
    both, reverse = adapted(source, [one, other]), adapted(source, [other, one])
    assert isinstance(both, AdaptedGenerator)
    assert isinstance(source, TriPlaneGenerator)
    by_hand = AdaptedGenerator(AdaptedGenerator(source, adapters(run, 0)), adapters(run, 1))
    np.testing.assert_array_equal(planes(both, ws), planes(by_hand, ws))
    assert np.abs(planes(both, ws) - planes(adapted(source, [one]), ws)).max() > 1e-3
    assert np.abs(planes(both, ws) - planes(reverse, ws)).max() > 0


def adapters(run: Result, k: int) -> legato_flax.Adapters:
    generator = run.generators[k]
    assert isinstance(generator, AdaptedGenerator)
    return generator.adapters


@pytest.mark.must
def test_a_wrong_generator_or_a_missing_adapter_is_refused(run: Result, tmp_path):
    with pytest.raises(InputError, match=r"belongs to another generator \(sha256 [0-9a-f]{12}"):
        adapted(tiny_unlearned(), files(run)[:1])
    alone = tmp_path / "nobody.safetensors"
    legato_flax.save(adapters(run, 0), alone, {})
    with pytest.raises(InputError, match="does not say which generator it belongs to"):
        adapted(tiny_models().generator, [alone])
    owner = fingerprint_of(tiny_models().generator)
    first = fingerprint_of(adapters(run, 0))
    legato_flax.save(adapters(run, 1), alone, {OWNER: owner, BEFORE: first})
    with pytest.raises(InputError, match="trained on top of another adapter"):
        adapted(tiny_models().generator, [alone])
    assert isinstance(adapted(tiny_models().generator, [files(run)[0], alone]), AdaptedGenerator)


@pytest.mark.must
def test_adapters_in_another_order_or_twice_are_refused(run: Result, tmp_path):
    """Adapters that were trained alone go in any order."""
    source, third = tiny_models().generator, tmp_path / "third.safetensors"
    one, other = files(run)
    first, second = (fingerprint_of(adapters(run, k)) for k in range(2))
    graph, state = nnx.split(adapters(run, 0))
    shifted = nnx.merge(graph, jax.tree.map(lambda x: x + 1e-3, state))
    legato_flax.save(shifted, third, {OWNER: fingerprint_of(source), BEFORE: f"{first},{second}"})
    assert isinstance(adapted(source, [one, other, third]), AdaptedGenerator)
    with pytest.raises(InputError, match=f"in another order; .*{first[:12]}, {second[:12]}"):
        adapted(source, [other, one, third])
    for twice in ([one, one], [one, other, one], [one, other, third, third]):
        with pytest.raises(InputError, match="has this adapter already; give it once"):
            adapted(source, twice)


@pytest.mark.must
def test_a_second_person_is_forgotten_on_top_of_the_first(run: Result, tmp_path):
    source = adapted(tiny_models().generator, files(run)[:1])
    models = dataclasses.replace(tiny_models(), generator=source, adapters=tuple(files(run)[:1]))
    second = unlearn(models, tiny_people(2)[1], settings(1), workdir=tmp_path / "run", progress=False)
    trained = second.generator
    assert isinstance(trained, AdaptedGenerator)
    chex.assert_trees_all_equal(numbers(trained.generator), numbers(source))
    path = tmp_path / "run" / "generator" / "0000.safetensors"
    both = adapted(tiny_models().generator, [files(run)[0], path])
    chex.assert_trees_all_equal(numbers(both), numbers(trained))
    weaker, ws = at_strength(second, 0.5).generator, tiny_people(1)
    np.testing.assert_array_equal(planes(weaker, ws), planes(with_strength(both, 0.5), ws))
    np.testing.assert_array_equal(planes(with_strength(both, 0), ws), planes(source, ws))
    assert RunFolder(tmp_path / "run").request.adapters == models.adapters
    guide = preset("guide/heads")
    guide.update(steps=1)
    with pytest.raises(InputError, match=r"GUIDE trains the backbone.*--method legato"):
        unlearn(models, tiny_people(1), guide, progress=False)


def test_settings_that_do_not_suit_are_refused():
    config = settings()
    config.trajectory.resolution = 128
    with pytest.raises(InputError, match=r"trajectory\.resolution is 128, but adapters act at 4, 8"):
        unlearn(tiny_models(), tiny_people(1), config, progress=False)
    config = settings()
    config.adapters.update(end=90.0, step=0.05)
    with pytest.raises(InputError, match="more than 1000 steps"):
        unlearn(tiny_models(), tiny_people(1), config, progress=False)


class Known(AdaptedGenerator):
    """Its features before and after each Euler step are known."""

    def __init__(self):
        pass

    def planes_and_states(self, ws, *_, **__):
        return ws, [jnp.full((len(ws), 2, 2, 3), level) for level in (0.0, 1.0, 3.0)]


def test_the_trajectory_is_the_mean_square_of_all_increments_or_of_the_last():
    part = AdaptersPart(AdaptersConfig.for_generator(CONFIG, hidden=HIDDEN), "b8")
    _, terms = part.planes(Known(), jnp.zeros((2, 1, 1)), "const", noise=None, compute=Compute())
    np.testing.assert_allclose(terms["trajectory"], [2.5, 2.5])
    np.testing.assert_allclose(terms["last_increment"], [4.0, 4.0])


def test_the_local_pair_alone_has_a_trajectory():
    weights = LegatoSampling(num_adjacent=2, num_global=1, trajectory=3.0, last_increment=0.5).weights()
    np.testing.assert_array_equal(weights["trajectory"], [3, 0, 0, 0])
    np.testing.assert_array_equal(weights["last_increment"], [0.5, 0, 0, 0])


def test_presets_differ_in_what_looks_like_slips():
    paper, official = preset("legato/paper"), preset("legato/official")
    assert (paper.adapters.first, official.adapters.first) == ("active", "inert")
    assert (paper.trajectory.last_increment, official.trajectory.last_increment) == (0.0, 1.0)
    assert official.pairs.reduction == "sum"
    assert official.optimiser.learning_rate == 1e-4


def test_only_adapters_are_kept_for_each_copy():
    workload = Workload.of(outline(), settings())
    recipe = workload.recipe(3, None, "cpu")
    frozen = workload.frozen(jax.eval_shape)
    state = jax.eval_shape(recipe.step().init, frozen)
    channels = [min(CONFIG.channel_base // side, CONFIG.channel_max) for side in (4, 8)]
    expected = sum(2 * HIDDEN * c + HIDDEN + c for c in channels)
    assert sum(x.size for x in jax.tree.leaves(state.trainable)) == expected
    assert sum(x.size for x in jax.tree.leaves(state.optimiser)) == 2 * expected + 1


@pytest.mark.slow
def test_a_copy_that_diverged_leaves_the_others_alone():
    workload = Workload.of(tiny_models(), settings())
    recipe = workload.recipe(2, None, "cpu")
    state, frozen, target, keys = workload.arguments(recipe)
    # With weights of 0, the gradient of a copy would not show what another one's features do to it.
    state = state._replace(trainable=jax.tree.map(lambda x: x + 0.01, state.trainable))
    broken = state._replace(trainable=jax.tree.map(lambda x: x.at[1].set(jnp.nan), state.trainable))
    advance = jax.jit(recipe.advance())
    (one, measured), (other, of_broken) = (advance(each, frozen, target, keys) for each in (state, broken))
    assert np.isfinite(measured["loss"]).all()
    assert np.isnan(of_broken["loss"][1])
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a[0], b[0])
