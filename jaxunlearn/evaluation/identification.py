"""Choose what the judge sees of a picture: the face turned upright, or always the same part.

"mtcnn" does what the papers' programs do: a detector finds the face and its landmarks, and the face is turned
upright. A picture without a detected face has no embedding. "landmarks" projects the landmarks of EG3D's
standard face with the camera of the picture, so it needs no detector. "fixed" gives the judge the whole
picture; its network takes the crop of the identity loss, or all of it.
"""

import dataclasses
from typing import Literal

import jax
import numpy as np

import mtcnn_flax
from jaxunlearn.images import to_float, to_uint8
from jaxunlearn.models.batched import Judge, embeddings, face_embeddings
from jaxunlearn.photos.crop import STANDARD_FACE
from jaxunlearn.photos.face_detector import Detector

Align = Literal["fixed", "landmarks", "mtcnn"]

_UNIT, _OFFSET = 0.27, np.array([0.0, 0.006, 0.161])
"""The standard face in EG3D's space: the length of its unit, and the place of its origin. The scripts that
made the cameras of EG3D's training set use these numbers."""


@dataclasses.dataclass(frozen=True, eq=False)
class Identification:
    """A judge, and what it sees of a picture.

    Attributes:
      judge: identity network; unless `align` is "fixed", it takes aligned faces of 112 x 112 pixels.
      align: see the module's docstring.
      detector: face detector, needed for "mtcnn" only.
    """

    judge: Judge
    align: Align = "fixed"
    detector: Detector | None = None

    def __post_init__(self) -> None:
        if self.align == "mtcnn" and self.detector is None:
            raise ValueError("mtcnn needs a detector")

    def embeddings(self, images: np.ndarray, c: jax.Array, batch: int) -> np.ndarray:
        """Embed pictures.

        Args:
          images: `[N, R, R, 3]` in [-1, 1].
          c: `[N, 25]`, the cameras of the images.
          batch: images embedded at a time.

        Returns:
          Unit vectors `[N, E]`; NaN where no face was found.
        """
        if self.align == "fixed":
            return embeddings(self.judge, images, batch)
        pictures = to_uint8(images)
        if self.align == "landmarks":
            landmarks = list(standard_landmarks(c, images.shape[1]))
        else:
            assert self.detector is not None
            detect = self.detector.network.detect
            landmarks = [_best(detect(picture)) for picture in pictures]
        side = mtcnn_flax.ALIGNED_SIZE
        faces = np.zeros((len(images), side, side, 3), np.float32)
        for face, picture, points in zip(faces, pictures, landmarks, strict=True):
            if points is not None:
                face[:] = to_float(mtcnn_flax.align_face(picture, points))
        embedded = face_embeddings(self.judge, faces, batch)
        embedded[[points is None for points in landmarks]] = np.nan
        return embedded


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
