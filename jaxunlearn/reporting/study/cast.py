"""Everybody whom a study shows, by numbers: the forgotten people, and others of the generator by seeds."""

from collections.abc import Collection, Sequence

import numpy as np

from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.renderer import latents_of_seeds

_SEEDS = 10**6
"""Seeds of others are drawn below: short ones are easier to read."""


class Cast:
    """The people of a study, each with a number from 0. The same latents are one person.

    Args:
      random: draws the seeds of others.
      taken: seeds that are not drawn: those of people who were forgotten. Other entries have no effect.
    """

    def __init__(self, random: np.random.Generator, taken: Collection[int | None]):
        self._random = random
        self._taken = set(taken)
        self._numbers: dict[bytes, int] = {}
        self._latents: dict[int, np.ndarray] = {}
        self.names: list[str] = []
        self.seeds: list[int | None] = []

    def add(self, name: str, seed: int | None, ws: np.ndarray) -> int:
        """Return the number of a person with latents `[L, D]`; their first name counts."""
        number = self._numbers.setdefault(ws.tobytes(), len(self.names))
        if number == len(self.names):
            self._latents[number] = ws
            self._append(name, seed)
        return number

    def draw(self, count: int) -> list[int]:
        """Return the numbers of other people of the generator, whom nobody forgot and nobody drew before."""
        numbers = []
        while len(numbers) < count:
            seed = int(self._random.integers(_SEEDS))
            if seed not in self._taken:
                self._taken.add(seed)
                numbers.append(len(self.names))
                self._append(f"seed {seed}", seed)
        return numbers

    def latents(self, source: Generator) -> np.ndarray:
        """Return the latents of all people, `[P, L, D]`; those of seeds from the mapping of the source."""
        drawn = [number for number in range(len(self.names)) if number not in self._latents]
        known = dict(self._latents)
        if drawn:
            seeds = [seed for seed in _picked(self.seeds, drawn) if seed is not None]
            ws = latents_of_seeds(source, seeds, conditioning_view(source.config))
            known |= dict(zip(drawn, np.asarray(ws), strict=True))
        return np.stack([known[number] for number in range(len(self.names))])

    def _append(self, name: str, seed: int | None) -> None:
        self.names.append(name)
        self.seeds.append(seed)


def _picked(values: Sequence[int | None], numbers: Sequence[int]) -> list[int | None]:
    return [values[number] for number in numbers]
