"""What the judge is shown of a picture: the face, found and turned upright, or always the same part.

"mtcnn" is what the papers' programs do: the face detector looks at every picture, and the face is turned
upright by its landmarks. A picture in which it finds none has no embedding. "landmarks" takes the landmarks
of EG3D's standard face, seen by the camera of the picture, and so needs no detector. "fixed" leaves it to the
judge: the crop of the identity loss, or the whole picture, compiled with its network.
"""

import dataclasses
from typing import Literal

import jax
import numpy as np

import mtcnn_flax
from jaxunlearn.images import to_uint8
from jaxunlearn.models.batched import Judge, embeddings, face_embeddings
from jaxunlearn.photos.alignment.crop import STANDARD_FACE
from jaxunlearn.photos.alignment.face_detector import Detector

Align = Literal["fixed", "landmarks", "mtcnn"]

_UNIT, _OFFSET = 0.27, np.array([0.0, 0.006, 0.161])
"""From the standard face to EG3D's space: the length of its unit, and where its origin lies, as the scripts
that made the cameras of EG3D's training set place it."""


@dataclasses.dataclass(frozen=True, eq=False)
class Identification:
    """A judge and what it is shown.

    Attributes:
      judge: identity network; of aligned faces with 112 pixels a side, unless `align` is "fixed".
      align: see the module's text.
      detector: of "mtcnn".
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
          c: `[N, 25]`, the cameras they were made with.
          batch: images embedded at a time.

        Returns:
          Unit vectors `[N, E]`; NaN where no face was found.
        """
        if self.align == "fixed":
            return embeddings(self.judge, images, batch)
        pictures = to_uint8(images)
        if self.align == "landmarks":
            found = list(standard_landmarks(c, images.shape[1]))
        else:
            assert self.detector is not None
            detect = self.detector.network.detect
            found = [_best(detect(picture)) for picture in pictures]
        side = mtcnn_flax.ALIGNED_SIZE
        faces = np.zeros((len(images), side, side, 3), np.float32)
        for face, picture, points in zip(faces, pictures, found, strict=True):
            if points is not None:
                face[:] = mtcnn_flax.align_face(picture, points) / 127.5 - 1
        embedded = face_embeddings(self.judge, faces, batch)
        embedded[[points is None for points in found]] = np.nan
        return embedded


def _best(found: mtcnn_flax.Detections) -> np.ndarray | None:
    return found.landmarks[0] if len(found) else None


def standard_landmarks(c: jax.Array, resolution: int) -> np.ndarray:
    """Where a camera sees the five landmarks of EG3D's standard face.

    On photographs that EG3D's scripts cropped, with the cameras they estimated, people's own landmarks lie
    14 pixels of 512 from these on average (root mean square).

    Args:
      c: `[N, 25]`.
      resolution: pixels along each side of the pictures.

    Returns:
      `[N, 5, 2]` (x, y) in pixels.
    """
    labels = np.asarray(c, np.float64)
    cam2world, intrinsics = labels[:, :16].reshape(-1, 4, 4), labels[:, 16:].reshape(-1, 3, 3)
    offsets = _UNIT * STANDARD_FACE + _OFFSET - cam2world[:, None, :3, 3]
    seen = np.einsum("nij,npi,nkj->npk", cam2world[:, :3, :3], offsets, intrinsics)
    return resolution * seen[..., :2] / seen[..., 2:]
