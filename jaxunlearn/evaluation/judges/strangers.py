"""How alike different people are to a judge: without it, a similarity says little."""

import dataclasses
from typing import Any, Self

import numpy as np

from jaxunlearn.errors import InputError

FAR = 0.01
"""False accept rate of all thresholds: one in a hundred pairs of strangers counts as one person."""

_LEVELS = np.round(np.linspace(0, 1, 201), 4)
_RESAMPLES = 200


@dataclasses.dataclass(frozen=True)
class Strangers:
    """Similarities of pairs of different people, all seen from the same views.

    Attributes:
      people, pairs: how many were compared; people without a face are not counted.
      quantiles: 201 similarities, of the levels 0, 0.005, ... 1.
      threshold: similarity that one in a hundred pairs reaches: the 99th percentile.
      interval: 95 % bootstrap interval of the threshold over people.
    """

    people: int
    pairs: int
    quantiles: tuple[float, ...]
    threshold: float
    interval: tuple[float, float]

    @classmethod
    def of(cls, similarity: np.ndarray, *, seed: int = 0) -> Self:
        """Sum up the similarities of all pairs.

        Args:
          similarity: `[N, N]`, symmetric; its diagonal is not used. NaN where a pair has no face.
          seed: of the bootstrap.

        Raises:
          InputError: if there are no two people with a face.
        """
        pairs = similarity[np.triu_indices(len(similarity), 1)]
        pairs = pairs[~np.isnan(pairs)]
        if not len(pairs):
            raise InputError("no two strangers with a face: the judge cannot be calibrated on this generator")
        compared = ~np.isnan(similarity) & ~np.eye(len(similarity), dtype=bool)
        rng = np.random.default_rng(seed)
        resampled = [_threshold_of_draw(similarity, rng) for _ in range(_RESAMPLES)]
        low, high = np.nanpercentile(resampled, [2.5, 97.5])
        return cls(
            people=int(compared.any(axis=1).sum()),
            pairs=len(pairs),
            quantiles=tuple(np.round(np.quantile(pairs, _LEVELS), 5).tolist()),
            threshold=float(np.quantile(pairs, 1 - FAR)),
            interval=(float(low), float(high)),
        )

    def rank(self, similarity: float) -> float:
        """Return the share of pairs of strangers that are at least as alike; 0: no such pair."""
        return float(1 - np.interp(similarity, self.quantiles, _LEVELS, left=0, right=1))

    def to_json(self) -> dict[str, Any]:
        """Return all values, ready for JSON."""
        return {
            **dataclasses.asdict(self),
            "quantiles": list(self.quantiles),
            "interval": list(self.interval),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return what `to_json` made."""
        return cls(
            **{**values, "quantiles": tuple(values["quantiles"]), "interval": tuple(values["interval"])}
        )


def _threshold_of_draw(similarity: np.ndarray, rng: np.random.Generator) -> float:
    """Return the threshold of people drawn with replacement; a person is no stranger to themselves."""
    drawn = rng.integers(0, len(similarity), len(similarity))
    table = similarity[np.ix_(drawn, drawn)]
    different = (drawn[:, None] != drawn) & ~np.isnan(table)
    return float(np.quantile(table[different], 1 - FAR)) if different.any() else np.nan
