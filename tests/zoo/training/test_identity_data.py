"""What identity networks are trained on: two photographs of each person, distorted at random."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxunlearn.zoo.training.identity_data import Distortion, distort, draw_pairs, gaussian_resampling

UNTOUCHED = Distortion(zoom=0.0, shift=0.0, blur=(0.05, 0.05), gain=0.0, offset=0.0)


def test_a_batch_shows_two_photographs_of_everybody() -> None:
    images = np.arange(5 * 3, dtype=np.uint8).reshape(5, 3, 1, 1, 1)
    first, second = draw_pairs(images, people=4, seed=0, number=3).reshape(2, 4)
    np.testing.assert_array_equal(first // 3, second // 3)
    assert len(set(first // 3)) == 4
    assert (first != second).all()
    assert (draw_pairs(images, people=4, seed=0, number=3).reshape(2, 4) == [first, second]).all()
    assert (draw_pairs(images, people=4, seed=0, number=4).reshape(2, 4) != [first, second]).any()


def test_no_distortion_changes_nothing() -> None:
    image = jax.random.uniform(jax.random.key(1), (2, 12, 12, 3), minval=-1, maxval=1)
    distorted = jax.jit(lambda image, key: distort(image, key, UNTOUCHED))(image, jax.random.key(0))
    np.testing.assert_allclose(distorted, image, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(zoom=st.floats(0.8, 1.2), shift=st.floats(-3, 3), blur=st.floats(0.3, 1.5))
def test_resampling_keeps_constants_and_moves_what_it_says(zoom: float, shift: float, blur: float) -> None:
    matrix = gaussian_resampling(32, *(jnp.array([x]) for x in (zoom, shift, blur)))[0]
    np.testing.assert_allclose(matrix.sum(1), 1, rtol=1e-5)
    ramp = jnp.arange(32.0)
    expected = zoom * (ramp - 15.5) + shift + 15.5
    np.testing.assert_allclose((matrix @ ramp)[10:22], expected[10:22], atol=0.25)
