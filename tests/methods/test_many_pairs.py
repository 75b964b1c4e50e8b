"""Whole steps of many people in one generator against the official code, on the goldens' toy generator."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxunlearn.methods import ewc, latents
from jaxunlearn.methods.config.from_config import StepSettings
from jaxunlearn.methods.many_pairs import ManyDraws, ManySampling
from jaxunlearn.methods.pairs import Schedule, Source
from jaxunlearn.models.generator import split_generator
from jaxunlearn.training.step import Draws, Frozen, SideDraws, Target, UnlearningStep
from tests.support.alone import alone
from tests.support.official_settings import GUIDE_OF_MANY, SUGAR
from tests.support.sugar_golden import SugarCase, sugar_golden
from tests.support.sugar_toy import PERCEPTION, ToyGenerator, by_name, like, toy_surrogates

MODES = {"sugar": SUGAR, "guide": GUIDE_OF_MANY}


def toy(case: SugarCase, prefix: str) -> ToyGenerator:
    return ToyGenerator(case.under(f"{prefix}backbone.synthesis."))


def frozen_of(case: SugarCase, mode: str, memory: ewc.Memory | None = None):
    split = split_generator(toy(case, "src."))  # type: ignore[arg-type]
    surrogates = toy_surrogates(case.arrays, 2.0) if mode == "sugar" else None
    return split, Frozen(split.trainable, split.fixed, PERCEPTION, surrogates, memory)


def step_of(mode: str, graphdef, optimiser=None) -> UnlearningStep:
    return UnlearningStep(graphdef, optimiser or optax.identity(), StepSettings(MODES[mode]))


def draws(mode: str, members, w_ra, alpha, w_rg) -> Draws:
    """The goldens give mapped latents; the toy's mapping leaves them as they are."""
    sampling = MODES[mode]
    pairs = ManyDraws(
        jnp.asarray(members),
        jnp.asarray(w_ra).reshape(2, 2, 24),
        jnp.broadcast_to(jnp.asarray(alpha, jnp.float32)[:, None], (2, 2)),
        jnp.asarray(w_rg).reshape(2, 24)[: sampling.num_global],
        jnp.zeros(sampling.count),
    )
    none = SideDraws(None, None, None)  # type: ignore[arg-type]
    return Draws(pairs, none, none)


def targets(case: SugarCase, mode: str) -> Target:
    ws, w_avg = jnp.asarray(case["w_u"]), jnp.asarray(case["w_avg"])
    if mode == "sugar":
        return Target(ws, toy_surrogates(case.arrays, 2.0)(ws), None)
    return Target(ws, latents.extrapolated_target(ws, w_avg, 2.0), None)


@pytest.mark.parity
@pytest.mark.parametrize("mode", ["sugar", "guide"])
def test_one_batch(mode):
    """Neighbours, targets, losses and gradients of one batch of two people."""
    case = sugar_golden("batch_losses")
    split, frozen = frozen_of(case, mode)
    target = targets(case, mode)
    case.check(f"{mode}.w_target", target.ws_target, 1e-5)
    step = step_of(mode, split.graphdef)
    drawn = draws(mode, [0, 1], case["w_ra"], case[f"{mode}.alpha"], case["w_rg"])
    pairs = jax.jit(step.pairs)(frozen, target, drawn.pairs)
    case.check(f"{mode}.w_u_adj", pairs.ws_from[2:6].reshape(2, 2, 3, 8), 1e-5)
    case.check(f"{mode}.w_target_adj", pairs.ws_to[2:6].reshape(2, 2, 3, 8), 1e-5)

    generator = split_generator(toy(case, "gen.")).trainable  # type: ignore[arg-type]
    losses = jax.jit(jax.value_and_grad(alone(step.losses), has_aux=True))
    (loss, terms), gradient = losses(generator, frozen, target, drawn)
    case.check(f"{mode}.loss", loss, 1e-5)
    weights = MODES[mode].weights()
    weighted = np.sum([np.asarray(terms[name]) * weights[name] for name in weights], axis=0)
    case.check(f"{mode}.loss_local", weighted[:2].sum(), 1e-5)
    case.check(f"{mode}.loss_adj", weighted[2:6].sum(), 1e-5)
    if mode == "guide":
        case.check("guide.loss_global", weighted[6:].sum(), 1e-5)
    for name, value in by_name(gradient).items():
        case.check(f"{mode}.grad.{name}", value, 1e-5)


