"""A face detector made of three networks."""

import numpy as np
from flax import nnx

from mtcnn_flax.alignment import align_face
from mtcnn_flax.detection import Detections, DetectionSettings, detect
from mtcnn_flax.networks import ONet, PNet, RNet


class NoFaceError(ValueError):
    """No face was found in an image that should show a face."""


class MTCNN(nnx.Module):
    """A detector of faces and five landmarks. It runs on the host; its networks are compiled."""

    def __init__(self, pnet: PNet, rnet: RNet, onet: ONet):
        self.pnet = pnet
        self.rnet = rnet
        self.onet = onet

    def detect(self, image: np.ndarray, settings: DetectionSettings | None = None) -> Detections:
        """Find the faces of an image.

        Args:
          image: `[H, W, 3]` uint8, RGB.
          settings: thresholds and smallest size; None uses those of SUGAR's evaluation.

        Raises:
          ValueError: if the image has another shape or type.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(f"the detector needs [H, W, 3] uint8, not {list(image.shape)} {image.dtype}")
        return detect(image, (self.pnet, self.rnet, self.onet), settings)

    def align(self, image: np.ndarray) -> np.ndarray:
        """Return the best face of an image, turned upright: `[112, 112, 3]` uint8.

        Raises:
          NoFaceError: if no face is found.
        """
        faces = self.detect(image)
        if not len(faces):
            raise NoFaceError("no face found")
        return align_face(image, faces.landmarks[0])
