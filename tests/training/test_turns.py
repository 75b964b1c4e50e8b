"""Copies that take turns get what they would get side by side."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxunlearn.sharding import make_mesh
from jaxunlearn.training.turns import Turns, in_a_loop, one_after_another


def step(state, frozen, target, keys):
    """A step in which every copy has numbers of its own."""
    new = {"weights": state["weights"] * frozen + target, "count": state["count"] + 1}
    return new, {"loss": new["weights"].sum(axis=1) + jax.vmap(jax.random.uniform)(keys)}


def given(copies):
    state = {"weights": jnp.arange(2.0 * copies).reshape(copies, 2), "count": jnp.zeros(copies, jnp.int32)}
    return (
        state,
        jnp.float32(3),
        jnp.arange(copies)[:, None] + 0.5,
        jax.random.split(jax.random.key(0), copies),
    )


@pytest.mark.parametrize(("copies", "size"), [(4, 1), (4, 2), (5, 2), (3, 2)])
def test_all_copies_take_their_step(copies, size):
    programs = {count: jax.jit(step, donate_argnums=0) for count in (size, copies % size or size)}
    state, *rest = given(copies)
    found = one_after_another(programs.__getitem__, copies, size)(state, *rest)
    jax.tree.map(np.testing.assert_array_equal, found, step(*given(copies)))


@pytest.mark.parametrize(("copies", "size"), [(4, 1), (4, 2), (5, 2), (3, 2)])
def test_all_copies_take_their_step_in_a_loop(copies, size):
    found = jax.jit(in_a_loop(step, size), donate_argnums=0)(*given(copies))
    jax.tree.map(np.testing.assert_array_equal, found, step(*given(copies)))


def test_a_loop_keeps_no_second_state():
    """What XLA allots besides arguments and results does not grow with a state that is changed in place."""

    def more(copies):
        state, frozen, _, keys = given(copies)
        state["weights"] = jnp.zeros((copies, 1 << 16))
        target = jnp.zeros((copies, 1 << 16))
        lowered = jax.jit(in_a_loop(step, 1), donate_argnums=0).lower(state, frozen, target, keys)
        analysis = lowered.compile().memory_analysis()
        assert analysis is not None
        return analysis.temp_size_in_bytes

    assert more(32) - more(8) < (1 << 16)


def test_a_group_gets_rows_of_its_own_size():
    counts = []

    def program(count):
        counts.append(count)
        return step

    one_after_another(program, 5, 2)(*given(5))
    assert counts == [2, 2, 1]


@pytest.mark.parametrize(
    ("size", "platform", "devices", "turns"),
    [
        (0, "cpu", None, Turns(1, apart=True)),
        (3, "cpu", None, Turns(3, apart=True)),
        (0, "cpu", (1, 1), Turns(0)),
        (0, "gpu", None, Turns(0)),
        (2, "tpu", None, Turns(2)),
    ],
)
def test_the_platform_chooses(size, platform, devices, turns):
    assert Turns.chosen(size, platform, devices and make_mesh(*devices)) == turns


def test_turns_are_needed_where_not_all_fit_a_group():
    assert Turns(2).needed(3)
    assert not Turns(3).needed(3)
    assert not Turns(0).needed(3)
