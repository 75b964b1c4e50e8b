"""Settings of the search for erased people."""

import dataclasses
import math
from typing import Self

from jaxunlearn.attacks.depth import Depth
from jaxunlearn.limits import MAX_YAW, PITCH


@dataclasses.dataclass(frozen=True)
class ErasureSettings:
    """How many people an attacker looks at, and how carefully chance is ruled out.

    Attributes:
      background: number of random people that the attacker takes as never forgotten; densities and
        expectations are fitted on them.
      retained: number of other random people, among whom the forgotten have to be noticed.
      views: number of views of each person, spread evenly over the yaws.
      max_yaw: largest yaw to either side, in radians.
      pitch: of all views, in radians of the official sampler.
      folds: number of parts of the cross-validation of the classifier.
      fold_draws: number of random divisions into folds.
      bootstrap_draws: number of resamplings of the people for an interval.
      permutations: number of random relabellings for a p-value; the smallest p-value is 1 / (permutations +
        1).
      batch: images rendered and described at a time.
      seed: of the random people, folds, resamplings and relabellings.
    """

    background: int = 256
    retained: int = 128
    views: int = 5
    max_yaw: float = math.radians(MAX_YAW)
    pitch: float = PITCH
    folds: int = 5
    fold_draws: int = 4
    bootstrap_draws: int = 2000
    permutations: int = 199
    batch: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.background, self.retained) < 2 * self.folds or self.folds < 2:
            raise ValueError(
                f"background ({self.background}) and retained ({self.retained}) must each be at least "
                f"twice folds ({self.folds}), which must be at least 2"
            )
        if min(self.views, self.fold_draws, self.bootstrap_draws, self.permutations, self.batch) < 1:
            raise ValueError("views, fold_draws, bootstrap_draws, permutations and batch must be at least 1")

    @classmethod
    def at_depth(cls, depth: Depth) -> Self:
        """Return the settings of a depth: "quick" for a first look, "thorough" for a table."""
        if depth == "quick":
            return cls(
                background=64, retained=40, views=3, fold_draws=2, bootstrap_draws=500, permutations=99
            )
        if depth == "thorough":
            return cls(background=512, retained=400, views=11, bootstrap_draws=10_000, permutations=999)
        return cls()
