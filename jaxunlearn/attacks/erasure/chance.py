"""Areas under the ROC curve, with intervals over people and p-values against random labels.

`N` forgotten and `M` retained people.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95


class Wins(NamedTuple):
    """Comparisons of each forgotten person with each retained person."""

    share: np.ndarray
    """`[N, M]`, share of comparisons in which the forgotten person is more conspicuous; a tie is a half."""

    comparisons: np.ndarray
    """`[N, M]`, number of comparisons; 0 where a pair was never compared."""

    @property
    def auc(self) -> float:
        """Area under the ROC curve: the share of all comparisons that the forgotten win."""
        return float(np.sum(self.share * self.comparisons) / np.sum(self.comparisons))


def wins_of_scores(forgotten: np.ndarray, retained: np.ndarray) -> Wins:
    """Compare the scores of forgotten people `[N]` with those of retained people `[M]`."""
    margin = forgotten[:, None] - retained
    return Wins(np.where(margin == 0, 0.5, margin > 0), np.ones_like(margin))


class Resamplings(NamedTuple):
    """How often each draw of a bootstrap holds each person; `S` draws."""

    forgotten: np.ndarray
    """`[S, N]`."""

    retained: np.ndarray
    """`[S, M]`."""

    @classmethod
    def draw(cls, forgotten: int, retained: int, draws: int, seed: int) -> "Resamplings":
        """Draw both kinds of people with replacement, `draws` times."""
        rng = np.random.default_rng((seed, 1))
        return cls(
            *(rng.multinomial(count, np.full(count, 1 / count), draws) for count in (forgotten, retained))
        )

    def aucs(self, wins: Wins) -> np.ndarray:
        """Return the AUC of each draw, `[S]`; NaN if none of its pairs was ever compared."""
        won = np.sum(self.forgotten @ (wins.share * wins.comparisons) * self.retained, axis=1)
        compared = np.sum(self.forgotten @ wins.comparisons * self.retained, axis=1)
        return np.divide(won, compared, out=np.full(len(won), np.nan), where=compared > 0)


def percentile_interval(values: np.ndarray) -> list[float]:
    """Return the interval with 95 % of the values `[S]` of a bootstrap; NaN is left out."""
    tail = 50 * (1 - CONFIDENCE)
    return [float(bound) for bound in np.nanpercentile(values, [tail, 100 - tail])]


class PValues(NamedTuple):
    """How often random labels give as strong a result."""

    each: Mapping[str, float]
    """Name of a detector → its p-value, two-sided."""

    strongest: float
    """p-value of the strongest detector, corrected for having chosen it among all."""


def p_values(
    detectors: Mapping[str, Callable[[np.ndarray], Wins]],
    people: int,
    permutations: int,
    seed: int,
    tick: Callable[[], object],
) -> PValues:
    """Compare detectors with themselves on people who are called forgotten at random.

    Args:
      detectors: see `detectors`.
      people: `N + M`.
      permutations: number of random relabellings.
      seed: of the relabellings.
      tick: called after each of them.
    """
    rng = np.random.default_rng((seed, 2))
    strength = {name: abs(detect(np.arange(people)).auc - 0.5) for name, detect in detectors.items()}
    reached, strongest_reached = dict.fromkeys(detectors, 1), 1
    for _ in range(permutations):
        order = rng.permutation(people)
        random = {name: abs(detect(order).auc - 0.5) for name, detect in detectors.items()}
        for name, value in random.items():
            reached[name] += value >= strength[name] - 1e-9
        strongest_reached += max(random.values()) >= max(strength.values()) - 1e-9
        tick()
    each = {name: float(count / (permutations + 1)) for name, count in reached.items()}
    return PValues(each, float(strongest_reached / (permutations + 1)))
