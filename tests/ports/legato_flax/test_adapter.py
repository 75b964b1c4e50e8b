"""One adapter against the official ODE block: states, end times, gradients."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import torch_bridge
from legato_flax import Adapters, AdaptersConfig, euler_steps
from legato_flax.torch_names import from_torch, to_torch
from tests.support.golden import golden
from tests.support.layouts import nchw, nhwc
from tests.support.legato_golden import legato_weights, sliced, without_effect

CASE = golden("legato", "adapter")
SIZES = {"c6h10": (6, 10), "c512h256": (512, 256)}
BLOCK = "b4"


def entries(key: str, state_dict: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The entries of one adapter under the names that a generator gives them."""
    within = f"backbone.synthesis.{BLOCK}.ode_block"
    return {name.replace(key, within, 1): array for name, array in state_dict.items() if name.startswith(key)}


def build(key: str, state_dict: dict[str, np.ndarray], end: float = 1.6) -> Adapters:
    channels, hidden = SIZES[key]
    return from_torch(entries(key, state_dict), AdaptersConfig((channels,), hidden, end))


def taken(key: str, array: np.ndarray) -> np.ndarray:
    """What the goldens keep of features `[..., C, H, W]`: every eighth channel of the widest adapter."""
    return array[..., ::8, :, :] if key == "c512h256" else array


def check_gradients(prefix: str, gradient: tuple[Adapters, jax.Array]) -> None:
    of_adapters, of_x = gradient
    key = prefix.partition(".")[0]
    CASE.check(f"{prefix}.x", taken(key, nchw(of_x)))
    for name, array in to_torch(of_adapters).items():
        output = f"{prefix}.{name.partition('unlearn.unlearn.')[2]}"
        CASE.check(output, sliced(CASE, output, array))


def gradients(adapters: Adapters, x: jax.Array, loss) -> tuple[Adapters, jax.Array]:
    """The gradient of `loss(states)`."""
    graph, state = nnx.split(adapters)
    of_state, of_x = jax.jit(
        jax.grad(lambda state, x: loss(nnx.merge(graph, state).states(BLOCK, x)), argnums=(0, 1))
    )(state, x)
    return nnx.merge(graph, of_state), of_x


def increments(states: list[jax.Array]) -> jax.Array:
    return jnp.stack([jnp.mean(jnp.square(b - a)) for a, b in itertools.pairwise(states)])


@pytest.mark.parity
@pytest.mark.parametrize("key", SIZES)
def test_states_and_end_times(key: str):
    weights, x = legato_weights(CASE), nhwc(CASE.input(f"{key}.x"))
    adapters = build(key, weights)
    CASE.check(f"{key}.velocity0", taken(key, nchw(adapters.adapter(BLOCK).velocity(x))))
    states = adapters.states(BLOCK, x)
    CASE.check(f"{key}.states", taken(key, np.stack([nchw(state) for state in states])))
    CASE.check(f"{key}.y", taken(key, nchw(states[-1])))
    CASE.check(f"{key}.increments", increments(states))
    CASE.check(f"{key}.smooth", jnp.mean(increments(states)))
    for end in ("0.4", "0.8", "1.0", "2.0"):
        y = build(key, weights, float(end)).states(BLOCK, x)[-1]
        CASE.check(f"{key}.y.t{end}", taken(key, nchw(y)))


@pytest.mark.parity
@pytest.mark.parametrize("key", SIZES)
def test_gradients(key: str):
    weights = legato_weights(CASE)
    x, r = nhwc(CASE.input(f"{key}.x")), nhwc(CASE.input(f"{key}.r"))
    adapters, plain = build(key, weights), build(key, without_effect(weights))

    def outcome(states: list[jax.Array]) -> jax.Array:
        return jnp.mean(states[-1] * r)

    def smooth(states: list[jax.Array]) -> jax.Array:
        return jnp.mean(increments(states))

    check_gradients(f"{key}.grad_y", gradients(adapters, x, outcome))
    check_gradients(f"{key}.grad_smooth", gradients(adapters, x, smooth))
    check_gradients(f"{key}.grad_total", gradients(adapters, x, lambda s: smooth(s) + increments(s)[-1]))
    check_gradients(f"{key}.zero.grad", gradients(plain, x, lambda s: outcome(s) + smooth(s)))
    np.testing.assert_array_equal(plain.states(BLOCK, x)[-1], x)


