"""Plane projection and lookup against the official functions, in all forms."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eg3d_flax import planes as planes_module
from eg3d_flax.compute import Compute
from eg3d_flax.planes import (
    make_texels,
    merge_planes,
    project_onto_planes,
    sample_from_3dgrid,
    sample_from_planes,
    sample_from_texels,
    sum_of_corners,
)
from tests.support.forms import form_id, forms
from tests.support.golden import golden

CASE = golden("eg3d", "sample_from_planes")
FORMS = forms(lookup=["corners", "packed", "lanes"])


def ours(planes: np.ndarray) -> jnp.ndarray:
    """`[B, 3, C, H, W]` → `[B, 3, H, W, C]`."""
    return jnp.asarray(np.moveaxis(planes, 2, -1))


@pytest.mark.parity
def test_projection_is_the_official_quirk():
    coordinates = jnp.asarray(CASE.input("coords"))
    projected = project_onto_planes(2 * coordinates)
    CASE.check("projected", projected.reshape(6, 40, 2))
    # The official axes are matrices whose inverse projects; they must say the same.
    inverse = np.linalg.inv(CASE.output("plane_axes"))
    for plane, (column, row) in enumerate(planes_module.PROJECTIONS["eg3d"]):
        np.testing.assert_array_equal(np.argmax(inverse[plane], axis=0)[:2], [column, row])


@pytest.mark.parity
@pytest.mark.parametrize("compute", FORMS, ids=form_id)
def test_lookup_and_its_gradients(compute):
    def apply(planes, coordinates):
        return sample_from_planes(planes, coordinates, box_warp=1.0, compute=compute)

    features, pull_back = jax.vjp(
        jax.jit(apply), ours(CASE.input("planes")), jnp.asarray(CASE.input("coords"))
    )
    CASE.check("features", features)
    of_planes, of_coordinates = pull_back(jnp.asarray(CASE.input("r")))
    CASE.check("grad_planes", np.moveaxis(np.asarray(of_planes), -1, 2))
    CASE.check("grad_coords", of_coordinates)


@pytest.mark.parity
@pytest.mark.parametrize("compute", FORMS, ids=form_id)
def test_which_coordinate_moves_along_columns_and_rows(compute):
    height, width = 6, 5  # the probe's planes hold their own column index and row index
    row, column = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    probe = np.broadcast_to(np.stack([column, row], -1), (1, 3, height, width, 2)).astype(np.float32)
    points = jnp.asarray(CASE.input("probe_coords"))
    sample = jax.jit(functools.partial(sample_from_planes, box_warp=1.0, compute=compute))
    CASE.check("probe", sample(jnp.asarray(probe), points))


@pytest.mark.parity
def test_dense_grid():
    grid = jnp.asarray(np.moveaxis(CASE.input("grid3d"), 1, -1))
    CASE.check("sample_from_3dgrid", sample_from_3dgrid(grid, 2 * jnp.asarray(CASE.input("coords"))))


@pytest.mark.long
@settings(deadline=None, max_examples=30)
@given(
    height=st.integers(2, 7),
    width=st.integers(2, 7),
    seed=st.integers(0, 2**16),
    spread=st.sampled_from([0.3, 1.0, 50.0]),
)
def test_the_forms_agree_wherever_points_lie(height, width, seed, spread):
    rng = np.random.default_rng(seed)
    planes = jnp.asarray(rng.normal(size=(1, 3, height, width, 3)), jnp.float32)
    points = jnp.asarray(spread * rng.normal(size=(1, 20, 3)), jnp.float32)
    features = [sample_from_planes(planes, points, box_warp=1.0, compute=form) for form in FORMS]
    for other in features[1:]:
        np.testing.assert_allclose(features[0], other, atol=1e-5)


def test_fixed_axes_see_the_yz_plane():
    point = jnp.array([[[0.1, 0.2, 0.3]]])
    np.testing.assert_allclose(project_onto_planes(point)[0, 2, 0], [0.3, 0.1])
    np.testing.assert_allclose(project_onto_planes(point, "fixed")[0, 2, 0], [0.3, 0.2])


@pytest.mark.parametrize("compute", FORMS, ids=form_id)
def test_merged_planes_have_the_same_sum_and_gradient(compute):
    points = jnp.asarray(CASE.input("coords"))
    planes = jax.random.normal(jax.random.key(1), (len(points), 3, 6, 6, 4))
    assert merge_planes(planes).shape[1] == 2
    assert merge_planes(planes, "fixed").shape[1] == 3

    def of_each(planes):
        return jnp.sum(sample_from_planes(planes, points, box_warp=1.0, compute=compute), axis=1)

    def of_merged(planes):
        texels = make_texels(merge_planes(planes), compute)
        features = sample_from_texels(texels, points, box_warp=1.0, compute=compute)
        return jnp.sum(sum_of_corners(features, planes.shape[-1]), axis=1)

    expected, pull_expected = jax.vjp(jax.jit(of_each), planes)
    features, pull = jax.vjp(jax.jit(of_merged), planes)
    np.testing.assert_allclose(features, expected, atol=1e-5)
    cotangent = jax.random.normal(jax.random.key(0), features.shape)
    np.testing.assert_allclose(pull(cotangent)[0], pull_expected(cotangent)[0], atol=1e-5)


@pytest.mark.parametrize("lookup", ["corners", "packed", "lanes"])
def test_gradients_of_rounded_planes_are_added_in_float32(lookup):
    planes = jnp.zeros((1, 3, 4, 4, 2))
    points = jnp.zeros((1, 4096, 3))  # all points share the four texels in the middle

    @functools.partial(jax.jit, static_argnums=1)
    @jax.grad
    def gradient(planes, compute):
        return jnp.sum(sample_from_planes(planes, points, box_warp=1.0, compute=compute).astype(jnp.float32))

    of_rounded = gradient(planes, Compute(lookup=lookup, dtype=jnp.bfloat16))
    np.testing.assert_allclose(of_rounded, gradient(planes, Compute(lookup=lookup)))
    np.testing.assert_allclose(jnp.max(of_rounded), 1024)  # in bfloat16 the sum stops growing at 256
