"""Random numbers of a step; tests replace them by known ones, so each draw has a name."""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor


class Draws(Protocol):
    """A source of random numbers."""

    def normal(self, name: str, shape: list[int]) -> Tensor:
        """Draw standard normal numbers on the device."""
        ...

    def uniform(self, name: str, shape: list[int]) -> Tensor:
        """Draw numbers in [0, 1) on the device."""
        ...

    def number(self, name: str) -> float:
        """Draw one number in [0, 1) on the host."""
        ...


class RandomDraws:
    """Random numbers from the generators of PyTorch and NumPy; names are not used."""

    def __init__(self, device: torch.device, seed: int):
        self._device = device
        self._host = np.random.default_rng(seed)

    def normal(self, name: str, shape: list[int]) -> Tensor:
        """See `Draws`."""
        del name
        return torch.randn(shape, device=self._device)

    def uniform(self, name: str, shape: list[int]) -> Tensor:
        """See `Draws`."""
        del name
        return torch.rand(shape, device=self._device)

    def number(self, name: str) -> float:
        """See `Draws`."""
        del name
        return float(self._host.random())


class Named:
    """Draws whose names get a prefix."""

    def __init__(self, draws: Draws, prefix: str):
        self._draws, self._prefix = draws, prefix

    def normal(self, name: str, shape: list[int]) -> Tensor:
        """See `Draws`."""
        return self._draws.normal(f"{self._prefix}.{name}", shape)

    def uniform(self, name: str, shape: list[int]) -> Tensor:
        """See `Draws`."""
        return self._draws.uniform(f"{self._prefix}.{name}", shape)

    def number(self, name: str) -> float:
        """See `Draws`."""
        return self._draws.number(f"{self._prefix}.{name}")
