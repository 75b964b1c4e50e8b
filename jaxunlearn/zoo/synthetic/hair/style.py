"""A hairdo on the grid: how thick the hair is, where it ends, and how it lies."""

import dataclasses
import math

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.hair.flow import Flow, flow
from jaxunlearn.zoo.synthetic.hair.grid import HairGrid, smoothstep
from jaxunlearn.zoo.synthetic.hair.strands import curls, wave_fades
from jaxunlearn.zoo.synthetic.person import Hair

HIDDEN = -0.10
"""Thickness where no hair grows: safely under the skin."""


@dataclasses.dataclass(frozen=True, eq=False)
class Hairdo:
    """A hairdo on the `H` rays of the grid. Lengths in template units.

    Attributes:
      thickness: [H] distance from the skin; negative under it.
      outline: [H] signed distance from the longest ends, positive inside the hairdo.
      raggedness: [H] how much shorter the shortest locks are.
      locks: [H] height of the locks, about [-1, 1].
      flow: how the hair lies.
    """

    thickness: np.ndarray
    outline: np.ndarray
    raggedness: np.ndarray
    locks: np.ndarray
    flow: Flow


def inside_hairline(points: np.ndarray, azimuth: np.ndarray, hair: Hair) -> np.ndarray:
    """Return the signed distance [n] of rest points [n, 3] from the hairline.

    It is positive where hair grows, in template units along the scalp.
    """
    side, height = np.abs(azimuth), points[:, 1]
    # Highest over the corners of the forehead; baldness begins here.
    forehead = np.interp(side, [0.0, 0.25, 0.55, 0.8, 1.0, 1.15], [8.03, 8.05, 8.08, 8.00, 7.72, 7.35])
    corners = smoothstep(0.2, 0.55, side) * smoothstep(1.2, 0.8, side)
    forehead = forehead + hair.hairline * (1 + 1.2 * corners) - 0.05 * hair.parting * np.sin(2 * azimuth)
    # First the hair recedes in front; then the top is bared, and a wreath remains.
    wreath = smoothstep(0.5, 0.9, hair.bald)
    lift = 0.62 * hair.bald + 0.75 * wreath * smoothstep(0.7, 1.15, side)
    above = height - forehead - lift * smoothstep(7.5, 8.0, height)
    # In front of the ear down to a sideburn, over the ear, behind it down to the nape.
    contour = np.interp(
        side, [0.9, 1.25, 1.45, 1.75, 2.05, 2.4, np.pi], [7.3, 7.05, 7.12, 7.50, 7.1, 6.72, 6.62]
    )
    behind = np.minimum(0.75 * (side - 1.12 - 0.25 * smoothstep(7.5, 7.1, height)), height - contour)
    bared = 0.8 * wreath * smoothstep(7.7, 8.1, height)
    return np.maximum(above, np.minimum(behind, 0.6) - bared)


def over_forehead(points: np.ndarray, azimuth: np.ndarray, hair: Hair) -> np.ndarray:
    """Return the signed distance [n] of rest points [n, 3] from the ends of the fringe."""
    side, height = np.abs(azimuth), points[:, 1]
    # Combed to one side of a parting, and a little shorter in the middle than at the temples.
    lean = 0.5 + 0.5 * np.tanh(2.2 * (2 * hair.parting * np.sin(azimuth) + 1 - abs(hair.parting)))
    lower = 8.06 - 0.50 * hair.fringe * lean * (1 + 0.2 * smoothstep(0.3, 1.0, side))
    return np.minimum(np.minimum(height - lower, 0.9 * (1.15 - side)), 8 * (hair.fringe - 0.02))


def hanging(points: np.ndarray, azimuth: np.ndarray, hair: Hair) -> tuple[np.ndarray, np.ndarray]:
    """Return the signed distances [n] from the lower ends and from the front edge of long hair."""
    side, height = np.abs(azimuth), points[:, 1]
    end = 7.5 - 2.0 * hair.length + 0.1 * np.cos(azimuth)
    front = 1.13 + 0.16 * (1 - hair.length) + 0.10 * smoothstep(7.3, 6.5, height) * (1 - hair.curl)
    grows = 3 * (hair.length - 0.12)
    return np.minimum(height - end, grows), np.minimum(0.85 * (side - front), grows)


@numba.njit(cache=True, error_model="numpy")
def lock_heights(across: np.ndarray, along: np.ndarray, spread: np.ndarray, curl: float) -> np.ndarray:
    """Return the height [H] of locks, about [-1, 1]: long ridges, or bumps if the hair is curly."""
    heights = np.empty_like(across)
    for ray in range(across.shape[0]):
        s, t, width = across[ray], along[ray], spread[ray]
        ridges = 0.6 * math.sin(9 * s + 1.2 * math.sin(2.1 * t + 2 * s)) * wave_fades(9, 0.6 * width)
        ridges += 0.5 * math.sin(17 * s + 1.5 * math.sin(1.6 * t) + 1.0) * wave_fades(17, 0.6 * width)
        heights[ray] = (1 - curl) * ridges + curl * curls(s, t, width)
    return heights


def dress(grid: HairGrid, hair: Hair) -> Hairdo:
    """Return the hairdo of a person."""
    azimuth, height = grid.azimuth, grid.origins[:, 1]
    scalp = inside_hairline(grid.origins, azimuth, hair)
    fringe = over_forehead(grid.origins, azimuth, hair)
    above_end, behind_front = hanging(grid.origins, azimuth, hair)
    hangs = np.minimum(above_end, behind_front)
    outline = np.maximum(np.maximum(scalp, fringe), hangs)

    reach = float(smoothstep(0.15, 0.6, hair.length + 0.35 * abs(hair.parting))) * (1 - 0.75 * hair.fringe)
    lies = flow(grid, hair.parting, reach * (1 - hair.curl))
    locks = lock_heights(lies.across, lies.along, lies.spread, hair.curl)

    top = smoothstep(7.2, 8.35, height)
    thickness = hair.volume * (0.42 + 0.58 * top) * (1 - 0.6 * hair.bald)
    thickness = thickness + 0.06 * hair.length * (1 - top)
    # A furrow along the parting; the hair lifts beside it.
    furrow = reach * (1 - hair.curl) * np.exp(-((lies.along / 0.10) ** 2))
    thickness = thickness * (1 - 0.45 * furrow)
    thickness = thickness + 0.04 * hair.volume / 0.3 * hair.parting * np.sin(azimuth) * top
    # Only hair of some length leaves the head; its ends bend inwards a little, and its front edge wholly.
    hang = grid.hang * smoothstep(0.3, 0.65, hair.length) * (0.8 + 0.2 * smoothstep(0.0, 0.4, above_end))
    hang = hang * smoothstep(-0.02, 0.14, behind_front)
    # Hair rises from the hairline, and stands off where its ends lie on the skin.
    ends = np.maximum(fringe, np.minimum(above_end, 4 * behind_front))
    loose = smoothstep(-0.06, 0.05, ends) * (1 - smoothstep(0.0, 0.12, scalp))
    cover = np.maximum(smoothstep(-0.02, 0.22, outline), 0.38 * loose)
    relief = (0.018 + 0.012 * hair.length + 0.035 * hair.curl) * locks
    thickness = thickness * cover + relief * smoothstep(0.0, 0.15, outline)
    thickness = np.where(outline > -0.05, 0.012 + thickness, HIDDEN) + hang

    short = 0.035 + 0.05 * hair.curl
    raggedness = short + (0.15 - 0.05 * hair.curl) * loose
    return Hairdo(thickness, outline + 0.4 * raggedness, raggedness, locks, lies)
