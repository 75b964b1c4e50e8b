"""What each vertex makes of its surroundings: nine numbers that hold its own and its neighbours' shadows.

Precomputed radiance transfer after Sloan, Kautz and Snyder (2002), for light that comes straight from the
surroundings. It is computed once for a head. Afterwards the soft light of any surroundings is one product.
"""

import functools

import numpy as np

from jaxunlearn.zoo.synthetic.light.harmonics import COSINE_LOBE, basis, even_directions
from jaxunlearn.zoo.synthetic.light.shadows import highest, lamp_axes, on_map, reached

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


def transport(vertices: np.ndarray, normals: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return nine coefficients [N, 9] of each vertex; times radiance they are the light on matt white.

    Args:
      vertices: [N, 3] world positions.
      normals: [N, 3] unit normals.
      triangles: [T, 3] of the surfaces that throw shadows.
    """
    directions, axes, functions = samples()
    slopes = directions @ np.ascontiguousarray(normals.T)
    taken = np.empty((len(directions), len(vertices)), np.float32)
    for d in range(len(directions)):
        mapped = on_map(vertices, axes[d], MAP_SIZE)
        share = reached(mapped, slopes[d], highest(mapped, triangles, MAP_SIZE), 0.012, 0.05, 0)
        taken[d] = np.maximum(slopes[d], 0) * (1 - share)
    scale = np.float32(4 / len(directions) * (1 - BOUNCE))  # 4 pi / D, divided by pi
    open_sky = basis(normals).astype(np.float32) * COSINE_LOBE
    return open_sky - scale * (taken.T @ functions)
