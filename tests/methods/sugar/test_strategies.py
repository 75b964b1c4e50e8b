"""All ways to choose whom people become, on the tiny models; what is measured around them."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given
from hypothesis import strategies as st

from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.methods import ewc
from jaxunlearn.methods.base import Before
from jaxunlearn.methods.config import check_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.sugar import prepare
from jaxunlearn.methods.sugar import presets as sugar_presets
from jaxunlearn.methods.sugar.fisher import FisherSettings, measure_fisher, probes_around
from jaxunlearn.methods.sugar.fisher_io import save_fisher
from jaxunlearn.methods.sugar.mappers.mapper import (
    Mapper,
    initial_mapper,
    load_mapper,
    save_mapper,
    surrogates_of,
)
from jaxunlearn.methods.sugar.method import SugarMethod
from jaxunlearn.methods.sugar.nearest import choose_nearest
from jaxunlearn.methods.sugar.prepare import trained_mapper
from jaxunlearn.models.generator import split_generator
from jaxunlearn.sharding import make_mesh
from jaxunlearn.training import unlearn
from tests.support.tiny_models import CONFIG, tiny_models, tiny_people, tiny_unlearned
from tests.support.tiny_sugar import tiny_sugar

NO_MEMORY = {"ewc.weight": 0.0}


@pytest.mark.slow
def test_a_transformer_learns_and_can_be_kept(tmp_path):
    models, people = tiny_models(), tiny_people(3)
    kind = {"target.kind": "mapper-transformer", "surrogates.width": 8, "surrogates.depth": 1}
    config = tiny_sugar({**NO_MEMORY, **kind, "surrogates.epochs": 6, "surrogates.learning_rate": 2e-3})
    prepared = SugarMethod().prepare(models, people, config, None, progress=False)
    untrained = initial_mapper("mapper-transformer", CONFIG, width=8, depth=1, seed=0)
    d = config.target.distance * models.median_radius
    before = surrogates_of(untrained, models.w_avg, d)(people)
    assert np.abs(np.asarray(before) - prepared.ws_target).max() > 1e-3
    away = np.linalg.norm(prepared.ws_target - np.asarray(models.w_avg), axis=(1, 2))
    np.testing.assert_allclose(away, d, rtol=1e-4)
    save_mapper(untrained, tmp_path / "mapper.safetensors")
    again = surrogates_of(
        load_mapper(tmp_path / "mapper.safetensors", "mapper-transformer", CONFIG), models.w_avg, d
    )
    np.testing.assert_array_equal(again(people), before)


@pytest.mark.parametrize("kind", ["mapper-unet", "mapper-transformer"])
def test_within_w_all_rows_are_one(kind):
    models, people = tiny_models(), tiny_people(3)
    mapper = initial_mapper(kind, CONFIG, width=8, depth=1, seed=0)
    own, shared = (np.asarray(surrogates_of(mapper, models.w_avg, 2.0, s)(people)) for s in ("w+", "w"))
    spread, none = (np.ptp(ws - np.asarray(models.w_avg), axis=1).max() for ws in (own, shared))
    assert spread > 1e-3 > 1e-6 > none
    for surrogates in (own, shared):
        away = np.linalg.norm(surrogates - np.asarray(models.w_avg), axis=(1, 2))
        np.testing.assert_allclose(away, 2.0, rtol=1e-5)


@pytest.mark.parametrize("space", ["w+", "w"])
def test_a_config_chooses_the_space(space):
    models, people = tiny_models(), tiny_people(2)
    config = tiny_sugar({**NO_MEMORY, "surrogates.space": space, "surrogates.epochs": 0})
    prepared = SugarMethod().prepare(models, people, config, None, progress=False)
    mapper = initial_mapper("mapper-unet", CONFIG, width=2, depth=1, seed=config.seed)
    d = config.target.distance * models.median_radius
    expected = surrogates_of(mapper, models.w_avg, d, space)(people)
    np.testing.assert_allclose(prepared.ws_target, expected, atol=1e-5)
    assert prepared.surrogates is not None
    np.testing.assert_allclose(prepared.surrogates(jnp.asarray(people)), expected, atol=1e-5)


@pytest.mark.must
def test_people_become_different_people():
    """A mapper that learns nothing else makes surrogates less alike."""
    models, people = tiny_models(), tiny_people(2)
    only = {"surrogates.planes": 0.0, "surrogates.perceptual": 0.0, "surrogates.identity": 0.0}
    config = tiny_sugar({**NO_MEMORY, **only, "surrogates.distinct": 1.0, "surrogates.enough": -1.0})
    config.target.distance = 0.7
    config.surrogates.epochs, config.surrogates.batch = 4, 2
    _, losses = trained_mapper(models, people, config, None, progress=False)
    assert losses[-1] < losses[0]


@pytest.mark.must
def test_a_mapper_learns_the_same_on_any_mesh():
    """Two people a batch on four devices: two devices share them, the others repeat that."""
    models, people = tiny_models(), tiny_people(3)
    config = tiny_sugar({**NO_MEMORY, "surrogates.distinct": 1.0})
    (one, losses), (four, divided) = (
        trained_mapper(models, people, config, None, mesh=mesh, progress=False)
        for mesh in (None, make_mesh(1, 4))
    )
    np.testing.assert_allclose(divided, losses, rtol=1e-4)
    chex.assert_trees_all_close(nnx.state(four), nnx.state(one), rtol=1e-7, atol=1e-5)


def test_the_nearest_person():
    models, people = tiny_models(), tiny_people(3)
    config = tiny_sugar(
        {
            **NO_MEMORY,
            "target.kind": "nearest",
            "pairs.adjacent_target": "shifted",
            "surrogates.candidates": 24,
            "surrogates.highest_similarity": 0.99,
        }
    )
    prepared = SugarMethod().prepare(models, people, config, None, progress=False)
    assert prepared.surrogates is None
    assert prepared.ws_target.shape == people.shape
    assert len(np.unique(prepared.ws_target[:, 0, 0])) == 3
    # Everybody is one of the generator's people: all rows of ws are equal.
    np.testing.assert_allclose(prepared.ws_target, prepared.ws_target[:, :1].repeat(CONFIG.num_ws, axis=1))
    # A later request has other candidates, so that nobody becomes an earlier surrogate.
    later = SugarMethod().prepare(models, people, config, None, Before(models.generator), progress=False)
    assert not np.isin(later.ws_target[:, 0, 0], prepared.ws_target[:, 0, 0]).any()


@given(st.integers(1, 6), st.integers(1, 12), st.integers(0, 99), st.floats(-1, 1))
def test_nobody_becomes_somebody_who_resembles_the_forgotten(people, candidates, seed, highest):
    rng = np.random.default_rng(seed)
    distances, similarities = rng.random((people, candidates)), rng.uniform(-1, 1, (people, candidates))
    chosen = choose_nearest(distances, similarities, highest)
    resemblance = similarities.max(axis=0)
    enough = np.flatnonzero(resemblance <= highest)
    if len(enough) >= people:
        assert set(chosen) <= set(enough)
        assert chosen[0] == enough[distances[0, enough].argmin()]
    if candidates >= people:
        assert len(set(chosen)) == people


def test_extrapolated_and_mean_targets():
    models, people = tiny_models(), tiny_people(2)
    prepared = SugarMethod().prepare(
        models, people, tiny_sugar({**NO_MEMORY, "target.kind": "extrapolated"}), None, progress=False
    )
    assert prepared.surrogates is not None
    np.testing.assert_allclose(prepared.surrogates(jnp.asarray(people)), prepared.ws_target, rtol=1e-5)
    mean = tiny_sugar({**NO_MEMORY, "target.kind": "mean", "pairs.adjacent_target": "shifted"})
    prepared = SugarMethod().prepare(models, people, mean, None, progress=False)
    np.testing.assert_array_equal(prepared.ws_target, np.broadcast_to(models.w_avg, people.shape))


def test_probes_lie_on_their_shell():
    models, people = tiny_models(), tiny_people(2)
    w_avg = np.asarray(models.w_avg)
    key = jax.random.key(0)
    around = {"person": people[:, None], "mean": w_avg}
    for centre, middle in around.items():
        settings = FisherSettings(probes=3, radius=2.0, centre=centre)  # type: ignore[arg-type]
        probes = np.asarray(probes_around(models.generator, people, models.w_avg, settings, key)).reshape(
            2, 3, -1
        )
        middle = np.broadcast_to(middle, (2, 1, *people.shape[1:]) if centre == "person" else people.shape)
        away = np.linalg.norm(probes - middle.reshape(2, 1, -1), axis=-1)
        np.testing.assert_allclose(away, 2.0, rtol=1e-3)
    on_shell = FisherSettings(probes=3, radius=2.0)
    alone = probes_around(models.generator, people[:1], models.w_avg, on_shell, key)
    together = probes_around(models.generator, people, models.w_avg, on_shell, key)
    np.testing.assert_allclose(alone, together[:3], rtol=1e-5)


def test_an_earlier_request_without_a_folder_leaves_only_its_generator(tmp_path):
    fisher = split_generator(tiny_models().generator).trainable
    save_fisher(fisher, tmp_path / "fisher.safetensors")
    config = tiny_sugar({"surrogates.epochs": 0, "ewc.file": str(tmp_path / "fisher.safetensors")})
    before = Before(tiny_unlearned())
    prepared = SugarMethod().prepare(tiny_models(), tiny_people(2), config, None, before, progress=False)
    assert prepared.memory is not None
    chex.assert_trees_all_equal(prepared.memory.anchor, split_generator(before.generator).trainable)
    chex.assert_trees_all_equal(prepared.memory.fisher, fisher)


def test_a_given_fisher_is_that_of_the_first_request(tmp_path):
    """The second measures its own and adds it, as without a file; it does not add the given one again."""
    models, method, file = tiny_models(), SugarMethod(), tmp_path / "given.safetensors"
    given = jax.tree.map(lambda x: jnp.full_like(x, 1e3), split_generator(models.generator).trainable)
    save_fisher(given, file)
    config = tiny_sugar({"target.kind": "extrapolated", "ewc.file": str(file)})
    first = method.prepare(models, tiny_people(1), config, tmp_path, None, progress=False)
    before = method.left_by(tmp_path, config, models.generator)
    second = method.prepare(models, tiny_people(2)[1:], config, None, before, progress=False)
    assert first.memory is not None
    assert second.memory is not None
    chex.assert_trees_all_equal(first.memory.fisher, given)
    added = jax.tree.map(jnp.subtract, second.memory.fisher, given)
    assert 0 < ewc.largest(added) < 1e3


def official(people: int) -> ConfigDict:
    """Return the official preset with lengths and sizes of the tiny models, and one epoch."""
    config = sugar_presets.official(people)
    config.update(steps=1, images_every=0)
    config.update_from_flattened_dict(
        {
            "surrogates.width": 2,
            "surrogates.epochs": 1,
            "unit": "median_radius",
            "target.distance": 1.0,
            "ewc.radius": 1.0,
            "ewc.probes": 1,
            "pairs.alpha_max": 1.0,
        }
    )
    return config


def test_an_official_request_is_a_new_run(tmp_path, monkeypatch):
    """It begins with the earlier generator, but with a Fisher and a mapper of its own."""
    begun = []

    def learned(start: Mapper, *_, **__) -> tuple[Mapper, tuple[float, ...]]:
        begun.append(nnx.to_pure_dict(nnx.state(start)))
        graphdef, weights = nnx.split(start)
        return nnx.merge(graphdef, jax.tree.map(lambda x: x + 1, weights)), ()

    monkeypatch.setattr(prepare, "learned", learned)
    models, method, config, forgot = tiny_models(), SugarMethod(), official(1), tiny_unlearned()
    later = []
    for left in (tmp_path, None):
        if left is not None:
            method.prepare(models, tiny_people(1), config, left, None, progress=False)
        before = Before(forgot) if left is None else method.left_by(left, config, forgot)
        later.append(method.prepare(models, tiny_people(2)[1:], config, None, before, progress=False))
    chex.assert_trees_all_equal(*begun)
    after, alone = (prepared.memory for prepared in later)
    assert after is not None
    assert alone is not None
    assert ewc.largest(after.fisher) > 0
    chex.assert_trees_all_equal(after.fisher, alone.fisher)
    chex.assert_trees_all_equal(after.anchor, split_generator(forgot).trainable)
    config.surrogates.continues = True
    assert method.left_by(tmp_path, config, forgot).memory.mapper is not None


@pytest.mark.parametrize("kind", ["nearest", "extrapolated", "mapper-transformer"])
def test_a_mapper_of_an_earlier_request_is_left_where_none_is_wanted(kind, tmp_path):
    save_mapper(
        initial_mapper("mapper-unet", CONFIG, width=2, depth=1, seed=0), tmp_path / prepare.MAPPER_FILE
    )
    config = tiny_sugar({"target.kind": kind})
    before = SugarMethod().left_by(tmp_path, config, tiny_models().generator)
    assert before.memory == prepare.Left(cache=tmp_path)


def test_what_a_request_does_not_use_is_left_to_the_next(tmp_path):
    """The second of three needs neither a mapper nor a Fisher; the third goes on with those of the first."""
    models, method, before, left = tiny_models(), SugarMethod(), None, []
    without = {"ewc.weight": 0.0, "target.kind": "extrapolated"}
    for k, changes in enumerate(({}, without, {"surrogates.epochs": 0})):
        config, cache = tiny_sugar(changes), tmp_path / str(k)
        if k:
            before = method.left_by(tmp_path / str(k - 1), config, models.generator)
        method.check_files(config, before)
        cache.mkdir()
        method.prepare(models, tiny_people(k + 1)[k:], config, cache, before, progress=False)
        left.append(method.left_by(cache, tiny_sugar(), models.generator).memory)
    first, second, third = (prepare.Left(*each) for each in left)
    chex.assert_trees_all_equal(first.fisher, second.fisher)
    sums = [sum(float(leaf.sum()) for leaf in jax.tree.leaves(each.fisher)) for each in (first, third)]
    assert 0 < sums[0] < sums[1]
    both = zip(jax.tree.leaves(first.fisher), jax.tree.leaves(third.fisher), strict=True)
    assert all((now >= earlier).all() for earlier, now in both)
    assert first.mapper is not None
    assert third.mapper is not None
    chex.assert_trees_all_equal(*(nnx.to_pure_dict(nnx.state(each.mapper)) for each in (first, third)))


@pytest.mark.parametrize(
    "settings",
    [
        FisherSettings("gauss-newton", output="image", probes=1, radius=1.0),
        FisherSettings("official", probes=1, radius=1.0, noise_mode="random"),
        FisherSettings("official-still", probes=1, radius=1.0, perturbation=0.01),
    ],
    ids=["gauss-newton", "official", "perturbed"],
)
def test_ways_to_a_fisher_that_is_not_zero(settings):
    split = split_generator(tiny_models().generator)
    fisher = measure_fisher(
        split, split.trainable, tiny_people(2), tiny_models().w_avg, settings, jax.random.key(0)
    )
    leaves = jax.tree.leaves(fisher)
    assert ewc.largest(fisher) > 0
    assert all(np.isfinite(leaf).all() and (np.asarray(leaf) >= 0).all() for leaf in leaves)


def test_equal_generators_differ_by_their_noise_alone():
    """In the official loss each of the two draws its own; with the same noise rounding would be left."""
    split = split_generator(tiny_models().generator)
    settings = FisherSettings("official-still", probes=1, radius=1.0, noise_mode="random")
    fisher = measure_fisher(
        split, split.trainable, tiny_people(2), tiny_models().w_avg, settings, jax.random.key(0)
    )
    assert ewc.largest(fisher) > 1e-8


@pytest.mark.long
def test_the_official_preset_runs_whole(tmp_path):
    result = unlearn.unlearn(tiny_models(), tiny_people(2), official(2), progress=False)
    before, after = (jax.tree.leaves(nnx.state(g)) for g in (tiny_models().generator, result.generator))
    assert any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert np.isfinite(result.summary["loss"])


def test_a_width_that_attention_cannot_divide():
    with pytest.raises(InputError, match="multiple of 4"):
        check_config.check(tiny_sugar({"target.kind": "mapper-transformer", "surrogates.width": 6}))


def test_ctrl_c_before_the_first_step(monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(SugarMethod, "prepare", interrupt)
    with pytest.raises(Interrupted, match="before the first step"):
        unlearn.unlearn(tiny_models(), tiny_people(2), tiny_sugar(), progress=False)
