"""Surrogates without training: another synthetic person, unlike anybody forgotten, and as near as can be.

`N` forgotten people, `M` candidates, `L` rows of ws, `D` w_dim.
"""

import jax
import jax.numpy as jnp
import numpy as np

from eg3d_flax import Compute, TriPlaneGenerator
from jaxunlearn.models.batched import Judge, embeddings
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.renderer import Renderer


def choose_nearest(distances: np.ndarray, similarities: np.ndarray, highest: float) -> np.ndarray:
    """Whom each person becomes; nobody is chosen twice while candidates last.

    Args:
      distances: `[N, M]` between latents.
      similarities: `[N, M]` between identities.
      highest: candidates more similar than that to any of the N are left out; where none remains, the least
        similar ones stand in.

    Returns:
      `[N]` numbers of candidates.
    """
    resemblance = similarities.max(axis=0)
    enough = resemblance <= highest
    if enough.sum() < len(distances):
        enough = resemblance <= np.sort(resemblance)[min(len(distances), len(resemblance)) - 1]
    chosen: list[int] = []
    for row in distances:
        free = enough & ~np.isin(np.arange(len(row)), chosen)
        chosen.append(int(np.where(free if free.any() else enough, row, np.inf).argmin()))
    return np.array(chosen)


def nearest_people(
    generator: TriPlaneGenerator,
    identity: Judge,
    ws: np.ndarray,
    *,
    candidates: int,
    highest_similarity: float,
    key: jax.Array,
    compute: Compute,
    batch: int = 16,
) -> np.ndarray:
    """Latents `[N, L, D]` of surrogates for people `[N, L, D]`; see `choose_nearest`.

    Args:
      generator: the source, which everybody is drawn from and seen through, from the front.
      identity: tells people apart; best not the network that measures afterwards.
      ws: the people.
      candidates: `M`, people drawn.
      highest_similarity: as `highest` of `choose_nearest`.
      key: draws the candidates.
      compute: dtype and forms.
      batch: pictures at a time.
    """
    z = jax.random.normal(key, (candidates, generator.config.z_dim))
    pool = np.asarray(generator.mapping(z, conditioning_view(generator.config, candidates)))
    everybody = jnp.concatenate([jnp.asarray(ws), pool])
    renderer = Renderer(generator, batch=batch, compute=compute)
    images = renderer(everybody, conditioning_view(generator.config, len(everybody))).image
    seen = embeddings(identity, np.clip(images, -1, 1), batch)
    flat = pool.reshape(len(pool), -1)
    distances = np.stack([np.linalg.norm(flat - w.reshape(-1), axis=1) for w in ws])
    similarities = seen[: len(ws)] @ seen[len(ws) :].T
    return pool[choose_nearest(distances, similarities, highest_similarity)]
