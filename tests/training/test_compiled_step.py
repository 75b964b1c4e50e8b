"""The compiled step is that of the settings of JAX, and on the device, under which it is called."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pytest

from jaxunlearn.training.compiled_step import compiled_step
from jaxunlearn.training.turns import ALL_AT_ONCE, Turns


class Products(NamedTuple):
    """Stands in for the recipe of a step: a matrix is multiplied by another one."""

    turns: Turns = ALL_AT_ONCE
    in_turn: bool = False

    @property
    def program(self) -> "Products":
        return self

    def advance(self) -> Any:
        return lambda state, matrix: (state @ matrix, matrix.sum())


def step_of(*matrices: jax.Array) -> Any:
    return compiled_step(Products(), *matrices)  # type: ignore[arg-type]


def test_another_precision_of_products_is_another_program():
    matrices = jnp.ones((8, 8)), jnp.ones((8, 8))
    with jax.default_matmul_precision("default"):
        first = step_of(*matrices).program
    with jax.default_matmul_precision("highest"):
        other = step_of(*matrices).program
    assert "operand_precision={highest" not in first.as_text()
    assert "operand_precision={highest" in other.as_text()
    with jax.default_matmul_precision("default"):
        assert step_of(*matrices).program is first


@pytest.mark.skipif(jax.device_count() < 2, reason="needs two devices")
def test_arrays_that_nobody_put_on_a_device_go_to_the_default_device():
    first, second = jax.devices()[:2]
    made_before = jnp.ones((8, 8))
    for device in (second, first):
        with jax.default_device(device):
            state = jnp.eye(8)
            advance = step_of(state, made_before).advance
            state, _ = advance(state, made_before)
        assert state.devices() == {device}
