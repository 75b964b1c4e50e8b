"""Light that falls on a head: soft light of surroundings and one lamp."""

import dataclasses

import numpy as np

from jaxunlearn.zoo.synthetic.light.harmonics import surroundings, turned

RGB = tuple[float, float, float]


@dataclasses.dataclass(frozen=True, eq=False)
class Light:
    """Soft light of the surroundings and one lamp. All colours are linear; together they make about 1.

    Attributes:
      around: [9, 3] coefficients of the surroundings' radiance, as from `surrounding_light`.
      direction: [3] towards the lamp, in world space, of any length.
      lamp: RGB of the lamp on a surface that faces it.
    """

    around: np.ndarray = dataclasses.field(default_factory=lambda: surrounding_light(*PORTRAIT_AROUND))
    direction: RGB = (0.50, 0.58, 0.70)
    lamp: RGB = (1.04, 0.97, 0.90)


def surrounding_light(name: str, angle: float, strength: RGB, colour: float) -> np.ndarray:
    """Return the coefficients [9, 3] of bundled surroundings.

    Args:
      name: a key of `surroundings()`.
      angle: turn about the vertical axis in radians.
      strength: RGB factors.
      colour: share of the surroundings' own colours that is kept, in [0, 1]; the rest is grey.
    """
    coefficients = turned(surroundings()[name], angle)
    grey = coefficients.mean(axis=1, keepdims=True)
    return ((colour * coefficients + (1 - colour) * grey) * strength).astype(np.float32)


PORTRAIT_AROUND = ("lab", 0.3, (0.33, 0.36, 0.41), 0.3)
"""Surroundings of the fixed portrait light: a room with high windows all around, cooler than the lamp."""
