"""Turn a face upright: fit a similarity to five landmarks, and warp the image with it."""

import numpy as np
from scipy import ndimage

REFERENCE_POINTS = np.array(
    [
        [38.29459953, 51.69630051],
        [73.53179932, 51.50139999],
        [56.02519989, 71.73660278],
        [41.54930115, 92.3655014],
        [70.72990036, 92.20410156],
    ]
)
"""Landmarks of an aligned face of 112 x 112 pixels, (x, y) in pixels."""

ALIGNED_SIZE = 112


def fit_similarity(points: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Fit the similarity (rotation, uniform scale, shift) that maps points to their targets.

    As in the reference, a mirrored similarity is used if it fits better, which never happens for landmarks of
    an upright face.

    Args:
      points: `[N, 2]` (x, y).
      targets: `[N, 2]`.

    Returns:
      A matrix `[2, 3]` with targets ≈ points @ matrix[:, :2].T + matrix[:, 2].
    """
    mirror = np.array([-1.0, 1.0])
    plain = fit_rotation(points, targets)
    mirrored = mirror[:, None] * fit_rotation(points, targets * mirror)
    return min(plain, mirrored, key=lambda matrix: np.linalg.norm(_transformed(points, matrix) - targets))


def fit_rotation(points: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Fit a similarity without mirroring; for arguments and result see `fit_similarity`.

    As in MATLAB's `cp2tform`, the map from targets to points is fitted by least squares and then inverted. So
    errors count in pixels of the photo.
    """
    x, y = np.asarray(targets, np.float64).T
    one, zero = np.ones_like(x), np.zeros_like(x)
    # x' = a x - b y + s,  y' = b x + a y + t
    equations = np.concatenate([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)])
    (a, b, s, t), *_ = np.linalg.lstsq(equations, np.concatenate(list(points.T)), rcond=None)
    return np.linalg.inv([[a, -b, s], [b, a, t], [0, 0, 1]])[:2]


def _transformed(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return points @ matrix[:, :2].T + matrix[:, 2]


def warp(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Warp an image with a matrix `[2, 3]`: bilinear, black beyond its border.

    Args:
      image: `[H, W, 3]` uint8.
      matrix: maps (x, y) of the image to (x, y) of the result.

    Returns:
      `[112, 112, 3]` uint8. OpenCV 5 gives the same up to one level. OpenCV 4 rounds coordinates to 1/32
      pixel, so it differs by one level in about 8 % of the pixels.
    """
    inverse = np.linalg.inv(matrix[:, :2])
    y, x = np.indices((ALIGNED_SIZE, ALIGNED_SIZE), np.float64)
    source_x, source_y = np.einsum("ij,jhw->ihw", inverse, np.stack([x - matrix[0, 2], y - matrix[1, 2]]))
    channels = [
        ndimage.map_coordinates(
            image[:, :, c].astype(np.float64), [source_y, source_x], order=1, mode="grid-constant", cval=0.0
        )
        for c in range(image.shape[2])
    ]
    return np.round(np.stack(channels, axis=-1)).clip(0, 255).astype(np.uint8)


def align_face(image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Turn a face upright and crop it, as CurricularFace needs it.

    Args:
      image: `[H, W, 3]` uint8.
      landmarks: `[5, 2]` (x, y) in pixels: eyes, nose, corners of the mouth.

    Returns:
      `[112, 112, 3]` uint8; map it to [-1, 1] with `x / 127.5 - 1`.
    """
    return warp(image, fit_similarity(landmarks, REFERENCE_POINTS))
