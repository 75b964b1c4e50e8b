"""The compared forms of images with three channels give the same numbers."""

import functools

import jax
import numpy as np
import pytest

from benchmarks import image_forms_tpu as forms
from eg3d_flax import Compute
from jaxunlearn.models.generator import load_generator


def channels_last(image: jax.Array, form: forms.Form) -> np.ndarray:
    return np.asarray(image.transpose(0, 2, 3, 1) if form.planar else image)


@pytest.mark.long
@pytest.mark.parametrize("form", forms.FORMS, ids=lambda form: form.name)
def test_the_images_of_a_form_are_the_librarys(form):
    generator = load_generator("heads")
    assert generator.superresolution is not None
    draw = functools.partial(jax.random.normal, jax.random.key(0))
    features, ws = draw((forms.IMAGES, 64, 64, 24)), draw((forms.IMAGES, 10, 128))
    expected = generator.superresolution(features[..., :3], features, ws)
    found = forms.images(generator.superresolution, features, ws, form, Compute(batch_multiple=8))
    np.testing.assert_allclose(channels_last(found, form), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("form", forms.FORMS[1:], ids=lambda form: form.name)
def test_enlarging_is_exact_in_float32(form):
    image = jax.random.normal(jax.random.key(1), (2, 5, 5, 3))
    found = forms.enlarge(image.transpose(0, 3, 1, 2) if form.planar else image, form)
    expected = forms.enlarge(image, forms.FORMS[0])
    np.testing.assert_allclose(channels_last(found, form), expected, rtol=0, atol=1e-6)
