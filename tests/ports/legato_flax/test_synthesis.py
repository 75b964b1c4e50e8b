"""A synthesis network with adapters against the official one: images, states, gradients, end times."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from eg3d_flax import Compute
from eg3d_flax.synthesis import SynthesisNetwork
from eg3d_flax.torch_names import LAYOUT
from legato_flax import Adapters
from legato_flax.generator import chained
from legato_flax.torch_names import from_torch, infer_config, is_official, to_torch
from tests.support.golden import golden
from tests.support.layouts import nchw, nhwc
from tests.support.legato_golden import legato_weights, sliced, without_effect
from torch_bridge import from_torch as arrays_of
from torch_bridge import module_from_arrays, module_shapes

CASE = golden("legato", "synthesis_adapted")


@pytest.fixture(scope="module")
def network() -> SynthesisNetwork:
    args = {k: v for k, v in CASE.entry["constructor_args"].items() if k != "num_fp16_res"}
    plain = {name: array for name, array in legato_weights(CASE).items() if not is_official(name)}

    def make() -> SynthesisNetwork:
        return SynthesisNetwork(**args, rngs=nnx.Rngs(0))

    return module_from_arrays(make, arrays_of(plain, module_shapes(make), LAYOUT))


def build(weights: dict[str, np.ndarray], end: float = 1.6) -> Adapters:
    entries = {f"backbone.synthesis.{n}": array for n, array in weights.items() if is_official(n)}
    return from_torch(entries, dataclasses.replace(infer_config(entries), end=end))


@pytest.fixture(scope="module")
def adapters() -> Adapters:
    return build(legato_weights(CASE))


@pytest.fixture(scope="module")
def ws() -> jax.Array:
    return jnp.asarray(CASE.input("ws"))


def image(network, ws, adaptation, noise_mode="const") -> np.ndarray:
    draw = jax.jit(lambda ws: network(ws, noise_mode=noise_mode, adapt=adaptation))
    return nchw(draw(ws))


@pytest.mark.must
@pytest.mark.parity
def test_images_of_several_end_times(network, adapters, ws):
    CASE.check("img.source", image(network, ws, {})[:1, ::6])
    CASE.check("img.source.none", image(network, ws, {}, "none")[1:, ::24])
    CASE.check("img.const", image(network, ws, adapters.adaptation())[:1, ::6])
    CASE.check("img.none", image(network, ws, adapters.adaptation(), "none")[1:, ::24])
    for end in ("0.4", "0.8", "1.0", "1.2"):
        shorter = adapters.with_strength(float(end) / 1.6).adaptation()
        CASE.check(f"img.t{end}", image(network, ws, shorter)[:1, ::24])


@pytest.mark.parity
def test_states_on_the_way(network, adapters, ws):
    @jax.jit
    def states_of(ws: jax.Array) -> dict[str, jax.Array]:
        seen: dict[str, jax.Array] = {}

        def watching(block: str):
            def features(x: jax.Array) -> jax.Array:
                states = adapters.states(block, x)
                seen[block] = jnp.stack(states)
                return states[-1]

            return features

        network(ws, adapt={block: watching(block) for block in adapters.config.applied})
        return seen

    seen = {block: np.moveaxis(np.asarray(states), -1, 2) for block, states in states_of(ws).items()}
    assert "b4" not in seen  # its adapter is stored, and never applied
    CASE.check("states.b32", seen["b32"][:, :1, ::8, ::2, ::2])
    CASE.check("states.b8", seen["b8"][:, :1, ::4])
    for block, states in seen.items():
        CASE.check(f"increments.{block}", np.mean(np.diff(states, axis=0) ** 2, axis=(1, 2, 3, 4)))


@pytest.mark.must
@pytest.mark.parity
def test_gradients(network, adapters, ws):
    graph, state = nnx.split(adapters)
    cotangent = nhwc(CASE.input("r"))

    @jax.jit
    @jax.grad
    def gradient(state):
        return jnp.mean(network(ws, adapt=nnx.merge(graph, state).adaptation()) * cotangent)

    found = {
        name.removeprefix("backbone.synthesis."): array
        for name, array in to_torch(nnx.merge(graph, gradient(state))).items()
    }
    names = CASE.entry["adapter_params"]
    CASE.check("gradnorm", [np.linalg.norm(found[name].astype(np.float64)) for name in names])
    for name in names:
        if not name.startswith("b4."):
            output = f"grad.{name.replace('ode_block.odefunc.unlearn.unlearn.', '')}"
            CASE.check(output, sliced(CASE, output, found[name]))


def test_without_effect_or_at_the_start_nothing_changes(network, adapters, ws):
    untrained = build(without_effect(legato_weights(CASE)))
    features = jax.random.normal(jax.random.key(0), (1, 8, 8, 64))
    np.testing.assert_array_equal(untrained.adaptation()["b8"](features), features)
    plain = image(network, ws, {})
    np.testing.assert_array_equal(image(network, ws, adapters.with_strength(0).adaptation()), plain)


def test_adapters_are_applied_in_their_order(network, adapters, ws):
    changed = from_torch(
        {name: np.flip(array, 0) for name, array in to_torch(adapters).items()}, adapters.config
    )

    def after(first: Adapters, second: Adapters) -> np.ndarray:
        return image(network, ws, chained(first.adaptation(), second.adaptation()))

    one, other = after(adapters, changed), after(changed, adapters)
    assert np.abs(one - other).max() > 0.1
    only_last = chained({"b8": adapters.adaptation()["b8"]}, {"b32": changed.adaptation()["b32"]})
    assert list(only_last) == ["b8", "b32"]


def test_a_batch_that_is_filled_up_changes_nothing(network, adapters, ws):
    seen = []

    def watched(x: jax.Array) -> jax.Array:
        seen.append(len(x))
        return adapters.adaptation()["b8"](x)

    def planes(compute: Compute) -> jax.Array:
        return jax.jit(lambda ws: network(ws[:1], adapt={"b8": watched}, compute=compute))(ws)

    whole, filled = planes(Compute()), planes(Compute(batch_multiple=2))
    assert seen == [1, 2]
    np.testing.assert_allclose(filled, whole, atol=2e-5)


def test_unknown_blocks_are_named(network, ws):
    with pytest.raises(ValueError, match="blocks that do not exist: b64"):
        network(ws, adapt={"b64": lambda x: x})
