"""LPIPS v0.1 in Flax: the learned perceptual distance of images on VGG16, AlexNet and SqueezeNet 1.1."""

from lpips_flax.files import heads, load, read_state_dicts, recognised_net, save
from lpips_flax.lpips import LPIPS
from lpips_flax.torch_names import account, from_torch, to_torch

__all__ = [
    "LPIPS",
    "account",
    "from_torch",
    "heads",
    "load",
    "read_state_dicts",
    "recognised_net",
    "save",
    "to_torch",
]
