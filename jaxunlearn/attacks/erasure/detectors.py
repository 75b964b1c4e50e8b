"""Detectors of erased people, from a template to a trained classifier.

A detector is a function of an order of the `N + M` people under test: the first `N` are called forgotten, the
others retained. So it can be asked again about people who are called forgotten at random. `B` people of the
background, `F` features.
"""

from collections.abc import Callable, Mapping

import numpy as np

from jaxunlearn.attacks.erasure.chance import Wins, wins_of_scores
from jaxunlearn.attacks.erasure.foreseen import surprise
from jaxunlearn.attacks.erasure.observation import Observation

Detector = Callable[[np.ndarray], Wins]

ADJACENT_PEOPLE = 5
"""Number of nearest people of the background whose distance counts."""


def one_class_scores(background: Observation, people: Observation) -> Mapping[str, np.ndarray]:
    """Return how conspicuous people are to detectors that never saw a forgotten person.

    Args:
      background: `B` people that were never forgotten.
      people: `K` people under test.

    Returns:
      Name of a detector → scores `[K]`; higher is more conspicuous. `mean_face` is the cosine to the mean
      face, the template of methods that turn everybody into it. `density_...` and `knn_...` are distances
      from the background. `foreseen_...` are distances from what a person's latent makes one expect.
    """
    return {
        "mean_face": people.mean_face,
        "density_identity": mahalanobis(background.identity, people.identity),
        "knn_identity": distance_to_nearest(background.identity, people.identity),
        "density_features": mahalanobis(background.features, people.features),
        "density_picture": mahalanobis(background.picture, people.picture),
        "density_probe": mahalanobis(background.probe, people.probe),
        "foreseen_identity": surprise(background.latent, background.identity, people.latent, people.identity),
        "foreseen_picture": surprise(background.latent, background.picture, people.latent, people.picture),
    }


def mahalanobis(background: np.ndarray, people: np.ndarray) -> np.ndarray:
    """Return the squared Mahalanobis distances `[K]` of people `[K, F]` from a background `[B, F]`.

    Features are standardised first. The covariance is shrunk towards a multiple of the identity matrix, by
    the intensity of Oracle Approximating Shrinkage (Chen et al. 2010, equation 23).
    """
    mean, deviation = background.mean(axis=0), background.std(axis=0)
    scale = np.where(deviation > 1e-9, deviation, 1.0)
    fitted, tested = (background - mean) / scale, (people - mean) / scale
    count, size = fitted.shape
    covariance = fitted.T @ fitted / count
    trace, squares = np.trace(covariance), np.sum(covariance**2)
    above = (1 - 2 / size) * squares + trace**2
    below = (count + 1 - 2 / size) * (squares - trace**2 / size)
    intensity = 1.0 if below <= 0 else min(1.0, above / below)
    shrunk = (1 - intensity) * covariance + (intensity * trace / size + 1e-6) * np.eye(size)
    return np.sum(tested * np.linalg.solve(shrunk, tested.T).T, axis=1)


def distance_to_nearest(background: np.ndarray, people: np.ndarray) -> np.ndarray:
    """Return the mean distances `[K]` of people `[K, E]` from the nearest of a background `[B, E]`."""
    squared = np.sum((people[:, None] - background) ** 2, axis=-1)
    return np.sqrt(np.sort(squared, axis=1)[:, :ADJACENT_PEOPLE]).mean(axis=1)


def score_detector(scores: np.ndarray, forgotten: int) -> Detector:
    """Return the detector of scores `[N + M]` that do not depend on who is called forgotten."""
    return lambda order: wins_of_scores(scores[order[:forgotten]], scores[order[forgotten:]])


def nearest_centroid(identity: np.ndarray, forgotten: int) -> Detector:
    """Return the detector that asks which centroid is nearer, of the forgotten or of the retained.

    For each pair of a forgotten and a retained person, both are left out of the centroids. Leaving out a
    single person would pull the AUC of chance below 0.5, since it moves that person's own centroid away.

    Args:
      identity: `[N + M, E]`, of the people under test.
      forgotten: `N`, at least 2.
    """
    products = identity @ identity.T

    def detect(order: np.ndarray) -> Wins:
        p = products[np.ix_(order, order)]
        called, others = slice(None, forgotten), slice(forgotten, None)
        ours, theirs = p[:, called].sum(axis=1), p[:, others].sum(axis=1)
        retained = len(p) - forgotten
        diagonal, across = np.diag(p), p[called, others]
        # Products of person i (a row) and person j (a column) with both centroids, without i and j in them.
        i_ours = (ours[called] - diagonal[called])[:, None] / (forgotten - 1)
        i_theirs = (theirs[called, None] - across) / (retained - 1)
        j_ours = (ours[others] - across) / (forgotten - 1)
        j_theirs = (theirs[others] - diagonal[others]) / (retained - 1)
        margin = (i_ours - i_theirs) - (j_ours - j_theirs)
        return Wins(np.where(margin == 0, 0.5, margin > 0), np.ones_like(margin))

    return detect
