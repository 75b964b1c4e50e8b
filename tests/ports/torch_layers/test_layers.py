"""Layers: statistics in training and inference, compute dtype, and the flattening order."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from torch_bridge import module_arrays
from torch_layers import BatchNorm, Conv2d, LayerNorm, Linear, PReLU, flatten_rows, unflatten_rows

DATA = np.random.default_rng(0).normal(2.0, 3.0, (6, 4, 5, 3)).astype(np.float32)


def test_batch_norm_trains_on_the_batch_and_infers_with_running_statistics():
    norm = BatchNorm(3)
    pixels = DATA.reshape(-1, 3)
    y = np.asarray(norm(jnp.asarray(DATA), train=True)).reshape(-1, 3)
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(0), 1, rtol=1e-4)
    np.testing.assert_allclose(norm.running_mean[...], 0.1 * pixels.mean(0), rtol=1e-5)
    np.testing.assert_allclose(norm.running_var[...], 0.9 + 0.1 * pixels.var(0, ddof=1), rtol=1e-5)
    for _ in range(200):
        norm(jnp.asarray(DATA), train=True)
    np.testing.assert_allclose(norm(jnp.asarray(DATA)).reshape(-1, 3), y, atol=0.02)


def test_batch_norm_changes_nothing_in_inference():
    norm = BatchNorm(3, affine=False)
    before = module_arrays(norm)
    norm(jnp.asarray(DATA))
    for name, array in module_arrays(norm).items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_layers_compute_in_the_dtype_of_their_input(dtype):
    rngs = nnx.Rngs(0)
    x = jnp.asarray(DATA, dtype)
    for layer in (
        Conv2d(3, 8, 3, padding=1, rngs=rngs),
        Linear(3, 8, rngs=rngs),
        BatchNorm(3),
        LayerNorm(3),
        PReLU(3),
    ):
        assert layer(x).dtype == dtype


def test_flattened_rows_are_reordered_and_restored():
    sizes = {"c": 2, "h": 3, "w": 4}
    features = np.random.default_rng(1).normal(size=(2, 3, 4))
    weight = np.random.default_rng(2).normal(size=(24, 5))
    ours = flatten_rows(weight, sizes, source="chw")
    np.testing.assert_allclose(features.transpose(1, 2, 0).ravel() @ ours, features.ravel() @ weight)
    np.testing.assert_array_equal(unflatten_rows(ours, sizes, source="chw"), weight)
    by_columns = flatten_rows(weight, sizes, source="cwh")
    np.testing.assert_allclose(
        features.transpose(1, 2, 0).ravel() @ by_columns, features.transpose(0, 2, 1).ravel() @ weight
    )
