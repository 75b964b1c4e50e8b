"""Turn a face upright: fit a similarity to five landmarks and warp the image by it."""

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
"""Where the landmarks lie in an aligned face of 112 x 112, (x, y) in pixels."""

ALIGNED_SIZE = 112


def fit_similarity(points: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The similarity (rotation, uniform scale, shift) that maps points to their targets.

    As in the reference a mirrored one is tried too, and taken if it ends nearer to the targets; for the
    landmarks of an upright face it never does.

    Args:
      points: `[N, 2]` (x, y).
      targets: `[N, 2]`.

    Returns:
      `[2, 3]`: targets ≈ points @ matrix[:, :2].T + matrix[:, 2].
    """
    mirror = np.array([-1.0, 1.0])
    plain = fit_rotation(points, targets)
    mirrored = mirror[:, None] * fit_rotation(points, targets * mirror)
    return min(plain, mirrored, key=lambda matrix: np.linalg.norm(_transformed(points, matrix) - targets))


def fit_rotation(points: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """As `fit_similarity`, without mirroring.

    The map from targets to points is fitted by least squares and then inverted, as MATLAB's `cp2tform` does,
    so errors count in pixels of the photo.
    """
    x, y = np.asarray(targets, np.float64).T
    one, zero = np.ones_like(x), np.zeros_like(x)
    # x' = a x - b y + s,  y' = b x + a y + t
    equations = np.concatenate([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)])
    (a, b, s, t), *_ = np.linalg.lstsq(equations, np.concatenate(list(points.T)), rcond=None)
    return np.linalg.inv([[a, -b, s], [b, a, t], [0, 0, 1]])[:2]


def _transformed(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return points @ matrix[:, :2].T + matrix[:, 2]


def warp(image: np.ndarray, matrix: np.ndarray, size: int = ALIGNED_SIZE) -> np.ndarray:
    """Move an image by a `[2, 3]` matrix: bilinear, black beyond its border.

    Args:
      image: `[H, W, 3]` uint8.
      matrix: where each (x, y) of the image goes.
      size: side of the result.

    Returns:
      `[size, size, 3]` uint8. OpenCV 5 gives the same up to one level; OpenCV 4 rounds coordinates to 1/32
      pixel and so differs by one level in about 8% of the pixels.
    """
    inverse = np.linalg.inv(matrix[:, :2])
    y, x = np.indices((size, size), np.float64)
    source_x, source_y = np.einsum("ij,jhw->ihw", inverse, np.stack([x - matrix[0, 2], y - matrix[1, 2]]))
    channels = [
        ndimage.map_coordinates(
            image[:, :, c].astype(np.float64), [source_y, source_x], order=1, mode="grid-constant", cval=0.0
        )
        for c in range(image.shape[2])
    ]
    return np.round(np.stack(channels, axis=-1)).clip(0, 255).astype(np.uint8)


def align_face(image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """The face with these landmarks, upright, as CurricularFace wants it.

    Args:
      image: `[H, W, 3]` uint8.
      landmarks: `[5, 2]` (x, y) in pixels: eyes, nose, corners of the mouth.

    Returns:
      `[112, 112, 3]` uint8; map it to [-1, 1] with `x / 127.5 - 1`.
    """
    return warp(image, fit_similarity(landmarks, REFERENCE_POINTS))
