"""The surface of head hair: a grid of rays around the cranium.

Half a sphere of rays starts at the centre of the cranium. Below it, horizontal rays start at a vertical axis,
so that hair can hang. The radius on each ray is the head's own radius plus the thickness of the hair. Every
style is a function on the grid. The rasterizer cuts the surface where the hairdo ends.
"""

import dataclasses

import numba
import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.spatial import KDTree

from jaxunlearn.zoo.synthetic.anatomy import SKIN, Anatomy

CENTRE = np.array([0.0, 7.55, 0.45])
AZIMUTHS, ELEVATIONS, LEVELS = 96, 18, 26
LOWEST = 5.55
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
    """Return a smooth step from 0 at `low` to 1 at `high`; `high` may be the smaller."""
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


def following(grid: HairGrid, vertices: int) -> sparse.csr_matrix:
    """Return the matrix [H, vertices] that maps movements of the skin to those of the grid at its roots.

    Hair that hangs below the temples follows what is above it, the more so the lower it hangs.
    """
    bound, weights = grid.binding
    rays = np.repeat(np.arange(len(bound)), bound.shape[1])
    roots = sparse.csr_matrix((weights.ravel(), (rays, bound.ravel())), shape=(len(bound), vertices))
    rows = [roots[row * AZIMUTHS : (row + 1) * AZIMUTHS] for row in range(len(bound) // AZIMUTHS)]
    step = np.arange(AZIMUTHS)
    even = sparse.csr_matrix(
        (
            np.repeat([0.5, 0.25, 0.25], AZIMUTHS),
            (np.tile(step, 3), np.concatenate([step, (step + 1) % AZIMUTHS, (step - 1) % AZIMUTHS])),
        )
    )
    for row in np.flatnonzero(grid.origins[::AZIMUTHS, 1] < 7.45):
        rows[row] = 0.85 * rows[row - 1] + 0.15 * (even @ rows[row])
    matrix = sparse.csr_matrix(sparse.vstack(rows), dtype=np.float32)
    matrix.data[np.abs(matrix.data) < 1e-4] = 0
    matrix.eliminate_zeros()
    return matrix


def bridge(azimuth: np.ndarray, radius: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Interpolate radii [rows, AZIMUTHS] along each row over the holes of the ears."""
    filled = radius.copy()
    for row, missing in enumerate(hole):
        filled[row, missing] = np.interp(
            azimuth[missing], azimuth[~missing], radius[row, ~missing], period=2 * np.pi
        )
    return filled
