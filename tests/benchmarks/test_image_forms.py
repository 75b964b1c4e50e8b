"""The compared forms of images with three channels give the same numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import image_forms_tpu as forms


@pytest.fixture(scope="module")
def arrays():
    draw = np.random.default_rng(0)
    return forms.shapes(lambda shape, dtype: jnp.asarray(draw.normal(size=shape), dtype), side=4)


@pytest.mark.parametrize("form", forms.FORMS[1:], ids=lambda form: form.name)
def test_a_form_is_the_librarys(form, arrays):
    inputs, weights, out = arrays
    expected = jax.jit(forms.gradient, static_argnums=0)(forms.FORMS[0], out, inputs, weights)
    found = jax.jit(forms.gradient, static_argnums=0)(form, out, inputs, weights)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        scale = float(jnp.abs(other).max())
        np.testing.assert_allclose(
            np.asarray(one, np.float32), np.asarray(other, np.float32), rtol=0, atol=2e-2 * scale
        )


@pytest.mark.parametrize("form", forms.FORMS[1:], ids=lambda form: form.name)
def test_enlarging_is_exact_in_float32(form, arrays):
    image = arrays[0].rgb
    expected = forms.enlarge(image, forms.FORMS[0])
    found = forms.enlarge(image.transpose(0, 3, 1, 2) if form.planar else image, form)
    found = found.transpose(0, 2, 3, 1) if form.planar else found
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
