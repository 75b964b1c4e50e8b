"""How well embeddings tell people apart.

`N` people, `V` or `W` images of each, `E` numbers of an embedding, `R` pixels a side.
"""

import dataclasses

import jax
import numpy as np

from jaxunlearn.batching import in_batches
from jaxunlearn.models.identity import IdentityNetwork
from jaxunlearn.zoo.training.identity_data import to_range

FALSE_ACCEPTS = 1e-2
"""Share of pairs of different people that may be taken for one person."""
CHUNK = 64
"""Images embedded at a time."""


@dataclasses.dataclass(frozen=True)
class Verification:
    """Figures of a set of pairs.

    Attributes:
      tar: share of pairs of one person above the threshold.
      threshold: cosine exceeded by the share `FALSE_ACCEPTS` of the pairs of different people.
      same, different: mean cosine of pairs of one person, and of pairs of different people.
      rank1: how often the nearest other image is of the same person.
    """

    tar: float
    threshold: float
    same: float
    different: float
    rank1: float


def figures_of(verification: Verification) -> dict[str, float]:
    """Return rounded figures for metrics and headers."""
    return {name: round(value, 4) for name, value in dataclasses.asdict(verification).items()}


@jax.jit
def _embed(network: IdentityNetwork, image: jax.Array) -> jax.Array:
    return network.embed(to_range(image))


def embed_photographs(network: IdentityNetwork, images: np.ndarray) -> np.ndarray:
    """Return the embeddings `[N, V, E]` of images `[N, V, R, R, 3]` uint8."""
    rows = images.reshape(-1, *images.shape[2:])
    embeddings = in_batches(lambda block: _embed(network, block), CHUNK, rows)
    return embeddings.reshape(*images.shape[:2], -1)


def verify(queries: np.ndarray, gallery: np.ndarray | None = None) -> Verification:
    """Compare every query with every image of the gallery.

    Args:
      queries: `[N, V, E]` unit vectors.
      gallery: `[N, W, E]` of the same people in the same order; by default the queries themselves, where no
        image is compared with itself.
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
    """Return the cosines of pairs of one person, and of pairs of different people; see `verify`."""
    cosines, one_person, counted = _table(queries, gallery)
    return cosines[one_person & counted], cosines[~one_person]


def _table(queries: np.ndarray, gallery: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for all pairs: the cosine, True for one person, True for two images."""
    compared = queries if gallery is None else gallery
    cosines = _rows(queries) @ _rows(compared).T
    one_person = _people(queries)[:, None] == _people(compared)
    two_images = ~np.eye(len(cosines), dtype=bool) if gallery is None else np.ones_like(one_person)
    return cosines, one_person, two_images


def _rows(embeddings: np.ndarray) -> np.ndarray:
    return embeddings.reshape(-1, embeddings.shape[-1])


def _people(embeddings: np.ndarray) -> np.ndarray:
    return np.arange(len(embeddings)).repeat(embeddings.shape[1])
