"""Head hair as one closed surface around the cranium.

The surface is a grid of rays. Half a sphere of them starts at the centre of the cranium. Below it, horizontal
rays start at a vertical axis, so that hair can hang. The radius on each ray is the head's own radius plus the
thickness of the hair. Outside the hairdo the thickness is negative, and the surface hides under the skin. So
the hairline is where two smooth surfaces meet, without cut edges or loose strips. Every style is a function
on the grid.
"""

import dataclasses

import numba
import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import KDTree

from jaxunlearn.zoo.synthetic.anatomy import SKIN, Anatomy
from jaxunlearn.zoo.synthetic.person import Hair

CENTRE = np.array([0.0, 7.55, 0.45])
AZIMUTHS, ELEVATIONS, LEVELS = 72, 16, 28
LOWEST = 5.35
HIDDEN = -0.10
"""Thickness where no hair grows: safely under the skin."""
FACE_AZIMUTH, FACE_TOP = 1.09, 7.35
"""Azimuth and height of the face: in front of the one and below the other, the surface is open."""


@dataclasses.dataclass(frozen=True, eq=False)
class HairGrid:
    """The rays in rest position: `H` = rows x AZIMUTHS, row by row from the crown down.

    Attributes:
      origins: [H, 3] points on the skin without ears, or where neck and shoulders would be.
      directions: [H, 3] unit directions.
      azimuth: [H] radians, 0 in front, positive towards the person's left.
      hang: [H] distance from the skin of hair that hangs from the widest point above.
      triangles: [T, 3] vertex indices, counter-clockwise seen from outside.
      binding: ([H, k] skin vertices, [H, k] weights): each ray moves with these vertices.
    """

    origins: np.ndarray
    directions: np.ndarray
    azimuth: np.ndarray
    hang: np.ndarray
    triangles: np.ndarray
    binding: tuple[np.ndarray, np.ndarray]


@numba.njit(cache=True, error_model="numpy")
def outermost_hits(
    origins: np.ndarray, directions: np.ndarray, vertices: np.ndarray, triangles: np.ndarray
) -> np.ndarray:
    """Return the largest distance along each ray to a triangle (Möller-Trumbore), or 0 without a hit."""
    farthest = np.zeros(origins.shape[0])
    for t in range(triangles.shape[0]):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        cx, cy, cz = vertices[i, 0], vertices[i, 1], vertices[i, 2]
        ax, ay, az = vertices[j, 0] - cx, vertices[j, 1] - cy, vertices[j, 2] - cz
        bx, by, bz = vertices[k, 0] - cx, vertices[k, 1] - cy, vertices[k, 2] - cz
        for r in range(origins.shape[0]):
            dx, dy, dz = directions[r, 0], directions[r, 1], directions[r, 2]
            px, py, pz = dy * bz - dz * by, dz * bx - dx * bz, dx * by - dy * bx
            determinant = ax * px + ay * py + az * pz
            if abs(determinant) < 1e-12:
                continue
            sx, sy, sz = origins[r, 0] - cx, origins[r, 1] - cy, origins[r, 2] - cz
            u = (sx * px + sy * py + sz * pz) / determinant
            if u < -1e-6 or u > 1 + 1e-6:  # rays through an edge must not slip between two triangles
                continue
            qx, qy, qz = sy * az - sz * ay, sz * ax - sx * az, sx * ay - sy * ax
            v = (dx * qx + dy * qy + dz * qz) / determinant
            if v < -1e-6 or u + v > 1 + 1e-6:
                continue
            farthest[r] = max(farthest[r], (bx * qx + by * qy + bz * qz) / determinant)
    return farthest