def test_steps_end_where_they_should():
    assert euler_steps(1.6, 0.4) == pytest.approx((0.4,) * 4)
    assert euler_steps(1.0, 0.4) == pytest.approx((0.4, 0.4, 0.2))
    assert euler_steps(0.0, 0.4) == ()
    assert len(euler_steps(0.75 * 1.6, 0.4)) == 3  # the product is 1.2000000000000002
    for end in (0.1, 0.4, 1.3, 2.4):
        assert sum(euler_steps(end, 0.4)) == pytest.approx(end)


def test_initial_weights_are_he_uniform_and_change_nothing():
    adapters = Adapters(AdaptersConfig((256,), 256), rngs=nnx.Rngs(0))
    first = np.asarray(adapters.adapter(BLOCK).to_hidden.weight[...])
    bound = np.sqrt(6 / 256)
    assert 0.99 * bound < np.abs(first).max() <= bound
    assert np.std(first) == pytest.approx(bound / np.sqrt(3), rel=0.02)
    x = jax.random.normal(jax.random.key(0), (1, 3, 3, 256))
    np.testing.assert_array_equal(adapters.states(BLOCK, x)[-1], x)


def test_weights_that_start_at_0_are_not_drawn(monkeypatch):
    """Drawing compiles a program for each shape."""
    draw, shapes = jax.random.uniform, []
    monkeypatch.setattr(
        jax.random, "uniform", lambda key, shape, *rest: shapes.append(shape) or draw(key, shape, *rest)
    )
    Adapters(AdaptersConfig((6, 8), 10), rngs=nnx.Rngs(0))
    assert shapes == [(1, 1, 6, 10), (1, 1, 8, 10)]


def test_strength_scales_the_end_time():
    adapters = build("c6h10", legato_weights(CASE))
    x = nhwc(CASE.input("c6h10.x"))
    np.testing.assert_array_equal(adapters.with_strength(0).adaptation()[BLOCK](x), x)
    CASE.check("c6h10.y.t0.8", nchw(adapters.with_strength(0.5).adaptation()[BLOCK](x)))
    CASE.check("c6h10.y.t2.0", nchw(adapters.with_strength(1.25).adaptation()[BLOCK](x)))
    assert adapters.config.end == 1.6


def test_a_damaged_config_is_refused():
    damaged: tuple[tuple[dict[str, Any], str], ...] = (
        ({"channels": ()}, "channels must be of 1 to 11 blocks"),
        ({"channels": (0, 0)}, "not all of them 0"),
        ({"channels": (4,), "step": 0.0}, "step"),
        ({"channels": (4,), "end": 1e9}, "must be from 0 to 1000 times step"),
        ({"channels": (4,), "hidden": 10**9}, "hidden must be a whole number"),
    )
    for fields, message in damaged:
        with pytest.raises(ValueError, match=message):
            AdaptersConfig(**fields)


def test_missing_entries_are_named():
    weights = entries("c6h10", legato_weights(CASE))
    del weights[f"backbone.synthesis.{BLOCK}.ode_block.odefunc.unlearn.unlearn.2.bias"]
    with pytest.raises(torch_bridge.StateDictError, match=r"unlearn\.2\.bias: missing"):
        from_torch(weights, AdaptersConfig((6,), 10))


def test_the_gradient_keeps_no_hidden_layer() -> None:
    hidden, x = 24, jnp.ones((2, 5, 5, 8))
    graph, state = nnx.split(Adapters(AdaptersConfig((8,), hidden), rngs=nnx.Rngs(0)))
    _, backward = jax.vjp(lambda state, x: nnx.merge(graph, state).states(BLOCK, x), state, x)
    kept = [array.shape for array in jax.tree.leaves(backward)]
    assert x.shape in kept
    assert (*x.shape[:-1], hidden) not in kept


def test_strengths_share_their_programs():
    adapters = build("c6h10", legato_weights(CASE))
    x, strengths = nhwc(CASE.input("c6h10.x")), (0.0, 0.25, 0.6, 1.25)
    changed = adapters.with_strengths(strengths)
    structures = [nnx.split(each) for each in changed]
    assert all(graph == structures[0][0] for graph, _ in structures)
    assert len({str(jax.tree.map(jnp.shape, state)) for _, state in structures}) == 1
    for each, strength in zip(changed, strengths, strict=True):
        expected = adapters.with_strength(strength).adaptation()[BLOCK](x)
        np.testing.assert_allclose(each.adaptation()[BLOCK](x), expected, rtol=1e-6, atol=1e-6)
        assert each.adaptation()[BLOCK](x.astype(jnp.bfloat16)).dtype == jnp.bfloat16
    np.testing.assert_array_equal(changed[0].adaptation()[BLOCK](x), x)
    assert len(jax.tree.leaves(nnx.state(adapters))) == 4  # nothing was added to the adapters themselves
