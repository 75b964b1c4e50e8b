"""The z-buffer and the lamp's map: the triangles left out in advance are those that cover nothing."""

import numpy as np

from jaxunlearn.zoo.synthetic.light.shadows import highest
from jaxunlearn.zoo.synthetic.rasterizer import facing, rasterize

SIZE = 12


def random_triangles(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return places [N, 3] in and around a picture of SIZE samples, and triangles, most of them small."""
    rng = np.random.default_rng(seed)
    middles = rng.uniform(-2, SIZE + 2, (300, 1, 2))
    corners = middles + rng.choice([0.4, 1.5, 5.0], (300, 1, 1)) * rng.standard_normal((300, 3, 2))
    corners[:20] = np.round(corners[:20])  # their corners and edges lie on samples
    inverse = rng.uniform(0.3, 0.5, (300, 3, 1))
    places = np.concatenate([corners, inverse], axis=-1).reshape(-1, 3).astype(np.float32)
    return places, np.arange(900, dtype=np.int32).reshape(300, 3)


def weights_everywhere(corners: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the barycentric coordinates [SIZE, SIZE, 3] of all samples, and twice the signed area."""
    (x0, y0), (x1, y1), (x2, y2) = corners[:, :2].astype(np.float64)
    row, column = np.mgrid[:SIZE, :SIZE].astype(np.float64)
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    second = ((column - x0) * (y2 - y0) - (row - y0) * (x2 - x0)) / (area or np.inf)
    third = ((row - y0) * (x1 - x0) - (column - x0) * (y1 - y0)) / (area or np.inf)
    return np.stack([1 - second - third, second, third], axis=-1), area


def test_every_sample_sees_the_nearest_of_all_triangles() -> None:
    for seed in range(5):
        places, triangles = random_triangles(seed)
        nearest, heights = np.zeros((SIZE, SIZE)), np.full((SIZE, SIZE), -9.0)
        for corners in places[triangles]:
            weights, area = weights_everywhere(corners)
            value = np.where(weights.min(-1) >= -1e-5, weights @ corners[:, 2], -9)
            if area < -1e-9:
                nearest = np.maximum(nearest, value)
            elif area > 1e-9:
                heights = np.maximum(heights, value)
        attributes = np.zeros((len(places), 11), np.float32)
        triangle, inverse, _ = rasterize(places, triangles, SIZE, attributes, (0, 0), 0.0)
        np.testing.assert_allclose(inverse, nearest, atol=1e-4)
        np.testing.assert_array_equal(triangle >= 0, nearest > 0)
        np.testing.assert_allclose(highest(places, triangles, SIZE), heights, atol=1e-4)


def test_triangles_between_samples_and_those_that_turn_away_are_left_out() -> None:
    x, y = np.array([0.2, 0.7, 0.4, 1.0]), np.array([0.2, 0.3, 0.8, 1.0])
    places = np.stack([x, y, np.ones(4)], axis=1).astype(np.float32)
    triangles = np.array([[0, 1, 2], [0, 1, 3], [1, 0, 3]], np.int32)
    assert facing(places, triangles, 1).tolist() == [1]
    assert facing(places, triangles, -1).tolist() == [2]
