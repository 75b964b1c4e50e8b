"""The official mapper training on its toy generator, its targets, and when it stops."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxunlearn.methods import latents
from jaxunlearn.methods.sugar.mappers import unet
from jaxunlearn.methods.sugar.mappers.mapper_loss import surrogate_objective
from jaxunlearn.methods.sugar.mappers.mapper_training import EarlyStopping, MapperTraining, train_mapper
from tests.support.official_settings import MAPPER_TRAINING, MAPPER_WEIGHTS
from tests.support.sugar_golden import sugar_golden, unet_state_dict


@pytest.mark.parity
@pytest.mark.parametrize("d", [20.0, -5.0])
@pytest.mark.parametrize("kind", ["trigger", "baseline"])
def test_where_surrogates_lie(d, kind):
    case = sugar_golden("w_target")
    count = case.entry["N"]
    w_avg = np.float32(0.3) * case.normal("input:target:w_avg", (1, 14, 512))
    ws = jnp.asarray(w_avg + np.float32(0.5) * case.normal("input:target:w_id", (count, 1, 14, 512))[:, 0])
    if kind == "trigger":
        direction = jax.jit(unet.from_torch(unet_state_dict()))(ws - w_avg)
        target = latents.opposite(direction, jnp.asarray(w_avg), d)
    else:
        target = latents.extrapolated_target(ws, jnp.asarray(w_avg), d)
    prefix = f"d{d:.0f}.{kind}"
    case.check(f"{prefix}.val", np.asarray(target).ravel()[case[f"{prefix}.idx"]], 1e-5)
    case.check(f"{prefix}.layer0_first32", target[:, 0, :32], 1e-5)
    case.check(f"{prefix}.norm_from_avg", np.linalg.norm(target - w_avg, axis=(1, 2)), 1e-5)


@pytest.mark.parity
@pytest.mark.parametrize(("name", "identity"), [("loss", 0.1), ("loss_afhq", 0.0)])
def test_the_official_objective(name, identity):
    case = sugar_golden("trigger_objective")
    planes = np.mean(np.square(case["feat_u"] - case["feat_target"]), axis=(2, 3, 4))
    terms = dataclasses.replace(MAPPER_WEIGHTS, identity=identity)
    losses = [
        surrogate_objective(jnp.asarray(p), jnp.asarray(lpips), jnp.asarray(distance), terms, "official")
        for p, lpips, distance in zip(planes, case["lpips"], case["id"], strict=True)
    ]
    case.check(name, losses, 1e-5)


def test_only_the_papers_objective_follows_identity():
    def slope(form):
        return jax.grad(
            lambda identity: surrogate_objective(jnp.ones(2), jnp.ones(2), identity, MAPPER_WEIGHTS, form)
        )(jnp.ones(2))

    np.testing.assert_allclose(slope("paper"), -0.05)
    np.testing.assert_array_equal(slope("official"), 0)


def test_identity_is_pushed_until_it_is_enough():
    """At a similarity of 0.5 it still is, at -0.5 no longer."""

    def loss(identity):
        return surrogate_objective(jnp.ones(2), jnp.ones(2), identity, MAPPER_WEIGHTS, "paper", enough=0.2)

    np.testing.assert_allclose(jax.grad(loss)(jnp.array([0.5, 1.5])), [-0.05, 0.0])


def test_a_power_pushes_those_hardest_who_resemble_their_surrogate_most():
    def loss(cosines, power):
        return surrogate_objective(
            jnp.ones(3), jnp.ones(3), 1 - cosines, MAPPER_WEIGHTS, "paper", enough=0.2, power=power
        )

    cosines = jnp.array([0.1, 0.3, 0.7])
    even, uneven = (jax.grad(loss)(cosines, power) for power in (1.0, 2.0))
    assert even[0] == uneven[0] == 0
    assert even[1] == even[2] > 0
    np.testing.assert_allclose(uneven[2] / uneven[1], 5, rtol=1e-5)  # 0.5 above instead of 0.1


def test_surrogates_are_kept_apart_until_they_are_enough():
    """Of three pairs one is too alike; somebody alone has no pair."""

    def loss(alike):
        ones = jnp.ones(2)
        return surrogate_objective(ones, ones, ones, MAPPER_WEIGHTS, "paper", 0.2, alike, distinct=3.0)

    np.testing.assert_allclose(jax.grad(loss)(jnp.array([0.5, -0.5, 0.1])), [1.0, 0.0, 0.0])
    alone = surrogate_objective(jnp.ones(1), jnp.ones(1), jnp.ones(1), MAPPER_WEIGHTS, "paper", 0.2)
    np.testing.assert_array_equal(loss(jnp.zeros(0)), alone)


@pytest.mark.parity
@pytest.mark.parametrize("accumulate", [1, 2])
def test_three_official_epochs(accumulate):
    case = sugar_golden("trigger_objective")
    toy = {name: jnp.asarray(array) for name, array in case.under("toy.").items()}
    source = {n.removeprefix("src.backbone.synthesis."): a for n, a in toy.items() if n.startswith("src.")}

    def synthesis(ws):
        hidden = jnp.tanh(ws @ source["fc0.weight"].T + source["fc0.bias"])
        return hidden @ source["fc1.weight"].T + source["fc1.bias"]

    def loss(mapper, w_avg, ws, key):
        direction = jnp.tanh((ws - w_avg) @ mapper["A"]) + mapper["b"]
        planes = [synthesis(w) for w in (ws, latents.opposite(direction, w_avg, 2.0))]
        flat = [jnp.tanh(0.5 * p).reshape(len(p), -1) for p in planes]
        unit = [x / jnp.linalg.norm(x, axis=1, keepdims=True) for x in flat]
        return surrogate_objective(
            jnp.mean(jnp.square(planes[0] - planes[1]), axis=(1, 2)),
            jnp.mean(jnp.square(flat[0] - flat[1]), axis=1),
            1 - jnp.sum(unit[0] * unit[1], axis=1),
            MAPPER_WEIGHTS,
            "official",
        )

    settings = dataclasses.replace(MAPPER_TRAINING, epochs=3, accumulate=accumulate)
    start = {"A": toy["A"], "b": toy["b"]}
    order = np.arange(5)
    trained = train_mapper(
        loss, start, toy["w_avg"], np.asarray(toy["w"]), settings, key=jax.random.key(0), orders=[order] * 3
    )
    prefix = f"toy.acc{accumulate}"
    case.check(f"{prefix}.epoch_loss", trained.losses, 1e-5)
    case.check(f"{prefix}.A_after", trained.parameters["A"], 1e-5)
    case.check(f"{prefix}.b_after", trained.parameters["b"], 1e-5)


@pytest.mark.parity
def test_when_official_training_stops():
    case = sugar_golden("early_stop")
    for losses, expected in zip(case["losses"], case["stop_index"], strict=True):
        stop = EarlyStopping(MAPPER_TRAINING.patience, MAPPER_TRAINING.min_delta)
        assert next((i for i, loss in enumerate(losses) if stop(loss)), -1) == expected


@pytest.mark.parametrize(
    ("losses", "taken"),
    [
        ([1.0] * 9, 9),  # a plateau
        ([1.0, 1.05, 1.09, 1.1, 1.0, 1.05], 6),  # worse, but by no more than `min_delta`
        ([1.0, 1.2, 1.05, 1.2, 1.0], 4),  # those that do not count lie between
        ([1.0, 1.2, 0.99, 1.2, 1.2, 1.2], 5),  # a better one starts anew
    ],
)
def test_only_epochs_worse_than_the_best_count(losses, taken):
    stop = EarlyStopping(patience=2, min_delta=0.125)
    assert next((i for i, loss in enumerate(losses, 1) if stop(loss)), len(losses)) == taken


def test_batches_are_filled_or_short():
    order = np.array([3, 1, 4, 0, 2])
    filled = [list(b) for b in MapperTraining(batch=2).batches(order)]
    assert filled == [[3, 1], [4, 0], [2, 3]]
    short = [list(b) for b in MapperTraining(batch=2, last_batch="short").batches(order)]
    assert short == [[3, 1], [4, 0], [2]]
    assert [len(b) for b in MapperTraining(batch=9).batches(order)] == [5]
