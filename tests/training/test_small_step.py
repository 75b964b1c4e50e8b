"""The step on a tiny generator: many people at once, repeatable draws, what is trained and what is not."""

import dataclasses
import itertools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from jax.tree_util import Partial

from eg3d_flax import Compute, TriPlaneGenerator
from jaxunlearn.methods import latents
from jaxunlearn.methods.config.from_config import Adam, StepSettings
from jaxunlearn.methods.guide.pairs import GuideSampling
from jaxunlearn.methods.losses import term_weights
from jaxunlearn.models.generator import merge_generator, split_generator
from jaxunlearn.models.perception import Perception
from jaxunlearn.training.compiled_step import StepRecipe
from jaxunlearn.training.step import Frozen, UnlearningStep
from tests.support.alone import alone
from tests.support.convolutions import batches_of_convolutions
from tests.support.standin import StandIn
from tests.support.tiny_models import CONFIG, drawn_generator

TINY = dataclasses.replace(CONFIG, img_resolution=16, neural_rendering_resolution=16)
SAMPLING = GuideSampling(num_adjacent=2, num_global=1)


def embed(images: jax.Array) -> jax.Array:
    flat = images[:, ::4, ::4].reshape(len(images), -1)
    return flat / jnp.linalg.norm(flat, axis=-1, keepdims=True)


@pytest.fixture(scope="module")
def generator() -> TriPlaneGenerator:
    return drawn_generator(TINY)


def build(generator: TriPlaneGenerator, settings: StepSettings) -> tuple[UnlearningStep, Frozen]:
    split = split_generator(generator)
    step = UnlearningStep(split.graphdef, optax.adam(1e-2), settings)
    perception = Perception(Partial(StandIn(0)), Partial(embed))
    return step, Frozen(split.trainable, split.fixed, perception)


def people(generator: TriPlaneGenerator, count: int) -> tuple[jax.Array, jax.Array]:
    z = jax.random.normal(jax.random.key(5), (count, TINY.z_dim))
    ws = generator.mapping(z, jnp.zeros((count, 25)))
    return ws, latents.extrapolated_target(ws, generator.backbone.mapping.w_avg[...], 3.0)


STEPS = 8


@pytest.fixture(scope="module")
def run(generator):
    """Two people for some steps together, and each alone."""
    step, frozen = build(generator, StepSettings(SAMPLING))
    ws, ws_target = people(generator, 2)
    keys = jax.random.split(jax.random.key(1), 2)

    def start(ws, ws_target):
        return step.init(frozen), step.target(frozen, ws, ws_target)

    def follow(advance, state, target, key):
        measured = []
        for _ in range(STEPS):
            state, now = advance(state, frozen, target, key)
            measured.append(now["loss"])
        return state, np.asarray(measured)

    together = follow(jax.jit(step), *jax.vmap(start)(ws, ws_target), keys)
    single = jax.jit(alone(step))
    each = [follow(single, *start(ws[i], ws_target[i]), keys[i]) for i in range(2)]
    return step, frozen, jax.vmap(start)(ws, ws_target)[1], together, each


@pytest.mark.must
def test_people_together_are_the_same_as_alone(run):
    *_, (states, losses), each = run
    for i, (state, own_losses) in enumerate(each):
        np.testing.assert_allclose(losses[:, i], own_losses, rtol=1e-3)
        together = jax.tree.map(lambda x, i=i: x[i], states.trainable)
        chex.assert_trees_all_close(together, state.trainable, rtol=1e-7, atol=5e-3)
        assert state.step == STEPS


@pytest.mark.must
def test_the_backbone_moves_and_the_loss_falls(run):
    step, frozen, targets, (states, _), _ = run
    draws = step.draw(jax.random.key(77), frozen)
    loss = jax.jit(alone(step.losses))
    for i in range(2):
        target, trainable = jax.tree.map(lambda x, i=i: x[i], (targets, states.trainable))
        assert loss(trainable, frozen, target, draws)[0] < loss(frozen.trainable, frozen, target, draws)[0]
        leaves = zip(jax.tree.leaves(trainable), jax.tree.leaves(frozen.trainable), strict=True)
        assert all(not np.array_equal(a, b) for a, b in leaves)


def test_only_the_synthesis_backbone_is_trained(generator):
    split = split_generator(generator)
    paths = {path[:2] for path, _ in nnx.to_flat_state(split.trainable)}
    assert paths == {("backbone", "synthesis")}
    assert all(isinstance(v, nnx.Param) for _, v in nnx.to_flat_state(split.trainable))
    merged = merge_generator(split)
    assert merged.config == generator.config


