"""ArcFace IR-SE50 and CurricularFace IR-101 in Flax, and the identity loss that uses them."""

from arcface_flax.config import ArcFaceConfig
from arcface_flax.files import config_to_json, load, read_state_dict, save
from arcface_flax.identity import identity_crop, identity_loss
from arcface_flax.network import ArcFace
from arcface_flax.torch_names import account, from_torch, to_torch

__all__ = [
    "ArcFace",
    "ArcFaceConfig",
    "account",
    "config_to_json",
    "from_torch",
    "identity_crop",
    "identity_loss",
    "load",
    "read_state_dict",
    "save",
    "to_torch",
]
