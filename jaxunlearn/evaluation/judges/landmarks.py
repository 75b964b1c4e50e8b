"""Where the face is in a picture: found by a detector, or foreseen from the camera.

A detector does what the papers' programs do. A picture without a detected face has no landmarks. Without a
detector, the landmarks of EG3D's standard face are projected with the camera of the picture.
"""

from collections.abc import Sequence

import jax
import numpy as np

import mtcnn_flax
from jaxunlearn.photos.alignment.crop import STANDARD_FACE
from jaxunlearn.photos.alignment.face_detector import Detector

_UNIT, _OFFSET = 0.27, np.array([0.0, 0.006, 0.161])
"""The standard face in EG3D's space: the length of its unit, and the place of its origin. The scripts that
made the cameras of EG3D's training set use these numbers."""


def landmarks_of(
    pictures: np.ndarray, c: jax.Array, detector: Detector | None
) -> Sequence[np.ndarray | None]:
    """Return the landmarks of pictures.

    Args:
      pictures: `[N, R, R, 3]` uint8.
      c: `[N, 25]`, their cameras.
      detector: None uses the cameras.

    Returns:
      For each picture `[5, 2]` (x, y) in pixels, or None where the detector finds no face.
    """
    if detector is None:
        return list(standard_landmarks(c, pictures.shape[1]))
    return [_best(detector.network.detect(picture)) for picture in pictures]


def _best(detections: mtcnn_flax.Detections) -> np.ndarray | None:
    return detections.landmarks[0] if len(detections) else None


def standard_landmarks(c: jax.Array, resolution: int) -> np.ndarray:
    """Return where a camera sees the five landmarks of EG3D's standard face.

    On photos of 512 x 512 pixels with EG3D's own crops and cameras, people's landmarks lie 14 pixels from
    these (root mean square).

    Args:
      c: cameras `[N, 25]`.
      resolution: pixels along each side of the pictures.

    Returns:
      `[N, 5, 2]` (x, y) in pixels.
    """
    labels = np.asarray(c, np.float64)
    cam2world, intrinsics = labels[:, :16].reshape(-1, 4, 4), labels[:, 16:].reshape(-1, 3, 3)
    offsets = _UNIT * STANDARD_FACE + _OFFSET - cam2world[:, None, :3, 3]
    seen = np.einsum("nij,npi,nkj->npk", cam2world[:, :3, :3], offsets, intrinsics)
    return resolution * seen[..., :2] / seen[..., 2:]
