"""upfirdn2d and conv2d_resample against the official ops, in every form."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eg3d_flax import resample
from tests.support.forms import form_id, forms
from tests.support.golden import golden
from tests.support.layouts import hwio, nchw, nhwc

FILTERED = golden("eg3d", "ops_upfirdn2d")
CONVOLVED = golden("eg3d", "ops_conv2d_resample")
FILTER_FORMS = forms(filtering=["shifted", "mirrored", "depthwise"])
FORMS = forms(dilation=["dilated", "stuffed", "phases", "mixed"], filtering=["shifted", "depthwise"])


@pytest.mark.parity
def test_filters_are_normalised_as_officially():
    FILTERED.check("filter_1331", resample.setup_filter([1, 3, 3, 1]))
    FILTERED.check("filter_asym", resample.setup_filter([1, 2, 4, 7]))
    taps = [0.1, 0.2, 0.3, 0.15, 0.05, 0.12, 0.03, 0.05]
    FILTERED.check("filter_sep8", resample.setup_filter(taps))


@pytest.mark.parity
@pytest.mark.parametrize("compute", FILTER_FORMS, ids=form_id)
@pytest.mark.parametrize("variant", FILTERED.entry["options"])
def test_upfirdn2d_and_its_gradient(variant, compute):
    options = dict(FILTERED.entry["options"][variant])
    name = options.pop("f", "filter_sep8" if variant.startswith("sep8") else "filter_asym")
    f = None if name is None else FILTERED.output(name)

    def apply(x):
        return resample.upfirdn2d(x, f, **options, compute=compute)

    x = nhwc(FILTERED.input("x"))
    y, pull_back = jax.vjp(jax.jit(apply), x)
    FILTERED.check(f"y.{variant}", nchw(y))
    (gradient,) = pull_back(nhwc(FILTERED.input(f"r.{variant}")))
    FILTERED.check(f"grad.{variant}", nchw(gradient))


@pytest.mark.parity
@pytest.mark.parametrize("compute", FILTER_FORMS, ids=form_id)
def test_the_named_resamplings(compute):
    x, f = nhwc(FILTERED.input("x")), resample.RESAMPLE_FILTER
    FILTERED.check("upsample2d", nchw(resample.upsample2d(x, f, compute=compute)))
    FILTERED.check("downsample2d", nchw(resample.downsample2d(x, f, compute=compute)))
    FILTERED.check("filter2d", nchw(resample.filter2d(x, f, compute=compute)))


@pytest.mark.parity
@pytest.mark.parametrize("compute", FORMS, ids=form_id)
@pytest.mark.parametrize("variant", CONVOLVED.entry["options"])
def test_conv2d_resample(variant, compute):
    options = dict(CONVOLVED.entry["options"][variant])
    weight = hwio(CONVOLVED.input(options.pop("w")))
    f = resample.RESAMPLE_FILTER if options.pop("f", "default") is not None else None
    x = CONVOLVED.input("x")
    if options.get("groups") == 2:
        x = np.concatenate([x[:1], 0.5 * x[:1]], axis=1)
    apply = jax.jit(lambda x: resample.conv2d_resample(x, weight, f, **options, compute=compute))
    CONVOLVED.check(f"y.{variant}", nchw(apply(nhwc(x))))


def test_a_filter_that_is_no_product_is_applied_whole():
    f = np.array([[1.0, 0.0], [0.0, 2.0]], np.float32)
    x = jnp.arange(9.0).reshape(1, 3, 3, 1)
    forms = [resample.upfirdn2d(x, f, flip_filter=True, compute=c)[0, :, :, 0] for c in FILTER_FORMS]
    np.testing.assert_array_equal(forms[0], x[0, :-1, :-1, 0] + 2 * x[0, 1:, 1:, 0])
    np.testing.assert_array_equal(forms[0], forms[1])


@functools.partial(jax.jit, static_argnums=1)
def up_then_down(x, compute):
    f = resample.RESAMPLE_FILTER
    return resample.downsample2d(resample.upsample2d(x, f, compute=compute), f, compute=compute)


@settings(deadline=None, max_examples=20)
@given(
    value=st.floats(-10, 10, width=32),
    side=st.integers(4, 9),
    compute=st.sampled_from(FILTER_FORMS),
)
def test_up_then_down_keeps_a_constant(value, side, compute):
    y = up_then_down(np.full((1, side, side, 2), value, np.float32), compute)
    inside = y[:, 2:-2, 2:-2]  # the border sees the zeros outside
    np.testing.assert_allclose(inside, value, rtol=1e-5, atol=1e-5)
