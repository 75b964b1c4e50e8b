"""A judge with thresholds for this generator, by the number and kind of views."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

import jax
import numpy as np

from jaxunlearn.evaluation.judges.judge import Judge
from jaxunlearn.evaluation.judges.strangers import Strangers

Setup = Literal["views", "wide", "single"]
"""What is compared: all views of the protocol, the wide views, or a single view. The more views, the less
strangers scatter, so each has its own threshold."""


@dataclasses.dataclass(frozen=True, eq=False)
class CalibratedJudge:
    """A judge, and how alike strangers of this generator are to it.

    Attributes:
      judge: the network, and what it sees.
      strangers: setup → pairs of strangers. Without them the judge's own threshold is used.
    """

    judge: Judge
    strangers: Mapping[Setup, Strangers] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        """See `Judge`, as all that the judge itself can do."""
        return self.judge.name

    @property
    def measure(self) -> str:
        """See `Judge`."""
        return self.judge.measure

    @property
    def align(self) -> str:
        """See `Judge`."""
        return self.judge.align

    @property
    def detector_origin(self) -> str | None:
        """See `Judge`."""
        return self.judge.detector_origin

    def embeddings(self, images: np.ndarray, c: jax.Array, batch: int) -> np.ndarray:
        """See `Judge`."""
        return self.judge.embeddings(images, c, batch)

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """See `Judge`."""
        return self.judge.similarity(a, b)

    def threshold(self, setup: Setup = "views") -> float | None:
        """Return the similarity from which on two people count as one; None if unknown."""
        known = self.strangers.get(setup)
        return self.judge.threshold if known is None else known.threshold

    def accepts(self, similarity: float | None, setup: Setup = "views") -> bool | None:
        """Return True if two people with this similarity count as one; None if it cannot be said."""
        threshold = self.threshold(setup)
        if threshold is None or similarity is None or np.isnan(similarity):
            return None
        return bool(similarity >= threshold)

    def rank(self, similarity: float | None, setup: Setup = "views") -> float | None:
        """Return the share of pairs of strangers that are at least as alike; None if unknown."""
        known = self.strangers.get(setup)
        if known is None or similarity is None or np.isnan(similarity):
            return None
        return known.rank(similarity)
