"""Pooling follows PyTorch's rules for the border."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torch_layers import adaptive_average_matrix, average_pool, max_pool


def picture(rows: int, columns: int) -> jax.Array:
    return jnp.arange(rows * columns, dtype=jnp.float32).reshape(1, rows, columns, 1)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "ceil", "windows"),
    [
        (7, 3, 2, 0, False, 3),
        (8, 3, 2, 0, False, 3),
        (8, 3, 2, 0, True, 4),
        (7, 3, 2, 0, True, 3),
        (5, 2, 2, 0, True, 3),
        (8, 3, 1, 1, False, 8),
        (4, 1, 3, 0, True, 2),
        (6, 2, 4, 1, True, 2),  # a third window would start beyond the image and is dropped
    ],
)
def test_number_of_windows(size, kernel, stride, padding, ceil, windows):
    pooled = max_pool(picture(size, size), kernel, stride=stride, padding=padding, ceil=ceil)
    assert pooled.shape == (1, windows, windows, 1)
    assert pooled[0, -1, -1, 0] <= size * size - 1
    assert np.isfinite(pooled).all()


def test_max_pool_sticking_out_sees_only_the_image():
    pooled = max_pool(-picture(5, 5) - 1, 2, stride=2, ceil=True)[0, :, :, 0]
    np.testing.assert_array_equal(pooled, [[-1, -3, -5], [-11, -13, -15], [-21, -23, -25]])


def test_average_pool_leaves_padding_out():
    pooled = average_pool(jnp.full((1, 4, 5, 1), 3.0), 3, stride=1, padding=1)
    np.testing.assert_allclose(pooled, 3.0)
    corner = average_pool(picture(4, 4), 3, stride=1, padding=1)[0, 0, 0, 0]
    assert corner == np.mean([0, 1, 4, 5])


@given(st.integers(1, 60), st.integers(1, 60))
def test_adaptive_average_keeps_constants_and_covers_every_entry(size, target):
    matrix = adaptive_average_matrix(size, target)
    np.testing.assert_allclose(matrix.sum(axis=1), 1, rtol=1e-6)
    assert (matrix.sum(axis=0) > 0).all()


def test_adaptive_average_of_188_to_112_overlaps():
    matrix = adaptive_average_matrix(188, 112)
    np.testing.assert_array_equal(np.flatnonzero(matrix[0]), [0, 1])
    np.testing.assert_array_equal(np.flatnonzero(matrix[1]), [1, 2, 3])
