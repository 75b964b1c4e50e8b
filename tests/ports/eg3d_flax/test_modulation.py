"""modulated_conv2d against the official function, with its gradients, in every form."""

import jax
import jax.numpy as jnp
import pytest

from eg3d_flax.modulation import modulated_conv2d
from eg3d_flax.resample import RESAMPLE_FILTER
from tests.support.forms import form_id, forms
from tests.support.golden import golden
from tests.support.layouts import hwio, nchw, nhwc, oihw

pytestmark = pytest.mark.parity

CASE = golden("eg3d", "ops_modulated_conv2d")
FORMS = forms(modulation=["scaled", "grouped"], dilation=["dilated", "stuffed", "phases", "mixed"])


@pytest.mark.parametrize("compute", FORMS, ids=form_id)
@pytest.mark.parametrize("variant", CASE.entry["options"])
def test_modulated_conv2d_and_its_gradients(variant, compute):
    options = dict(CASE.entry["options"][variant])
    weight = hwio(CASE.input(options.pop("w")))
    noise = None
    if "noise" in options:
        name = options.pop("noise")
        noise = CASE.input(name)
        noise = jnp.asarray(noise)[None, :, :, None] if name == "noise_const" else nhwc(noise)

    def apply(x, weight, styles):
        return modulated_conv2d(
            x, weight, styles, noise=noise, resample_filter=RESAMPLE_FILTER, compute=compute, **options
        )

    y, pull_back = jax.vjp(apply, nhwc(CASE.input("x")), weight, jnp.asarray(CASE.input("styles")))
    CASE.check(f"y.{variant}", nchw(y))
    gx, gw, gs = pull_back(nhwc(CASE.input(f"r.{variant}")))
    CASE.check(f"gx.{variant}", nchw(gx))
    CASE.check(f"gw.{variant}", oihw(gw))
    CASE.check(f"gs.{variant}", gs)
