"""A z-buffer: the triangle that each sample of the image sees, the point on it, and its distance."""

import math

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.hair.strands import ALONG, COSINE, OUTLINE, RAGGEDNESS, SINE, tips


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def project(
    vertices: np.ndarray, cam2world: np.ndarray, intrinsics: np.ndarray, resolution: int
) -> np.ndarray:
    """Return column, row and inverse z-depth of vertices [N, 3]; sample (row i, column j) lies at (j, i)."""
    projected = np.empty((vertices.shape[0], 3), np.float32)
    for n in range(vertices.shape[0]):
        x = vertices[n, 0] - cam2world[0, 3]
        y = vertices[n, 1] - cam2world[1, 3]
        z = vertices[n, 2] - cam2world[2, 3]
        right = cam2world[0, 0] * x + cam2world[1, 0] * y + cam2world[2, 0] * z
        down = cam2world[0, 1] * x + cam2world[1, 1] * y + cam2world[2, 1] * z
        inverse = 1 / (cam2world[0, 2] * x + cam2world[1, 2] * y + cam2world[2, 2] * z)
        projected[n, 0] = (intrinsics[0, 0] * right * inverse + intrinsics[0, 2]) * resolution - 0.5
        projected[n, 1] = (intrinsics[1, 1] * down * inverse + intrinsics[1, 2]) * resolution - 0.5
        projected[n, 2] = inverse
    return projected


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def covered(a: float, b: float, c: float, resolution: int) -> tuple[int, int]:
    """Return the first and the last sample between three coordinates, within the image."""
    return max(int(np.ceil(min(a, b, c))), 0), min(int(np.floor(max(a, b, c))), resolution - 1)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def facing(places: np.ndarray, triangles: np.ndarray, turn: int) -> np.ndarray:
    """Return the indices of the triangles that show their front and may cover a sample.

    Most triangles lie between the samples. A branch for each costs far more than the test, since a processor
    cannot foresee it. So every index is written, and the next one takes its place unless it counts.

    Args:
      places: [N, at least 2] column and row of each vertex.
      triangles: [T, 3] vertex indices, counter-clockwise seen from outside.
      turn: 1 if rows grow upwards, -1 if they grow downwards.
    """
    chosen = np.empty(triangles.shape[0], np.int32)
    count = 0
    for t in range(triangles.shape[0]):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1 = places[i, 0], places[i, 1], places[j, 0], places[j, 1]
        x2, y2 = places[k, 0], places[k, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        has_column = np.ceil(min(x0, x1, x2)) <= np.floor(max(x0, x1, x2))
        has_row = np.ceil(min(y0, y1, y2)) <= np.floor(max(y0, y1, y2))
        chosen[count] = t
        count += (turn * area >= 1e-9) & has_column & has_row
    return chosen[:count]


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def slopes(
    x0: float, y0: float, x1: float, y1: float, x2: float, y2: float, area: float
) -> tuple[float, float, float, float]:
    """Return how fast the second and the third barycentric coordinate grow along a row, then along a column.

    Args:
      x0: column of the first corner.
      y0: its row.
      x1: column of the second corner.
      y1: its row.
      x2: column of the third corner.
      y2: its row.
      area: twice its signed area.
    """
    share = 1 / area
    return (y2 - y0) * share, (y0 - y1) * share, (x0 - x2) * share, (x1 - x0) * share


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def between(attributes: np.ndarray, triangle: np.ndarray, column: int, first: float, second: float) -> float:
    """Return an attribute at a point of a triangle, from its first two barycentric coordinates."""
    a, b, c = (
        attributes[triangle[0], column],
        attributes[triangle[1], column],
        attributes[triangle[2], column],
    )
    return first * a + second * b + (1 - first - second) * c


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def beyond_locks(
    attributes: np.ndarray, triangle: np.ndarray, first: float, second: float, curl: float
) -> bool:
    """Return whether a point of a hair's triangle lies beyond the ends of its locks.

    Args:
      attributes: see `rasterize`.
      triangle: [3] vertex indices.
      first: barycentric coordinate of the point, of the first vertex.
      second: the same of the second.
      curl: see `rasterize`.
    """
    outline = between(attributes, triangle, OUTLINE, first, second)
    if outline <= 0:
        return True
    raggedness = between(attributes, triangle, RAGGEDNESS, first, second)
    if outline >= raggedness:
        return False
    sine = between(attributes, triangle, SINE, first, second)
    cosine = between(attributes, triangle, COSINE, first, second)
    along = between(attributes, triangle, ALONG, first, second)
    return outline < raggedness * tips(math.atan2(sine, cosine), along, curl)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def rasterize(
    projected: np.ndarray,
    triangles: np.ndarray,
    resolution: int,
    attributes: np.ndarray,
    hair: tuple[int, int],
    curl: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the nearest front-facing triangle of each sample; hair is cut where its locks end.

    Args:
      projected: [N, 3] column, row, inverse z-depth, as from `project`.
      triangles: [T, 3] vertex indices, counter-clockwise seen from outside.
      resolution: samples along each side.
      attributes: [N, at least 7]; on hair their columns are those of `hair.strands`.
      hair: first triangle of the hair, and the one after its last.
      curl: of the person's hair, see `person.Hair`.

    Returns:
      triangle [R, R], -1 beside the mesh; inverse z-depth [R, R], 0 beside the mesh; and perspective-correct
      barycentric coordinates [R, R, 2] of the triangle's first two vertices.
    """
    nearest = np.zeros((resolution, resolution), np.float32)
    triangle = np.full((resolution, resolution), -1, np.int32)
    barycentric = np.zeros((resolution, resolution, 2), np.float32)
    for t in facing(projected, triangles, -1):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1 = projected[i, 0], projected[i, 1], projected[j, 0], projected[j, 1]
        x2, y2 = projected[k, 0], projected[k, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        on_hair = hair[0] <= t < hair[1]
        if on_hair:
            longest = max(attributes[i, OUTLINE], attributes[j, OUTLINE], attributes[k, OUTLINE])
            if longest <= 0:  # wholly outside the hairdo
                continue
        left, right = covered(x0, x1, x2, resolution)
        top, bottom = covered(y0, y1, y2, resolution)
        z0, z1, z2 = projected[i, 2], projected[j, 2], projected[k, 2]
        closest = max(z0, z1, z2)
        across1, across2, down1, down2 = slopes(x0, y0, x1, y1, x2, y2, area)
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                b1 = (column - x0) * across1 + (row - y0) * down1
                b2 = (column - x0) * across2 + (row - y0) * down2
                b0 = 1 - b1 - b2
                if (min(b0, b1, b2) < -1e-5) | (closest <= nearest[row, column]):  # one branch for both
                    continue
                b0, b1, b2 = b0 * z0, b1 * z1, b2 * z2
                inverse = b0 + b1 + b2
                if inverse > nearest[row, column]:
                    if on_hair and beyond_locks(attributes, triangles[t], b0 / inverse, b1 / inverse, curl):
                        continue
                    nearest[row, column] = inverse
                    triangle[row, column] = t
                    barycentric[row, column, 0] = b0 / inverse
                    barycentric[row, column, 1] = b1 / inverse
    return triangle, nearest, barycentric


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return area-weighted unit normals [N, 3]."""
    normals = np.zeros_like(vertices)
    for t in range(triangles.shape[0]):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, az = (
            vertices[j, 0] - vertices[i, 0],
            vertices[j, 1] - vertices[i, 1],
            vertices[j, 2] - vertices[i, 2],
        )
        bx, by, bz = (
            vertices[k, 0] - vertices[i, 0],
            vertices[k, 1] - vertices[i, 1],
            vertices[k, 2] - vertices[i, 2],
        )
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        for n in (i, j, k):
            normals[n, 0] += nx
            normals[n, 1] += ny
            normals[n, 2] += nz
    for n in range(vertices.shape[0]):
        length = np.sqrt(normals[n, 0] ** 2 + normals[n, 1] ** 2 + normals[n, 2] ** 2) + 1e-12
        normals[n, 0] /= length
        normals[n, 1] /= length
        normals[n, 2] /= length
    return normals
