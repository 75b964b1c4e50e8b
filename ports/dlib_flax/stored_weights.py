"""Weights as they are stored: one byte a number, with a scale and a smallest value for each array."""

import dataclasses
from collections.abc import Mapping

import numpy as np


@dataclasses.dataclass(frozen=True)
class StoredWeights:
    """The arrays of a network, most of them in 8 bits.

    Attributes:
      arrays: name → array, uint8 or float32. A name is the attribute path in `DlibResNet`, joined by dots.
      steps: name → (scale, smallest value) of each uint8 array.
    """

    arrays: Mapping[str, np.ndarray]
    steps: Mapping[str, tuple[float, float]]

    def decoded(self) -> dict[str, np.ndarray]:
        """Return name → float32 array.

        Computed in double and rounded once, as TensorFlow.js does. In float32 the descriptors would be off by
        more than 1e-5.
        """
        return {
            name: _decode(array, *self.steps[name]) if name in self.steps else array
            for name, array in self.arrays.items()
        }


def _decode(array: np.ndarray, scale: float, smallest: float) -> np.ndarray:
    return (array.astype(np.float64) * scale + smallest).astype(np.float32)
