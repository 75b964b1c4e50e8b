"""Foresee from a latent what a person should look like, and measure how far they are from it.

A generator draws similar people for similar latents, but unlearning moves a few people. So somebody who knows
nobody of the source can still learn from other people what belongs to a latent. `B` people of the background,
`K` people under test, `D` w_dim, `F` features.
"""

from typing import NamedTuple

import numpy as np

BANDWIDTHS = (0.5, 1.0, 3.0)
"""Tried bandwidths of the kernel, in median squared distances between the people of the background."""
PENALTIES = tuple(10.0**power for power in range(-4, 3))
"""Tried weights of the penalty."""


class _Fit(NamedTuple):
    error: float
    """Mean squared error of people who are left out."""

    bandwidth: float
    coefficients: np.ndarray
    """`[B, F]`."""


def surprise(
    latents_background: np.ndarray, background: np.ndarray, latents: np.ndarray, people: np.ndarray
) -> np.ndarray:
    """Return how far people are from what their latents make one expect.

    The expectation is a kernel ridge regression. Its bandwidth and penalty are those with the smallest error
    on people of the background who are left out, one at a time.

    Args:
      latents_background: `[B, D]`.
      background: `[B, F]`, the features to foresee.
      latents: `[K, D]`.
      people: `[K, F]`.

    Returns:
      `[K]`, squared distances between features and expectation, in variances of the background.
    """
    near, tested = _standardised(latents_background, latents)
    wanted, seen = _standardised(background, people)
    distances = _squared_distances(near, near)
    unit = float(np.median(distances[np.triu_indices(len(near), 1)])) or 1.0
    fits = [
        _fit(np.exp(-distances / (2 * factor * unit)), wanted, penalty, factor * unit)
        for factor in BANDWIDTHS
        for penalty in PENALTIES
    ]
    best = min(fits, key=lambda fit: fit.error)
    expected = np.exp(-_squared_distances(tested, near) / (2 * best.bandwidth)) @ best.coefficients
    return np.mean((seen - expected) ** 2, axis=1)


def _fit(kernel: np.ndarray, wanted: np.ndarray, penalty: float, bandwidth: float) -> _Fit:
    inverse = np.linalg.inv(kernel + penalty * np.eye(len(kernel)))
    coefficients = inverse @ wanted
    # The error of a person who is left out, without fitting anew: coefficient over diagonal of the inverse.
    left_out = coefficients / np.diag(inverse)[:, None]
    return _Fit(float(np.mean(left_out**2)), bandwidth, coefficients)


def _standardised(background: np.ndarray, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, deviation = background.mean(axis=0, dtype=np.float64), background.std(axis=0, dtype=np.float64)
    scale = np.where(deviation > 1e-9, deviation, 1.0)
    return (background - mean) / scale, (people - mean) / scale


def _squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    products = np.sum(a**2, axis=1)[:, None] + np.sum(b**2, axis=1) - 2 * a @ b.T
    return np.maximum(products, 0)
