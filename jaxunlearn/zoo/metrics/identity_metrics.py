"""How well embeddings tell people apart.

`N` people, `V` or `W` images of each, `E` numbers of an embedding, `R` pixels a side.
"""

import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np

from eg3d_flax import Compute, TriPlaneGenerator
from jaxunlearn.batching import in_batches
from jaxunlearn.images import to_uint8
from jaxunlearn.models.identity import IdentityNetwork
from jaxunlearn.process.devices import default_platform
from jaxunlearn.zoo.metrics.generator_metrics import generate
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST, PhotographRequest, photograph
from jaxunlearn.zoo.training.generator_data import on_white
from jaxunlearn.zoo.training.identity_data import identity_photographs, to_range

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


def compare(
    network: IdentityNetwork,
    generator: TriPlaneGenerator,
    *,
    people: int,
    views: int,
    seed: int,
    folder: Path | None = None,
) -> Iterator[tuple[str, np.ndarray, np.ndarray | None]]:
    """Embed rendered and generated people that no network was trained on.

    Args:
      network: what embeds.
      generator: what shows the same people as the renderings.
      people: number of people.
      views: images of each person, except in random light, where there are 12.
      seed: seed of the people.
      folder: where photographs are kept for the next time.

    Yields:
      The name of a comparison, its queries and its gallery; see `verify`.
    """
    request = PhotographRequest(
        "identity",
        people=people,
        views=12,  # as in training, so that its files are used again
        resolution=generator.config.img_resolution,
        seed=seed,
        first=HELD_OUT_FIRST,
    )
    embed = functools.partial(embed_photographs, network)
    yield "rendered, random light", embed(identity_photographs(request, workers=1, folder=folder)), None
    wigs = dataclasses.replace(request, scenario="wigs")
    yield "rendered in wigs, random light", embed(identity_photographs(wigs, workers=1, folder=folder)), None
    plain = dataclasses.replace(request, scenario="generator", views=views)
    photographs = on_white(photograph(plain, folder=folder))
    rendered = embed(photographs.image)
    yield "rendered as the generator's data", rendered, None
    compute = Compute.for_platform(default_platform())
    z = photographs.z.repeat(views, axis=0)
    images = to_uint8(generate(generator, z, photographs.camera.reshape(-1, 25), compute))
    generated = embed(images.reshape(photographs.image.shape))
    yield "generated", generated, None
    yield "generated against rendered", generated, rendered


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