def test_equal_generators_have_no_global_loss_unless_draws_are_independent(generator):
    """With shared draws the source is its own perfect copy; the official way starts from noise."""
    ws, _ = people(generator, 1)
    for draws, is_zero in (("shared", True), ("independent", False)):
        step, frozen = build(generator, StepSettings(SAMPLING, draws=draws))  # type: ignore[arg-type]
        target = jax.jit(step.target)(frozen, ws[0], ws[0])
        drawn = jax.jit(step.draw)(jax.random.key(0), frozen)
        _, terms = jax.jit(alone(step.losses))(frozen.trainable, frozen, target, drawn)
        assert (float(terms["perceptual"][3]) < 1e-9) == is_zero


def test_independent_draws_share_nothing_and_each_step_has_its_own(generator):
    """Noise of both sides, of their images and of the planes term; places along rays; people and views."""
    settings = StepSettings(SAMPLING, noise_mode="random", draws="independent")
    step, frozen = build(generator, settings)
    draw = jax.jit(step.draw)
    steps = [draw(jax.random.key(0), frozen, number) for number in range(2)]
    sides = [side for drawn in steps for side in (drawn.trained, drawn.source)]
    noises = [noise for side in sides for noise in (side.noise, side.planes_noise)]
    for each in (noises, [side.jitter for side in sides], [drawn.pairs for drawn in steps]):
        for numbers in zip(*map(jax.tree.leaves, each), strict=True):
            pairs = itertools.combinations(numbers, 2)
            assert not any(a.size and np.allclose(a, b) for a, b in pairs)  # there are no fine samples


def test_weights_follow_the_reduction():
    mean, total = (
        dataclasses.replace(SAMPLING, reduction=reduction, lambda_global=3.0).weights()
        for reduction in ("mean", "sum")
    )
    np.testing.assert_allclose(mean["perceptual"], [1, 0.5, 0.5, 3])
    np.testing.assert_allclose(total["perceptual"], [1, 1, 1, 3])
    np.testing.assert_allclose(total["planes"], [0.01, 0.01, 0.01, 0])
    assert dataclasses.replace(SAMPLING, terms=term_weights(identity=0.0)).weights()["identity"][0] == 0


@pytest.mark.must
@pytest.mark.parametrize(
    "compute", [Compute(batch_multiple=8), Compute(fused=True)], ids=["filled up", "fused"]
)
def test_forms_for_tpus_change_neither_loss_nor_gradient(generator, compute):
    ws, ws_target = people(generator, 1)
    results = []
    for form in (Compute(), compute):
        step, frozen = build(generator, StepSettings(SAMPLING, compute=form))
        target = step.target(frozen, ws[0], ws_target[0])
        draws = step.draw(jax.random.key(0), frozen)
        losses = jax.value_and_grad(alone(step.losses), has_aux=True)
        results.append(jax.jit(losses)(frozen.trainable, frozen, target, draws))
    chex.assert_trees_all_close(results[1], results[0], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("copies", "at_once", "images"), [(1, 0, {8}), (2, 0, {8, 16}), (4, 0, {8, 24}), (3, 1, {8})]
)
def test_copies_share_the_batches_of_the_source(generator, copies, at_once, images):
    """Six latents are eight in each trained backbone; the five in the source are 24 for four copies."""
    settings = StepSettings(GuideSampling(num_adjacent=3, num_global=2), compute=Compute(batch_multiple=8))
    _, frozen = build(generator, settings)
    graphdef, adam = split_generator(generator).graphdef, Adam(1e-2, 0.9, 0.999, 1e-8, None)
    step = StepRecipe(graphdef, adam, settings, copies).step()
    together = at_once or copies

    def images_of(trainable, ws, keys):
        targets = jax.vmap(lambda ws: step.target(frozen, ws, ws))(ws)
        draws = jax.vmap(lambda key: step.draw(key, frozen))(keys)
        ours, wanted = step.render(trainable, frozen, targets, draws)
        return ours.image, wanted.image

    trainable = jax.tree.map(lambda x: jnp.stack([x] * together), frozen.trainable)
    keys = jax.random.split(jax.random.key(0), together)
    found = batches_of_convolutions(images_of, trainable, people(generator, together)[0], keys)
    assert found - {together} == images  # without the targets' planes, one latent a copy
