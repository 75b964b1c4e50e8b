"""Surrogates without training: another synthetic person, unlike anybody forgotten, and as near as can be.

`N` forgotten people, `M` candidates, `L` rows of ws, `D` w_dim.
"""

import jax
import jax.numpy as jnp
import numpy as np

from eg3d_flax import Compute
from jaxunlearn.models.batched import CosineNetwork, embeddings
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.renderer import Renderer


def choose_nearest(distances: np.ndarray, similarities: np.ndarray, highest: float) -> np.ndarray:
    """Choose a surrogate for each person; nobody is chosen twice while there are enough candidates.

    Args:
      distances: `[N, M]`, distances of latents.
      similarities: `[N, M]`, identity similarities.
      highest: candidates that are more similar to any of the N people are left out. Where too few remain,
        the least similar ones are taken.

    Returns:
      Numbers of the chosen candidates, `[N]`.
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
    generator: Generator,
    identity: CosineNetwork,
    ws: np.ndarray,
    *,
    candidates: int,
    highest_similarity: float,
    key: jax.Array,
    compute: Compute,
    batch: int = 16,
) -> np.ndarray:
    """Return latents `[N, L, D]` of surrogates for people `[N, L, D]`; see `choose_nearest`.

    Args:
      generator: the source; it draws the candidates and renders everybody from the front.
      identity: the network that tells people apart; best another one than the judge.
      ws: the people.
      candidates: `M`, the number of candidates.
      highest_similarity: see `highest` of `choose_nearest`.
      key: random key of the candidates.
      compute: dtype and forms of computation.
      batch: images in a batch.
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
