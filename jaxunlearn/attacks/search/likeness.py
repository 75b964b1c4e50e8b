"""Sum up how alike a person and the latents are that an attack found. `K` latents, `M` photos."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.evaluation.judges.answers import any_known, count_true


def most_alike(pairs: Sequence[dict[str, Any]], label: str) -> dict[str, Any]:
    """Return the figures of the pair that is most alike.

    Args:
      pairs: of one judge, as `Attacked.compared` returns them.
      label: key of the highest similarity.

    Returns:
      The highest similarity, its `stranger_rank`, `accepted`, and all similarities in `values`. None where no
      face was found or no strangers are known.
    """
    values = [pair["similarity"] for pair in pairs]
    known = [pair for pair in pairs if pair["similarity"] is not None]
    best = max(known, key=lambda pair: pair["similarity"], default={})
    return {
        label: best.get("similarity"),
        "stranger_rank": best.get("stranger_rank"),
        "accepted": best.get("accepted"),
        "values": values,
    }


def alike_to_photos(judge: CalibratedJudge, photos: np.ndarray, found: np.ndarray) -> dict[str, Any]:
    """Compare single photos with single pictures.

    Args:
      judge: who compares; its strangers of the setup "single" are used.
      photos: `[M, E]`, embeddings of photos, M at least 1.
      found: `[K, E]`, embeddings of what was found.

    Returns:
      `similarity`: the highest. `stranger_rank`: of it. `accepted`: number of photos that count as the same
      person as any of the K pictures. `photos`: number of photos. `values`: for each photo the highest. None
      where no face was found or no threshold is known.
    """
    table = judge.similarity(photos[:, None, None], found[None, :, None])
    values = [None if np.isnan(row).all() else float(np.nanmax(row)) for row in table]
    highest = max((value for value in values if value is not None), default=None)
    return {
        "similarity": highest,
        "stranger_rank": judge.rank(highest, "single"),
        "accepted": count_true(judge.accepts(value, "single") for value in values),
        "photos": len(values),
        "values": values,
    }


def any_accepts(judges: dict[str, dict[str, Any]]) -> bool | None:
    """Return True if any judge accepts, from the figures of `most_alike`; None if none of them can say."""
    return any_known(figures["accepted"] for figures in judges.values())


def distances(ws: Any, point: Any) -> np.ndarray:
    """Return the Euclidean distances `[K]` of latents `[K, L, D]` from a latent `[L, D]` or `[D]`."""
    return np.sqrt(np.square(np.asarray(ws) - np.asarray(point)).sum(axis=(-2, -1)))


def finite(values: np.ndarray) -> list[float | None]:
    """Return numbers ready for JSON; None for those that are not finite."""
    return [float(value) if np.isfinite(value) else None for value in values]


def index_of_best(values: Sequence[float | None]) -> int:
    """Return the place of the highest similarity; 0 if no face was found."""
    return int(np.argmax([-np.inf if value is None else value for value in values]))
