"""bias_act against the official op."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eg3d_flax.activation import bias_act, softplus
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


@settings(deadline=None)
@given(st.floats(-100, 100, width=32))
def test_softplus_and_its_gradient(x):
    value, gradient = jax.value_and_grad(softplus)(jnp.float32(x))
    np.testing.assert_allclose(value, np.logaddexp(0, np.float64(x)), rtol=3e-7, atol=2e-7)
    np.testing.assert_allclose(gradient, 1 / (1 + np.exp(-np.float64(x))), rtol=3e-7, atol=2e-7)
