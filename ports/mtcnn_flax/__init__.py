"""MTCNN in Flax: detect faces and five landmarks, and turn a face upright."""

from mtcnn_flax.alignment import ALIGNED_SIZE, align_face, fit_similarity, warp
from mtcnn_flax.detection import Detections, DetectionSettings
from mtcnn_flax.detector import MTCNN, NoFaceError
from mtcnn_flax.files import load, read_state_dict, recognised_net, save
from mtcnn_flax.keras import installed_weights
from mtcnn_flax.networks import ONet, PNet, RNet
from mtcnn_flax.torch_names import account, from_torch, to_torch

__all__ = [
    "ALIGNED_SIZE",
    "MTCNN",
    "DetectionSettings",
    "Detections",
    "NoFaceError",
    "ONet",
    "PNet",
    "RNet",
    "account",
    "align_face",
    "fit_similarity",
    "from_torch",
    "installed_weights",
    "load",
    "read_state_dict",
    "recognised_net",
    "save",
    "to_torch",
    "warp",
]
