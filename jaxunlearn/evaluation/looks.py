"""Render people from several views, and show the pictures to all judges."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.models.renderer import Renderer


class Look(NamedTuple):
    """`N` latents from `V` views."""

    images: np.ndarray
    """`[N, V, R, R, 3]` in [-1, 1]."""

    embeddings: dict[str, np.ndarray]
    """Name of a judge → `[N, V, E]`."""


def look(
    renderer: Renderer, judges: Sequence[CalibratedJudge], ws: jax.Array, views: jax.Array, batch: int
) -> Look:
    """Render latents from views, and embed the pictures.

    Args:
      renderer: of the generator.
      judges: who sees the pictures.
      ws: `[N, L, D]`, N at least 1.
      views: `[V, 25]`; all latents are seen from the same.
      batch: images embedded at a time.
    """
    each = look_each(
        renderer, judges, jnp.repeat(ws, len(views), axis=0), jnp.tile(views, (len(ws), 1)), batch
    )

    def by_person(x: np.ndarray) -> np.ndarray:
        return x.reshape(len(ws), len(views), *x.shape[2:])

    return Look(by_person(each.images), {name: by_person(rows) for name, rows in each.embeddings.items()})


def look_each(
    renderer: Renderer, judges: Sequence[CalibratedJudge], ws: jax.Array, c: jax.Array, batch: int
) -> Look:
    """Render latents `[N, L, D]`, each from its own camera `[N, 25]`, and embed the pictures; V = 1."""
    images = np.clip(renderer(ws, c).image, -1, 1)
    embeddings = {judge.name: judge.judge.embeddings(images, c, batch)[:, None] for judge in judges}
    return Look(images[:, None], embeddings)
