"""How well embeddings tell people apart. `N` people, `V` or `W` images of each, `E` numbers an embedding."""

import dataclasses

import numpy as np

FALSE_ACCEPTS = 1e-2
"""Share of pairs of different people that may be taken for one person."""


@dataclasses.dataclass(frozen=True)
class Verification:
    """Figures of a set of pairs.

    Attributes:
      tar: share of pairs of one person above the threshold.
      threshold: cosine that the share `FALSE_ACCEPTS` of the pairs of different people exceeds.
      same, different: mean cosine of either kind.
      rank1: how often the nearest other image is of the same person.
    """

    tar: float
    threshold: float
    same: float
    different: float
    rank1: float


def verify(queries: np.ndarray, gallery: np.ndarray | None = None) -> Verification:
    """All pairs of a query and an image of the gallery.

    Args:
      queries: `[N, V, E]` unit vectors.
      gallery: `[N, W, E]` of the same people in the same order; by default the queries themselves, each
        without itself.
    """
    cosines, one_person, counted = _table(queries, gallery)
    same, different = cosines[one_person & counted], cosines[~one_person]
    threshold = np.quantile(different, 1 - FALSE_ACCEPTS)
    nearest = np.where(counted, cosines, -np.inf).argmax(1)
    return Verification(
        tar=float((same > threshold).mean()),
        threshold=float(threshold),
        same=float(same.mean()),
        different=float(different.mean()),
        rank1=float(one_person[np.arange(len(nearest)), nearest].mean()),
    )


def cosines_of_pairs(queries: np.ndarray, gallery: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Cosines of the pairs of one person, and of those of different people; arguments as for `verify`."""
    cosines, one_person, counted = _table(queries, gallery)
    return cosines[one_person & counted], cosines[~one_person]


def _table(queries: np.ndarray, gallery: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of all pairs: cosine, whether they show one person, and whether they are two images."""
    compared = queries if gallery is None else gallery
    cosines = _rows(queries) @ _rows(compared).T
    one_person = _people(queries)[:, None] == _people(compared)
    two_images = ~np.eye(len(cosines), dtype=bool) if gallery is None else np.ones_like(one_person)
    return cosines, one_person, two_images


def _rows(embeddings: np.ndarray) -> np.ndarray:
    return embeddings.reshape(-1, embeddings.shape[-1])


def _people(embeddings: np.ndarray) -> np.ndarray:
    return np.arange(len(embeddings)).repeat(embeddings.shape[1])
