"""dlib's network as a judge: trained on photos of real people, by others, without our losses."""

import dataclasses
from typing import Any

import jax
import numpy as np

from jaxunlearn.batching import in_batches
from jaxunlearn.evaluation.judges.landmarks import EG3D_PLACEMENT, FacePlacement, landmarks_of
from jaxunlearn.images import to_uint8
from jaxunlearn.models.dlib_network import DlibNetwork
from jaxunlearn.photos.alignment.face_detector import Detector

_ONE_REAL_PERSON = 0.6
"""Two photos of a real person are less than this apart; dlib's own convention."""


@jax.jit
def _describe(network: Any, images: jax.Array, landmarks: jax.Array) -> jax.Array:
    return network.describe(images, landmarks)


@dataclasses.dataclass(frozen=True, eq=False)
class DlibJudge:
    """dlib's network; see `Judge`. Its similarity is 1 minus the distance of mean descriptors.

    Attributes:
      network: dlib's ResNet-29.
      detector: finds landmarks; None foresees them from the camera.
      placement: where the generator's faces are, used without a detector.
    """

    network: DlibNetwork
    detector: Detector | None = None
    placement: FacePlacement = EG3D_PLACEMENT

    @property
    def name(self) -> str:
        """See `Judge`."""
        return self.network.name

    @property
    def measure(self) -> str:
        """See `Judge`."""
        return "1 - distance between the means over views"

    @property
    def threshold(self) -> float | None:
        """See `Judge`; it holds for photos of real people."""
        return 1 - _ONE_REAL_PERSON

    @property
    def align(self) -> str:
        """See `Judge`."""
        return "landmarks" if self.detector is None else "mtcnn"

    @property
    def detector_origin(self) -> str | None:
        """See `Judge`."""
        return None if self.detector is None else self.detector.origin

    def embeddings(self, images: np.ndarray, c: jax.Array, batch: int) -> np.ndarray:
        """See `Judge`; the embeddings are descriptors `[N, 128]`, which are not normalised."""
        landmarks = landmarks_of(to_uint8(images), c, self.detector, self.placement)
        missing = [points is None for points in landmarks]
        anywhere = np.array([[1, 1], [2, 1], [1.5, 2], [1, 3], [2, 3.0]])  # finite; the result is dropped
        points = np.stack([anywhere if each is None else each for each in landmarks]).astype(np.float32)
        described = in_batches(lambda x, p: _describe(self.network, x, p), batch, images, points)
        described[missing] = np.nan
        return described

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """See `Judge`: 1 minus the Euclidean distance between the means over the views."""
        faces = ~np.isnan(a + b).any(axis=-1, keepdims=True)
        with np.errstate(invalid="ignore"):  # 0 / 0 where no view has two faces
            difference = np.where(faces, a - b, 0).sum(axis=-2) / faces.sum(axis=-2)
        return 1 - np.linalg.norm(difference, axis=-1)
