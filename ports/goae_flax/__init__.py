"""GOAE in Flax: an encoder on Swin V2 that estimates a photo's latents for EG3D."""

from goae_flax.config import GOAEConfig, SwinConfig
from goae_flax.encoder import GOAEEncoder
from goae_flax.files import config_to_json, load, read_state_dict, save
from goae_flax.torch_names import account, from_torch, to_torch

__all__ = [
    "GOAEConfig",
    "GOAEEncoder",
    "SwinConfig",
    "account",
    "config_to_json",
    "from_torch",
    "load",
    "read_state_dict",
    "save",
    "to_torch",
]
