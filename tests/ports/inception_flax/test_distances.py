"""Fréchet and kernel distances: the reference's numbers, and what must hold for any features."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import inception_flax
from tests.support.perception_golden import perception_golden


@pytest.mark.parity
@pytest.mark.parametrize("tag", ["full", "unequal", "rankdef", "identical"])
def test_frechet_distance_matches_the_reference(tag):
    case = perception_golden("fid_frechet")
    a, b = case.arrays[f"{tag}.feat1"], case.arrays[f"{tag}.feat2"]
    distance = inception_flax.frechet_distance(a, b)
    # Rounded zeros on the spectrum of a singular product weigh 1e-8 each after the root.
    case.check(f"{tag}.fid_psd", np.float64(distance), 1e-7 if tag == "rankdef" else 1e-10, absolute=True)
    case.check(f"{tag}.fid_reference", np.float64(distance), 1e-6 * (1 + distance), absolute=True)


def features(seed: int, count: int, dimension: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, dimension)) @ rng.normal(size=(dimension, dimension)) + rng.normal(
        size=dimension
    )


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 40), st.integers(2, 40), st.integers(1, 24), st.integers(0, 2**32 - 1))
def test_frechet_distance_equals_its_form_in_singular_values(count_a, count_b, dimension, seed):
    """Tr (Σ_a Σ_b)^½ is the sum of the singular values of X_a X_bᵀ, X the centred, scaled features."""
    a, b = features(seed, count_a, dimension), features(seed + 1, count_b, dimension)
    x, y = (f - f.mean(0) for f in (a, b))
    x, y = x / np.sqrt(count_a - 1), y / np.sqrt(count_b - 1)
    cross = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    expected = np.square(a.mean(0) - b.mean(0)).sum() + np.square(x).sum() + np.square(y).sum() - 2 * cross
    scale = np.square(x).sum() + np.square(y).sum()
    distance = inception_flax.frechet_distance(a, b)
    assert distance == pytest.approx(expected, abs=1e-6 * scale)
    assert distance == pytest.approx(inception_flax.frechet_distance(b, a), abs=1e-6 * scale)
    assert distance >= -1e-6 * scale


def test_frechet_distance_of_shifted_features_is_the_squared_shift():
    a = features(0, 30, 6)
    shift = np.arange(6.0)
    assert inception_flax.frechet_distance(a, a + shift) == pytest.approx(np.square(shift).sum(), rel=1e-6)


def test_kernel_distance_is_unbiased_and_sees_differences():
    rng = np.random.default_rng(0)
    a, b, other = rng.normal(size=(400, 8)), rng.normal(size=(500, 8)), rng.normal(1.0, 1.0, size=(400, 8))
    same, spread = inception_flax.kernel_distance(a, b, subset_size=100)
    different, _ = inception_flax.kernel_distance(a, other, subset_size=100)
    assert abs(same) < 2 * spread
    assert different > 20 * abs(same)
    assert inception_flax.kernel_distance(a, b, seed=1) == inception_flax.kernel_distance(a, b, seed=1)


@pytest.mark.parametrize("count", [8, 32])
def test_kernel_distance_of_one_distribution_is_zero_on_average_however_few_images(count):
    """The Fréchet distance of the same images is larger for fewer of them."""
    kernel, frechet = [], []
    for seed in range(200):
        a, b = np.random.default_rng(seed).normal(size=(2, count, 4))
        kernel.append(inception_flax.kernel_distance(a, b, subsets=2, subset_size=count)[0])
        frechet.append(inception_flax.frechet_distance(a, b))
    assert abs(np.mean(kernel)) < 3 * np.std(kernel, ddof=1) / np.sqrt(200)
    assert np.mean(frechet) > {8: 1.5, 32: 0.25}[count]


def test_kernel_distance_of_the_same_images_is_unbiased_if_they_are_paired():
    """Before and after without a change; subsets that share images would look closer than they are."""
    paired, shared = [], []
    for seed in range(200):
        a = np.random.default_rng(seed).normal(size=(16, 4))
        options: dict[str, Any] = {"subsets": 4, "subset_size": 8, "seed": seed}
        paired.append(inception_flax.kernel_distance(a, a, paired=True, **options)[0])
        shared.append(inception_flax.kernel_distance(a, a, **options)[0])
    error = np.std(paired, ddof=1) / np.sqrt(200)
    assert abs(np.mean(paired)) < 3 * error
    assert np.mean(shared) < -3 * error
    with pytest.raises(ValueError, match="at least 4 images in each set, not 3 and 3"):
        inception_flax.kernel_distance(np.zeros((3, 2)), np.zeros((3, 2)), paired=True)


def test_kernel_distance_of_two_pairs_by_hand():
    a, b = np.array([[1.0], [2.0]]), np.array([[0.0], [1.0]])
    within_a, within_b = (1 * 2 + 1) ** 3, (0 * 1 + 1) ** 3
    across = np.mean([1, (1 * 1 + 1) ** 3, 1, (2 * 1 + 1) ** 3])
    value, spread = inception_flax.kernel_distance(a, b, subsets=3)
    assert value == pytest.approx(within_a + within_b - 2 * across)
    assert spread == pytest.approx(0, abs=1e-9)


def test_sets_that_give_no_statistics_are_refused():
    one = np.zeros((1, 4))
    two = np.zeros((2, 4))
    with pytest.raises(ValueError, match="at least 2 images"):
        inception_flax.frechet_distance(one, two)
    with pytest.raises(ValueError, match="NaN or infinity"):
        inception_flax.frechet_distance(two, np.full((2, 4), np.nan))
    with pytest.raises(ValueError, match="not 2 and 1"):
        inception_flax.kernel_distance(two, one)
    with pytest.raises(ValueError, match="subset_size must be at least 2, not 1"):
        inception_flax.kernel_distance(two, two, subset_size=1)
    with pytest.raises(ValueError, match="NaN or infinity"):
        inception_flax.kernel_distance(two, np.full((2, 4), np.nan))
    for distance in (inception_flax.kernel_distance, inception_flax.frechet_distance):
        with pytest.raises(ValueError, match="the same features, not 4 and 3 of them"):
            distance(two, np.zeros((2, 3)))
    with pytest.raises(ValueError, match="at least 2 subsets, not 1"):
        inception_flax.kernel_distance(two, two, subsets=1)
