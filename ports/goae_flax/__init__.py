"""GOAE in Flax: an encoder on Swin V2 that finds a photo's latents for EG3D."""

from goae_flax.config import GOAEConfig, SwinConfig
from goae_flax.encoder import GOAEEncoder
from goae_flax.files import load, save
from goae_flax.torch_names import account, from_torch, to_torch

__all__ = [
    "GOAEConfig",
    "GOAEEncoder",
    "SwinConfig",
    "account",
    "from_torch",
    "load",
    "save",
    "to_torch",
]
