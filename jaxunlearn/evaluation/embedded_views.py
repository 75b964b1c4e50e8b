"""Render people from several views, and embed the pictures by all judges."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from jaxunlearn.evaluation.judges import CalibratedJudge, Judge
from jaxunlearn.models.renderer import Renderer, from_all_views


class EmbeddedViews(NamedTuple):
    """`N` latents from `V` views."""

    images: np.ndarray
    """`[N, V, R, R, 3]` in [-1, 1]."""

    embeddings: dict[str, np.ndarray]
    """Name of a judge → `[N, V, E]`."""


def embed_from_all(
    renderer: Renderer, judges: Sequence[CalibratedJudge], ws: jax.Array, views: jax.Array, batch: int
) -> EmbeddedViews:
    """Render latents from all views, and embed the pictures.

    Args:
      renderer: of the generator.
      judges: who sees the pictures.
      ws: `[N, L, D]`, N at least 1.
      views: `[V, 25]`; all latents are seen from the same.
      batch: images embedded at a time.
    """
    each = embed_each(renderer, judges, *from_all_views(ws, views), batch)

    def by_person(x: np.ndarray) -> np.ndarray:
        return x.reshape(len(ws), len(views), *x.shape[2:])

    embeddings = {name: by_person(rows) for name, rows in each.embeddings.items()}
    return EmbeddedViews(by_person(each.images), embeddings)


def embed_each(
    renderer: Renderer, judges: Sequence[CalibratedJudge], ws: jax.Array, c: jax.Array, batch: int
) -> EmbeddedViews:
    """Render latents `[N, L, D]`, each from its own camera `[N, 25]`, and embed the pictures; V = 1."""
    images = np.clip(renderer(ws, c).image, -1, 1)
    return EmbeddedViews(images[:, None], embeddings_of(judges, images, c, batch))


def embeddings_of(
    judges: Sequence[Judge | CalibratedJudge], images: np.ndarray, c: jax.Array, batch: int
) -> dict[str, np.ndarray]:
    """Embed pictures `[N, R, R, 3]` with cameras `[N, 25]`, one view each.

    Returns:
      Name of a judge → `[N, 1, E]`; NaN where no face was found.
    """
    return {judge.name: judge.embeddings(images, c, batch)[:, None] for judge in judges}
