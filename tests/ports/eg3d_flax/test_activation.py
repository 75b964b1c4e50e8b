"""bias_act against the official op."""

import jax
import jax.numpy as jnp
import pytest

from eg3d_flax.activation import bias_act
from tests.support.golden import golden
from tests.support.layouts import nchw, nhwc

pytestmark = pytest.mark.parity

CASE = golden("eg3d", "ops_bias_act")


@pytest.mark.parametrize("variant", CASE.entry["options"])
def test_bias_act_and_its_gradient(variant):
    bias = jnp.asarray(CASE.input("b"))

    def apply(x):
        return bias_act(x, bias, **CASE.entry["options"][variant])

    x = nhwc(CASE.input("x"))
    CASE.check(f"y.{variant}", nchw(apply(x)))
    CASE.check(f"grad.{variant}", nchw(jax.grad(lambda x: apply(x).sum())(x)))


def test_vectors_and_missing_bias():
    CASE.check("y2.lrelu", bias_act(jnp.asarray(CASE.input("x2")), jnp.asarray(CASE.input("b")), act="lrelu"))
    CASE.check("y.nobias", nchw(bias_act(nhwc(CASE.input("x")), act="lrelu")))
