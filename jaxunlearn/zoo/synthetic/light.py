"""Light that falls on a head."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Light:
    """One directional light and an even surrounding.

    Attributes:
      direction: [3] towards the light, in world space, of any length.
      ambient: share of the surrounding light, in [0, 1].
      tint: RGB factor of all colours.
    """

    direction: tuple[float, float, float] = (0.25, 0.45, 0.86)
    ambient: float = 0.42
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
