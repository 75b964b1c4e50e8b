"""EG3D's tri-plane generator in Flax; its numbers agree with the official code's.

config = eg3d_flax.GeneratorConfig.ffhq512_128()
G = eg3d_flax.TriPlaneGenerator(config, rngs=nnx.Rngs(0))
ws = G.mapping(z, c)
out = G.synthesis(ws, c)        # .image .image_raw .image_depth
"""

from eg3d_flax import camera
from eg3d_flax.checkpoint import read_checkpoint
from eg3d_flax.compute import Compute
from eg3d_flax.config import GeneratorConfig
from eg3d_flax.generator import RenderOutput, TriPlaneGenerator
from eg3d_flax.renderer import Jitter
from eg3d_flax.torch_names import account, from_torch, to_torch

__all__ = [
    "Compute",
    "GeneratorConfig",
    "Jitter",
    "RenderOutput",
    "TriPlaneGenerator",
    "account",
    "camera",
    "from_torch",
    "read_checkpoint",
    "to_torch",
]