@pytest.mark.parity
@pytest.mark.parametrize("over", ["batch", "sample"])
def test_norms_of_the_neighbours(over):
    case = sugar_golden("batch_losses")
    unit = [
        latents.adjacent_offsets(jnp.asarray(case["w_u"]), jnp.asarray(w), jnp.ones(2), norm_over=over)
        for w in case["w_ra"]
    ]
    name = {"batch": "deltas_unit_batch_norm", "sample": "deltas_unit_per_sample"}[over]
    case.check(name, np.stack(unit), 1e-5)


@pytest.mark.parity
@pytest.mark.parametrize("mode", ["sugar", "guide"])
def test_two_official_epochs(mode):
    """Four steps of the official loop: losses, the penalty, parameters after Adam."""
    case = sugar_golden("train_generator")
    split, frozen = frozen_of(case, mode)
    start = like(split.trainable, case.under("params_before."))
    fisher = like(split.trainable, case.under("fisher.")) if mode == "sugar" else None
    if fisher is not None:
        frozen = frozen._replace(memory=ewc.Memory(fisher, start, jnp.asarray(case.entry["lmbda"])))
    optimiser = optax.adam(case.entry["adam_lr"])
    step, target = step_of(mode, split.graphdef, optimiser), targets(case, mode)
    state = step.init(frozen)._replace(trainable=start, optimiser=optimiser.init(start))
    update = jax.jit(alone(step.update))
    losses, penalties = np.zeros((2, 2)), np.zeros((2, 2))
    for epoch in range(2):
        for batch in range(2):
            drawn = draws(
                mode,
                [2 * batch, 2 * batch + 1],
                case[f"{mode}.w_ra"][epoch, batch],
                case[f"{mode}.alpha"][epoch, batch],
                case[f"{mode}.w_rg"][epoch],
            )
            state, measured = update(state, frozen, target, drawn)
            losses[epoch, batch] = measured["loss"]
            penalties[epoch, batch] = measured.get("ewc", 0.0)
    case.check(f"{mode}.batch_loss", losses, 1e-5)
    if mode == "sugar":
        case.check("sugar.ewc_logged", penalties.sum(axis=1) / len(case["w_u"]), 1e-4)
    for name, value in by_name(state.trainable).items():
        np.testing.assert_allclose(value, case[f"{mode}.params_after.{name}"], atol=2e-5)


def test_everybody_has_a_turn_in_every_epoch():
    sampling = ManySampling(people=7, batch=3)
    assert sampling.steps_per_epoch == 3
    key = jax.random.key(0)

    def members(step: int) -> np.ndarray:
        drawn = sampling.draw(jax.random.fold_in(key, step), 4, Schedule(key, jnp.asarray(step)))
        return np.asarray(drawn.members)

    epochs = [np.concatenate([members(3 * e + i) for i in range(3)]) for e in range(3)]
    for epoch in epochs:
        assert set(epoch) == set(range(7))
        np.testing.assert_array_equal(epoch[7:], epoch[:2])  # filled up with the first
    assert not np.array_equal(epochs[0], epochs[1])
    drawn = dataclasses.replace(sampling, order="draws").draw(key, 4, Schedule(key, jnp.asarray(0)))
    assert len(set(np.asarray(drawn.members))) == 3


def test_what_a_neighbour_draws_depends_on_the_person_alone():
    """So that a batch may be divided among devices, or put together anew."""
    key = jax.random.key(3)
    schedule = Schedule(key, jnp.asarray(0))
    few, all_of_them = (ManySampling(people=5, batch=b, order="draws").draw(key, 4, schedule) for b in (2, 5))
    where = [list(np.asarray(all_of_them.members)).index(m) for m in np.asarray(few.members)]
    np.testing.assert_array_equal(few.z_adjacent, all_of_them.z_adjacent[:, jnp.asarray(where)])
    np.testing.assert_array_equal(few.alpha, all_of_them.alpha[:, jnp.asarray(where)])


