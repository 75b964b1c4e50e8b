"""Judges that compare unit vectors by their cosine: ArcFace and its relatives, the bundled networks too.

With `align` "mtcnn" or "landmarks" the face is turned upright, see `judges.landmarks`. "fixed" gives the
network the whole picture; it takes the crop of the identity loss, or all of it.
"""

import dataclasses
from typing import Literal

import jax
import numpy as np

import mtcnn_flax
from jaxunlearn.evaluation.judges.landmarks import EG3D_PLACEMENT, FacePlacement, landmarks_of
from jaxunlearn.images import to_float, to_uint8
from jaxunlearn.models.batched import CosineNetwork, embeddings, face_embeddings
from jaxunlearn.photos.alignment.face_detector import Detector

Align = Literal["fixed", "landmarks", "mtcnn"]


@dataclasses.dataclass(frozen=True, eq=False)
class CosineJudge:
    """A network whose embeddings are unit vectors, and what it sees of a picture; see `Judge`.

    Attributes:
      network: unless `align` is "fixed", it takes aligned faces of 112 x 112 pixels.
      align: see the module's docstring.
      detector: face detector, needed for "mtcnn" only.
      placement: where the generator's faces are, used for "landmarks" only.
    """

    network: CosineNetwork
    align: Align = "fixed"
    detector: Detector | None = None
    placement: FacePlacement = EG3D_PLACEMENT

    def __post_init__(self) -> None:
        if self.align == "mtcnn" and self.detector is None:
            raise ValueError("mtcnn needs a detector")

    @property
    def name(self) -> str:
        """See `Judge`."""
        return self.network.name

    @property
    def measure(self) -> str:
        """See `Judge`."""
        return "mean cosine over views"

    @property
    def threshold(self) -> float | None:
        """See `Judge`."""
        return self.network.threshold

    @property
    def detector_origin(self) -> str | None:
        """See `Judge`."""
        return None if self.detector is None else self.detector.origin

    def embeddings(self, images: np.ndarray, c: jax.Array, batch: int) -> np.ndarray:
        """See `Judge`; the embeddings are unit vectors."""
        if self.align == "fixed":
            return embeddings(self.network, images, batch)
        pictures = to_uint8(images)
        landmarks = landmarks_of(pictures, c, self.detector, self.placement)
        side = mtcnn_flax.ALIGNED_SIZE
        faces = np.zeros((len(images), side, side, 3), np.float32)
        for face, picture, points in zip(faces, pictures, landmarks, strict=True):
            if points is not None:
                face[:] = to_float(mtcnn_flax.align_face(picture, points))
        embedded = face_embeddings(self.network, faces, batch)
        embedded[[points is None for points in landmarks]] = np.nan
        return embedded

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """See `Judge`: the mean over views of the cosine between two pictures of one view."""
        cosines = np.sum(a * b, axis=-1)
        faces = ~np.isnan(cosines)
        with np.errstate(invalid="ignore"):  # 0 / 0 where no view has two faces
            return np.where(faces, cosines, 0).sum(axis=-1) / faces.sum(axis=-1)