def smoothstep(low: float, high: float, x: ArrayLike) -> np.ndarray:
    """Return 0 below `low`, 1 above `high`, and a smooth transition between."""
    t = np.clip((np.asarray(x) - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def make_grid(anatomy: Anatomy) -> HairGrid:
    """Build the hair grid: cast its rays on the template."""
    azimuth = np.linspace(-np.pi, np.pi, AZIMUTHS, endpoint=False)
    elevation = np.concatenate([np.linspace(np.pi / 2, 0, ELEVATIONS, endpoint=False), np.zeros(LEVELS)])
    height = np.concatenate([np.full(ELEVATIONS, CENTRE[1]), np.linspace(CENTRE[1], LOWEST, LEVELS)])
    rows = len(height)
    directions = np.stack(
        [
            np.cos(elevation)[:, None] * np.sin(azimuth),
            np.broadcast_to(np.sin(elevation)[:, None], (rows, AZIMUTHS)),
            np.cos(elevation)[:, None] * np.cos(azimuth),
        ],
        axis=-1,
    )
    axis = np.broadcast_to(
        np.stack([0 * height, height, 0 * height + CENTRE[2]], -1)[:, None], directions.shape
    )

    is_ear = anatomy.masks["ears"][anatomy.triangles].max(1) > 0.02
    with_ears = anatomy.triangles[anatomy.part == SKIN]
    skin = anatomy.triangles[(anatomy.part == SKIN) & ~is_ear]
    # Below the chin the shoulders are in the way: the radius of the neck is used there.
    cast_height = np.maximum(height, 6.15)
    cast_axis = axis.copy()
    cast_axis[..., 1] = cast_height[:, None]
    rays = cast_axis.reshape(-1, 3), directions.reshape(-1, 3), anatomy.vertices.astype(np.float64)
    radius = outermost_hits(*rays, skin).reshape(rows, AZIMUTHS)
    meets_ear = outermost_hits(*rays, with_ears).reshape(rows, AZIMUTHS) > radius + 1e-6
    radius = bridge(azimuth, radius, meets_ear)
    widest = np.maximum.accumulate(np.where(np.abs(azimuth) > 0.8, radius, 0), axis=0)
    hang = np.maximum(widest - radius, 0) * smoothstep(7.55, 7.0, height)[:, None]

    origins = axis + radius[..., None] * directions
    skin_vertices = np.unique(skin)
    cast_points = (cast_axis + radius[..., None] * directions).reshape(-1, 1, 3)
    _, nearest = KDTree(anatomy.vertices[skin_vertices]).query(cast_points[:, 0], k=4)
    distance = np.linalg.norm(anatomy.vertices[skin_vertices][nearest] - cast_points, axis=-1)
    weights = 1 / (distance + 0.02) ** 2
    quad = np.arange((rows - 1) * AZIMUTHS).reshape(rows - 1, AZIMUTHS)
    right = np.roll(quad, -1, axis=1)
    below, below_right = quad + AZIMUTHS, right + AZIMUTHS
    triangles = np.concatenate(
        [
            np.stack([quad, below, below_right], -1).reshape(-1, 3),
            np.stack([quad, below_right, right], -1).reshape(-1, 3),
        ]
    )
    is_face = (np.abs(azimuth) < FACE_AZIMUTH) & (height[:, None] < FACE_TOP)
    triangles = triangles[~is_face.ravel()[triangles].all(1)]
    return HairGrid(
        origins=origins.reshape(-1, 3),
        directions=directions.reshape(-1, 3),
        azimuth=np.broadcast_to(azimuth, (rows, AZIMUTHS)).ravel(),
        hang=hang.ravel(),
        triangles=triangles.astype(np.int32),
        binding=(skin_vertices[nearest], weights / weights.sum(1, keepdims=True)),
    )


def carried_along(grid: HairGrid, fields: np.ndarray) -> np.ndarray:
    """Return displacements [K, H, 3] of the grid for displacements [K, N, 3] of the skin at its roots."""
    bound, weights = grid.binding
    moved = np.zeros((len(fields), *grid.origins.shape), np.float32)
    for corner in range(bound.shape[1]):
        moved += fields[:, bound[:, corner]] * weights[:, corner, None].astype(np.float32)
    moved = moved.reshape(len(fields), -1, AZIMUTHS, 3)
    height = grid.origins[::AZIMUTHS, 1]
    for row in np.flatnonzero(height < 7.45):
        here = moved[:, row]
        even = here / 2 + (np.roll(here, 1, axis=1) + np.roll(here, -1, axis=1)) / 4
        moved[:, row] = 0.85 * moved[:, row - 1] + 0.15 * even
    return moved.reshape(len(fields), -1, 3)


def bridge(azimuth: np.ndarray, radius: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Interpolate radii [rows, AZIMUTHS] along each row over the holes of the ears."""
    filled = radius.copy()
    for row, missing in enumerate(hole):
        filled[row, missing] = np.interp(
            azimuth[missing], azimuth[~missing], radius[row, ~missing], period=2 * np.pi
        )
    return filled


def inside_hairline(points: np.ndarray, azimuth: np.ndarray, hair: Hair) -> np.ndarray:
    """Return the signed distance [n] of rest points [n, 3] from the hairline.

    It is positive where hair grows, in template units along the scalp.
    """
    side, height = np.abs(azimuth), points[:, 1]
    forehead = 7.94 + hair.hairline * (1 + 1.6 * smoothstep(0.25, 0.75, side) * smoothstep(1.3, 0.85, side))
    forehead = forehead - 0.05 * hair.parting * np.sin(2 * azimuth)
    above = height - forehead
    # In front of the ear down to a sideburn, over the ear, behind it down to the nape.
    contour = np.interp(
        side, [0.9, 1.25, 1.45, 1.75, 2.05, 2.4, np.pi], [7.3, 7.05, 7.12, 7.50, 7.1, 6.72, 6.62]
    )
    behind = np.minimum(0.75 * (side - 1.12 - 0.25 * smoothstep(7.5, 7.1, height)), height - contour)
    distance = np.maximum(above, behind)
    crown = smoothstep(7.55, 8.05, height) * smoothstep(2.9, 2.2, side * smoothstep(8.3, 7.8, height))
    return distance - hair.bald * crown * (0.25 + np.maximum(distance, 0))


def waves(azimuth: np.ndarray, along: np.ndarray, hair: Hair) -> np.ndarray:
    """Return the pattern of locks on the grid, about [-1, 1], finer and rounder for curly hair."""
    strands = np.sin(9 * azimuth + 1.5 * np.sin(2.1 * along)) + 0.6 * np.sin(17 * azimuth + 2.3 * along + 1.0)
    curls = np.sin(11 * azimuth + 2 * np.sin(7 * along)) * np.sin(12 * along + 2 * np.sin(3 * azimuth))
    return (1 - hair.curl) * 0.6 * strands + hair.curl * curls


def style(grid: HairGrid, hair: Hair) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the thickness, the signed distance from the hairdo's outline, and the locks, [H] each."""
    side, height = np.abs(grid.azimuth), grid.origins[:, 1]
    scalp = inside_hairline(grid.origins, grid.azimuth, hair)

    # The fringe falls over the forehead, more on one side if the hair is parted.
    lock = waves(grid.azimuth, height, hair)
    sweep = 0.5 + 0.5 * np.tanh(2.5 * (hair.parting * np.sin(grid.azimuth) * 2 + 1 - abs(hair.parting)))
    lower = 7.94 - 0.33 * hair.fringe * sweep - 0.02 * lock
    fringe = np.minimum(np.minimum(height - lower, 0.9 * (1.15 - side)), 8 * (hair.fringe - 0.02))

    # Long hair hangs behind a line that frames the face.
    end = 7.5 - 2.0 * hair.length + 0.05 * lock * min(1.0, 4 * hair.length) + 0.1 * np.cos(grid.azimuth)
    frame = 1.16 + 0.18 * (1 - hair.length) - 0.05 * lock * hair.length
    hanging = np.minimum(np.minimum(height - end, 0.8 * (side - frame)), 3 * (hair.length - 0.12))
    distance = np.maximum(np.maximum(scalp, fringe), hanging)

    top = smoothstep(7.2, 8.35, height)
    thickness = hair.volume * (0.42 + 0.58 * top) * (1 - 0.55 * hair.bald)
    thickness = thickness + 0.06 * hair.length * (1 - top)
    thickness = thickness + (0.016 + 0.045 * hair.curl) * lock
    thickness = thickness + 0.05 * hair.volume / 0.3 * hair.parting * np.sin(grid.azimuth) * top
    # Only hair of some length leaves the head, and its ends bend inwards.
    hang = grid.hang * smoothstep(0.3, 0.65, hair.length) * (0.75 + 0.25 * smoothstep(0.0, 0.5, height - end))
    cover = smoothstep(-0.03, 0.22, distance)
    long_cover = smoothstep(-0.03, 0.10, hanging)
    return HIDDEN + cover * (thickness - HIDDEN) + long_cover * hang, distance, lock