def test_views():
    key = jax.random.key(3)
    sampling = ManySampling(people=4, batch=2)

    def yaws(view: str, step: int) -> np.ndarray:
        made = dataclasses.replace(sampling, view=view)
        return np.asarray(made.draw(jax.random.fold_in(key, step), 4, Schedule(key, jnp.asarray(step))).yaw)

    assert len(set(yaws("pair", 0))) == sampling.count
    assert len(set(yaws("step", 0))) == len(set(yaws("epoch", 0))) == 1
    np.testing.assert_array_equal(yaws("epoch", 0), yaws("epoch", 1))
    assert yaws("step", 0)[0] != yaws("step", 1)[0]
    assert yaws("epoch", 1)[0] != yaws("epoch", 2)[0]


def test_global_people_of_the_official_code_are_drawn_once_an_epoch():
    key = jax.random.key(3)

    def drawn(draw: str, step: int) -> np.ndarray:
        sampling = ManySampling(people=4, batch=2, num_global=2, global_draw=draw)  # type: ignore[arg-type]
        schedule = Schedule(key, jnp.asarray(step))
        return np.asarray(sampling.draw(jax.random.fold_in(key, step), 4, schedule).z_global)

    np.testing.assert_array_equal(drawn("epoch", 0), drawn("epoch", 1))
    assert not np.array_equal(drawn("epoch", 1), drawn("epoch", 2))
    assert not np.array_equal(drawn("step", 0), drawn("step", 1))


@pytest.mark.parametrize("target", ["surrogate", "shifted"])
@pytest.mark.parametrize("others", [0, 2])
def test_without_neighbours(others, target):
    sampling = ManySampling(people=3, batch=2, num_adjacent=0, num_global=others, adjacent_target=target)
    key = jax.random.key(1)
    ws = jnp.asarray(np.random.default_rng(0).normal(size=(3, 3, 8)), jnp.float32)
    source = Source(lambda z, c: jnp.repeat(z[:, None], 3, axis=1), None)
    drawn = sampling.draw(key, 8, Schedule(key, jnp.asarray(0)))
    pairs = sampling.pairs(drawn, Target(ws, -ws, None), source)
    assert len(pairs.ws_from) == len(pairs.ws_to) == len(pairs.c) == sampling.count == 2 + others
    np.testing.assert_array_equal(pairs.ws_from[:2], ws[drawn.members])
    np.testing.assert_array_equal(pairs.ws_to[:2], -ws[drawn.members])
    np.testing.assert_array_equal(pairs.ws_from[2:], pairs.ws_to[2:])


@pytest.mark.parametrize("of_global", ["frontal", "view"])
@pytest.mark.parametrize("of_adjacents", ["frontal", "view"])
def test_whom_each_camera_is_for(of_adjacents, of_global):
    """Neighbours and global people are each mapped for the front, or for the view they are rendered from."""
    sampling = ManySampling(
        people=2,
        batch=2,
        num_global=3,
        adjacent_target="shifted",
        conditioning=of_adjacents,
        global_conditioning=of_global,
    )
    key = jax.random.key(1)
    drawn = sampling.draw(key, 8, Schedule(key, jnp.asarray(0)))
    asked = {}

    def mapping(z, c):
        asked[len(z)] = c
        return jnp.repeat(z[:, None], 3, axis=1)

    ws = jnp.asarray(np.random.default_rng(0).normal(size=(2, 3, 8)), jnp.float32)
    pairs = sampling.pairs(drawn, Target(ws, -ws, None), Source(mapping, None))
    for count, conditioning, where in ((4, of_adjacents, slice(2, 6)), (3, of_global, slice(6, 9))):
        if conditioning == "frontal":
            assert asked[count] is None
        else:
            np.testing.assert_array_equal(asked[count], pairs.c[where])


def test_weights_are_means_over_people():
    total = dataclasses.replace(GUIDE_OF_MANY, lambda_adjacent=2.0, lambda_global=3.0)
    np.testing.assert_allclose(total.weights()["perceptual"], [0.5, 0.5, 1, 1, 1, 1, 3, 3])
    mean = dataclasses.replace(total, reduction="mean")
    np.testing.assert_allclose(mean.weights()["perceptual"], [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1.5, 1.5])
    np.testing.assert_allclose(mean.weights()["identity"][6:], 0)
