"""How much of a distant lamp reaches each vertex: a map of depths seen from the lamp, softly compared."""

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.rasterizer import covered, facing, slopes

SIZE = 112
"""Texels along each side of the map for the edge of a shadow."""
CENTRE = (0.0, -0.06, 0.0)
EXTENT = 0.62
"""Half the side of the square that a map covers around `CENTRE`, in world units: head and shoulders."""


def lamp_axes(direction: np.ndarray) -> np.ndarray:
    """Return the map's axes [3, 3]: right, up, and towards the lamp in the unit direction [3]."""
    right = np.cross([0.0, 1.0, 0.03], direction)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(direction, right), direction]).astype(np.float32)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def on_map(vertices: np.ndarray, axes: np.ndarray, size: int) -> np.ndarray:
    """Return column and row (in texels) and height towards the lamp of vertices [N, 3], as [N, 3]."""
    mapped = np.empty((vertices.shape[0], 3), np.float32)
    for n in range(vertices.shape[0]):
        x, y, z = vertices[n, 0] - CENTRE[0], vertices[n, 1] - CENTRE[1], vertices[n, 2] - CENTRE[2]
        mapped[n, 0] = ((axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z) / EXTENT + 1) * 0.5 * size - 0.5
        mapped[n, 1] = ((axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z) / EXTENT + 1) * 0.5 * size - 0.5
        mapped[n, 2] = axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z
    return mapped


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def highest(mapped: np.ndarray, triangles: np.ndarray, size: int) -> np.ndarray:
    """Return the largest height [size, size] of any triangle that faces the lamp; -9 beside the mesh."""
    height = np.full((size, size), np.float32(-9))
    for t in facing(mapped, triangles, 1):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1 = mapped[i, 0], mapped[i, 1], mapped[j, 0], mapped[j, 1]
        x2, y2 = mapped[k, 0], mapped[k, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        left, right = covered(x0, x1, x2, size)
        bottom, top = covered(y0, y1, y2, size)
        z0, z1, z2 = mapped[i, 2], mapped[j, 2], mapped[k, 2]
        across1, across2, down1, down2 = slopes(x0, y0, x1, y1, x2, y2, area)
        for row in range(bottom, top + 1):
            for column in range(left, right + 1):
                b1 = (column - x0) * across1 + (row - y0) * down1
                b2 = (column - x0) * across2 + (row - y0) * down2
                b0 = 1 - b1 - b2
                if min(b0, b1, b2) >= -1e-5:
                    height[row, column] = max(height[row, column], b0 * z0 + b1 * z1 + b2 * z2)
    return height


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def reached_at(
    place: np.ndarray, slope: float, height: np.ndarray, near: float, far: float, reach: int
) -> float:
    """Return the share of the lamp's light that no surface in front of a vertex takes away.

    Args:
      place: [3] a row of `on_map`.
      slope: cosine between normal and lamp.
      height: map as from `highest`.
      near: how far in front of a vertex a surface begins to take light, in world units.
      far: how far in front it takes all light.
      reach: half the side of the square of texels that is averaged, for soft edges.
    """
    size = height.shape[0]
    column, row = int(np.floor(place[0])), int(np.floor(place[1]))
    fx, fy = place[0] - column, place[1] - row
    total, weights = 0.0, 0.0
    for i in range(-reach, reach + 2):
        if not 0 <= row + i < size:
            continue
        wy = reach + 1 - abs(i - fy)
        for j in range(-reach, reach + 2):
            if not 0 <= column + j < size:
                continue
            weight = wy * (reach + 1 - abs(j - fx))
            # A tilted surface must not shade itself: it rises across the texels that are averaged.
            margin = near * (1 + 0.35 * (abs(i - fy) + abs(j - fx)) * (1 - max(slope, 0.0)))
            above = (height[row + i, column + j] - place[2] - margin) / (far - near)
            weights += weight
            total += weight * (1 - min(max(above, 0.0), 1.0))
    return total / weights if weights > 0 else 1.0


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def reached(mapped: np.ndarray, slope: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Return the share of the lamp's light [N] that reaches each vertex, with soft edges.

    Args:
      mapped: [N, 3] as from `on_map`.
      slope: [N] cosine between normal and lamp; vertices that face away count as unreached.
      height: map as from `highest`.
    """
    share = np.zeros(mapped.shape[0], np.float32)
    for n in range(mapped.shape[0]):
        if slope[n] > -0.25:
            share[n] = reached_at(mapped[n], slope[n], height, 0.012, 0.035, 2)
    return share


def lamp_share(
    vertices: np.ndarray, normals: np.ndarray, triangles: np.ndarray, direction: np.ndarray
) -> np.ndarray:
    """Return the share [N] of a lamp in the unit direction [3] that reaches each vertex, with soft edges.

    Args:
      vertices: [N, 3] world positions.
      normals: [N, 3] unit normals.
      triangles: [T, 3] of the surfaces that throw shadows.
      direction: towards the lamp.
    """
    mapped = on_map(vertices, lamp_axes(direction), SIZE)
    height = highest(mapped, triangles, SIZE)
    return reached(mapped, normals @ direction.astype(np.float32), height)
