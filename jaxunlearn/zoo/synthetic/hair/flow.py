"""How hair lies: coordinates across and along the strands of a combed head.

Seen from above, with distances from the crown kept, hair falls to both sides of a line from the whorl at the
back to the front. Its strands are the hyperbolas whose foci are the ends of that line. Far from the line they
run straight away from it; a short line gives hair that is combed out of the whorl.
"""

import dataclasses

import numpy as np

from jaxunlearn.zoo.synthetic.hair.grid import CENTRE, HairGrid

HEAD_RADIUS = 0.9
"""Template units per radian on the scalp."""


@dataclasses.dataclass(frozen=True, eq=False)
class Flow:
    """Coordinates of each ray of the grid, [H] each.

    Attributes:
      across: radians, constant along a strand; 0 in front, ±π at the back, with a jump at the parting.
      along: template units from the parting.
      spread: width in template units of a radian of `across`.
    """

    across: np.ndarray
    along: np.ndarray
    spread: np.ndarray


def seen_from_above(grid: HairGrid) -> np.ndarray:
    """Return the grid unrolled around the crown: complex [H], x to the left, imaginary part to the front."""
    below = np.maximum(CENTRE[1] - grid.origins[:, 1], 0)
    angle = np.arccos(np.clip(grid.directions[:, 1], -1, 1)) + below / HEAD_RADIUS
    return angle * (np.sin(grid.azimuth) + 1j * np.cos(grid.azimuth))


def flow(grid: HairGrid, parting: float, reach: float) -> Flow:
    """Comb the hair.

    Args:
      grid: the rays.
      parting: -1 to 1, which side the line is on.
      reach: 0 (combed out of the whorl) to 1 (parted to the front).
    """
    whorl = 0.12 * parting - 0.62j
    front = whorl + (0.14 + 0.86 * reach) * ((0.46 * parting + 0.86j) - whorl)
    middle, half = (whorl + front) / 2, (front - whorl) / 2
    w = (seen_from_above(grid) - middle) / half
    # A point of the line itself belongs to neither side.
    along_line = np.arccosh(w + 1e-6j)
    mu, nu = np.abs(np.real(along_line)), np.imag(along_line)
    length = np.abs(half) * HEAD_RADIUS
    return Flow(
        across=nu,
        along=length * np.sinh(mu),
        spread=length * np.sqrt(np.sinh(mu) ** 2 + np.sin(nu) ** 2),
    )
