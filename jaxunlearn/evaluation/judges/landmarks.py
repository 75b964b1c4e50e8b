"""Where the face is in a picture: found by a detector, or foreseen from the camera.

A detector does what the papers' programs do. A picture without a detected face has no landmarks. Without a
detector, the landmarks of a standard face are projected with the camera of the picture. The generator's
config tells where the standard face is in its space.
"""

import dataclasses
from collections.abc import Sequence
from typing import Self

import jax
import numpy as np

import mtcnn_flax
from eg3d_flax import GeneratorConfig
from jaxunlearn.photos.alignment.crop import STANDARD_FACE
from jaxunlearn.photos.alignment.face_detector import Detector


@dataclasses.dataclass(frozen=True)
class FacePlacement:
    """Where the standard face is in a generator's space.

    Attributes:
      unit: length of the standard face's unit in world units, above 0.
      origin: (x, y, z) of its origin in world units.
    """

    unit: float
    origin: tuple[float, float, float]

    @classmethod
    def of(cls, config: GeneratorConfig) -> Self:
        """Return the placement in a generator's config."""
        return cls(config.face_unit, config.face_origin)


EG3D_PLACEMENT = FacePlacement.of(GeneratorConfig())
"""The placement in EG3D's space. The scripts that made the cameras of its training set use these numbers."""


def landmarks_of(
    pictures: np.ndarray,
    c: jax.Array,
    detector: Detector | None,
    placement: FacePlacement = EG3D_PLACEMENT,
) -> Sequence[np.ndarray | None]:
    """Return the landmarks of pictures.

    Args:
      pictures: `[N, R, R, 3]` uint8.
      c: `[N, 25]`, their cameras.
      detector: None uses the cameras.
      placement: where faces are, for the cameras.

    Returns:
      For each picture `[5, 2]` (x, y) in pixels, or None where the detector finds no face.
    """
    if detector is None:
        return list(standard_landmarks(c, pictures.shape[1], placement))
    return [_best(detector.network.detect(picture)) for picture in pictures]


def _best(detections: mtcnn_flax.Detections) -> np.ndarray | None:
    return detections.landmarks[0] if len(detections) else None


def standard_landmarks(
    c: jax.Array, resolution: int, placement: FacePlacement = EG3D_PLACEMENT
) -> np.ndarray:
    """Return where a camera sees the five landmarks of the standard face.

    On photos of 512 x 512 pixels with EG3D's own crops and cameras, people's landmarks lie 14 pixels from
    these (root mean square).

    Args:
      c: cameras `[N, 25]`.
      resolution: pixels along each side of the pictures.
      placement: where the standard face is.

    Returns:
      `[N, 5, 2]` (x, y) in pixels.
    """
    labels = np.asarray(c, np.float64)
    cam2world, intrinsics = labels[:, :16].reshape(-1, 4, 4), labels[:, 16:].reshape(-1, 3, 3)
    offsets = placement.unit * STANDARD_FACE + np.array(placement.origin) - cam2world[:, None, :3, 3]
    seen = np.einsum("nij,npi,nkj->npk", cam2world[:, :3, :3], offsets, intrinsics)
    return resolution * seen[..., :2] / seen[..., 2:]
