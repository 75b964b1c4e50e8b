"""What each vertex makes of its surroundings: nine numbers that hold its own and its neighbours' shadows.

Precomputed radiance transfer after Sloan, Kautz and Snyder (2002), for light that comes straight from the
surroundings. It is computed once for a head. Afterwards the soft light of any surroundings is one product.
"""

import functools

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.light.harmonics import COSINE_LOBE, basis, even_directions
from jaxunlearn.zoo.synthetic.light.shadows import highest, lamp_axes, on_map, reached_at

DIRECTIONS = 22
"""Evenly spread directions in which a vertex looks for what hides the sky; straight down is open."""
MAP_SIZE = 44
BOUNCE = 0.18
"""Light in a crease that comes from the skin around it, as a share of what the skin takes away."""


@functools.cache
def samples() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return `D` unit directions [D, 3] that light comes from, axes of their maps [D, 3, 3], basis [D, 9]."""
    directions = even_directions(DIRECTIONS)
    directions = directions[directions[:, 1] > -0.9].astype(np.float32)
    return directions, np.stack([lamp_axes(one) for one in directions]), basis(directions).astype(np.float32)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def taken(vertices: np.ndarray, slopes: np.ndarray, axes: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return how much of each direction's light on a vertex is taken away, [D, N], times its cosine.

    Args:
      vertices: [N, 3] world positions.
      slopes: [D, N] cosine between normal and direction.
      axes: [D, 3, 3] of the directions' maps.
      triangles: [T, 3] of the surfaces that throw shadows.
    """
    loss = np.zeros(slopes.shape, np.float32)
    for d in range(slopes.shape[0]):
        mapped = on_map(vertices, axes[d], MAP_SIZE)
        height = highest(mapped, triangles, MAP_SIZE)
        for n in range(slopes.shape[1]):
            if slopes[d, n] > 0:
                share = np.float32(reached_at(mapped[n], slopes[d, n], height, 0.012, 0.05, 0))
                loss[d, n] = slopes[d, n] * (np.float32(1) - share)
    return loss


def transport(vertices: np.ndarray, normals: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return nine coefficients [N, 9] of each vertex; times radiance they are the light on matt white.

    Args:
      vertices: [N, 3] world positions.
      normals: [N, 3] unit normals.
      triangles: [T, 3] of the surfaces that throw shadows.
    """
    directions, axes, functions = samples()
    slopes = directions @ np.ascontiguousarray(normals.T)
    loss = taken(vertices, slopes, axes, triangles)
    scale = np.float32(4 / len(directions) * (1 - BOUNCE))  # 4 pi / D, divided by pi
    open_sky = basis(normals).astype(np.float32) * COSINE_LOBE
    return open_sky - scale * (loss.T @ functions)
