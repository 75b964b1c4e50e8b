"""Find a face detector, and the faces of a photo with it."""

import dataclasses
from pathlib import Path

import numpy as np
from PIL import Image

import mtcnn_flax
from jaxunlearn.models.files import pretrained
from mtcnn_flax import MTCNN, DetectionSettings

HOW_TO_GET_ONE = (
    "no face detector is here: pip install 'jaxunlearn[align]', or put its weights where `jaxunlearn models` "
    "finds them (align takes them as --detector FILE, too)"
)
_PROPOSAL_THRESHOLD, _REFINEMENT_THRESHOLD = 0.6, 0.7


@dataclasses.dataclass(frozen=True, eq=False)
class Detector:
    """MTCNN and where its weights come from."""

    network: MTCNN
    origin: str

    def faces(self, photo: Image.Image, *, min_face: float = 20, min_score: float = 0.9) -> np.ndarray:
        """Landmarks of the faces of a photo, from left to right.

        Args:
          photo: RGB.
          min_face: smallest face searched for, pixels along its box.
          min_score: of a detection; EG3D's scripts ask for 0.9.

        Returns:
          `[F, 5, 2]` (x, y), see `alignment`.
        """
        settings = DetectionSettings(
            min_face_size=min_face,
            thresholds=(_PROPOSAL_THRESHOLD, _REFINEMENT_THRESHOLD, min_score),
            proposals="classes",
        )
        landmarks = self.network.detect(np.asarray(photo), settings).landmarks
        return landmarks[np.argsort(landmarks[:, :, 0].mean(axis=1))]


def find_detector(path: Path | None = None) -> Detector | None:
    """A detector with real weights.

    Args:
      path: see `mtcnn_flax.load`; None takes `mtcnn_weights.zip` or the three .npy files where `jaxunlearn
        models` finds them, else the installed package `mtcnn`.

    Returns:
      None if no path is given and no weights are found.

    Raises:
      torch_bridge.CheckpointError: if a file cannot be read or holds something else.
    """
    given = None if path is None else pretrained.locate_file(path)
    found = given or _published() or mtcnn_flax.installed_weights()
    if found is None:
        return None
    origin = "the package mtcnn" if found == mtcnn_flax.installed_weights() else str(found)
    return Detector(mtcnn_flax.load(found), f"MTCNN from {origin}")


def _published() -> Path | None:
    for folder in pretrained.search_folders():
        if (folder / "mtcnn_weights.zip").is_file():
            return folder / "mtcnn_weights.zip"
        if all((folder / f"{net}.npy").is_file() for net in ("pnet", "rnet", "onet")):
            return folder
    return None
