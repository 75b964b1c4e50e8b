"""Find each judge's thresholds among strangers, people of the generator who are different for certain."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from jaxunlearn.evaluation.judges.calibrated import CalibratedJudge, Setup
from jaxunlearn.evaluation.judges.judge import Judge
from jaxunlearn.evaluation.judges.strangers import Strangers
from jaxunlearn.models.renderer import Renderer, from_all_views


def calibrate(
    judges: Sequence[Judge],
    renderer: Renderer,
    ws: jax.Array,
    views: Mapping[Setup, jax.Array],
    *,
    batch: int,
    progress: bool = True,
) -> tuple[CalibratedJudge, ...]:
    """Compare strangers with each other.

    Args:
      judges: who compares.
      renderer: of the source generator.
      ws: `[N, L, D]`, different people, N at least 2.
      views: "views" and "wide" → cameras `[V, 25]`; "single" is the middle one of "views".
      batch: images embedded at a time.
      progress: True shows a progress bar.

    Raises:
      InputError: if a judge finds no two faces.
    """
    tables: dict[str, dict[Setup, np.ndarray]] = {judge.name: {} for judge in judges}
    total = len(ws) * sum(map(len, views.values()))
    with tqdm(total=total, desc="strangers", unit="image", disable=not progress) as bar:
        for setup, c in views.items():
            seen = embed_people(judges, renderer, ws, c, batch, bar)
            for judge in judges:
                embedded, middle = seen[judge.name], len(c) // 2
                tables[judge.name][setup] = similarities(judge, embedded, embedded)
                if setup == "views":
                    alone = embedded[:, middle : middle + 1]
                    tables[judge.name]["single"] = similarities(judge, alone, alone)
    return tuple(
        CalibratedJudge(judge, {setup: Strangers.of(table) for setup, table in tables[judge.name].items()})
        for judge in judges
    )


def embed_people(
    judges: Sequence[Judge],
    renderer: Renderer,
    ws: jax.Array,
    views: jax.Array,
    batch: int,
    bar: "tqdm[Any] | None" = None,
) -> dict[str, np.ndarray]:
    """Embed many people from all views; unlike `embed_from_all`, it keeps no pictures, which saves memory.

    Args:
      judges: who sees the pictures.
      renderer: of the generator.
      ws: `[N, L, D]`, the people.
      views: `[V, 25]`; everybody is seen from the same.
      batch: images embedded at a time.
      bar: moves by one for each picture.

    Returns:
      Name of a judge → embeddings `[N, V, E]`.
    """
    parts: dict[str, list[np.ndarray]] = {judge.name: [] for judge in judges}
    latents, c = from_all_views(ws, views)
    start = 0
    for out in renderer.batches(latents, c):
        images = np.clip(out.image, -1, 1)
        for judge in judges:
            parts[judge.name].append(judge.embeddings(images, c[start : start + len(images)], batch))
        start += len(images)
        if bar is not None:
            bar.update(len(images))
    return {name: np.concatenate(rows).reshape(len(ws), len(views), -1) for name, rows in parts.items()}


def similarities(judge: Judge, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return how alike everybody of `[N, V, E]` and of `[M, V, E]` are, `[N, M]`; row by row, for memory."""
    return np.stack([judge.similarity(row, b) for row in a])
