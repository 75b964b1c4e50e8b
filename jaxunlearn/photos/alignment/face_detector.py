"""Find a face detector, and the faces of a photo with it."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

import mtcnn_flax
from jaxunlearn.errors import InputError, install
from jaxunlearn.models.files import pretrained
from jaxunlearn.photos.alignment.crop import from_left
from mtcnn_flax import MTCNN, DetectionSettings

HOW_TO_GET_ONE = (
    f"no face detector was found: {install('align')}, or put its weights into a folder that "
    "`jaxunlearn models` searches (align also takes them as --detector FILE)"
)
_PROPOSAL_THRESHOLD, _REFINEMENT_THRESHOLD = 0.6, 0.7
_SMALLEST = 20.0
"""Pixels of the smallest face that MTCNN finds."""


@dataclasses.dataclass(frozen=True, eq=False)
class Detector:
    """The face detector MTCNN and the source of its weights."""

    network: MTCNN
    origin: str

    def faces(self, photo: Image.Image, *, min_face: float = _SMALLEST, min_score: float = 0.9) -> np.ndarray:
        """Return the landmarks of the faces of a photo, from left to right.

        Args:
          photo: RGB.
          min_face: width in pixels of the smallest face that is searched for.
          min_score: smallest certainty of a detection; EG3D's scripts use 0.9.

        Returns:
          `[F, 5, 2]` (x, y), see `photos.alignment.crop`.
        """
        settings = DetectionSettings(
            min_face_size=min_face,
            thresholds=(_PROPOSAL_THRESHOLD, _REFINEMENT_THRESHOLD, min_score),
            proposals="classes",
        )
        return from_left(self.network.detect(np.asarray(photo), settings).landmarks)


def faces_from_detector(
    path: Path | None, *, min_side: float, min_score: float
) -> Callable[[str, Image.Image], np.ndarray]:
    """Return a function from the name of a photo (unused) and the photo to the landmarks of its faces.

    Args:
      path: see `find_detector`.
      min_side: smallest width in pixels of a crop; much smaller faces are not searched for.
      min_score: see `Detector.faces`.

    Raises:
      InputError: if no path is given and no weights are found.
      torch_bridge.CheckpointError: see `find_detector`.
    """
    detector = find_detector(path)
    if detector is None:
        raise InputError(HOW_TO_GET_ONE)

    def faces(_: str, photo: Image.Image) -> np.ndarray:
        smallest = max(_SMALLEST, min_side / 4, max(photo.size) / 60)  # smaller ones cost time and are noise
        return detector.faces(photo, min_face=smallest, min_score=min_score)

    return faces


def find_detector(path: Path | None = None) -> Detector | None:
    """Return a detector with trained weights.

    Args:
      path: see `mtcnn_flax.load`; None takes `mtcnn_weights.zip` or the three .npy files that `jaxunlearn
        models` finds, else those of the installed package `mtcnn`.

    Returns:
      None if no path is given and no weights are found.

    Raises:
      torch_bridge.CheckpointError: if a file cannot be read or holds something else.
    """
    given = None if path is None else pretrained.locate_file(path)
    weights = given or _published() or mtcnn_flax.installed_weights()
    if weights is None:
        return None
    origin = "the package mtcnn" if weights == mtcnn_flax.installed_weights() else str(weights)
    return Detector(mtcnn_flax.load(weights), f"MTCNN from {origin}")


def _published() -> Path | None:
    for folder in pretrained.search_folders():
        if (folder / "mtcnn_weights.zip").is_file():
            return folder / "mtcnn_weights.zip"
        if all((folder / f"{net}.npy").is_file() for net in ("pnet", "rnet", "onet")):
            return folder
    return None
