"""Super-resolution 8XDC, which GUIDE uses, and 2X, for comparing whole steps with known numbers."""

import dataclasses

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.official_step.layers import SynthesisBlock
from benchmarks.official_step.resampling import low_pass_filter


@dataclasses.dataclass(frozen=True)
class SuperresolutionSizes:
    """Sizes; the defaults are those of 8XDC.

    Attributes:
      side: of the input in pixels; others are resized to it.
      channels: of the two blocks.
      first_up: True doubles the sides in the first block, too.
      float16: True computes in float16 on CUDA and clamps activations to ±256 on every device.
    """

    side: int = 128
    channels: tuple[int, int] = (256, 128)
    first_up: bool = True
    float16: bool = True


class Superresolution(nn.Module):
    """Two synthesis blocks that use the last row of the latents, without noise."""

    def __init__(self, sizes: SuperresolutionSizes, w_dim: int, features: int = 32):
        super().__init__()
        self.side = sizes.side
        first, second = sizes.channels
        middle = sizes.side * (2 if sizes.first_up else 1)
        clamp = 256.0 if sizes.float16 else None
        self.block0 = SynthesisBlock(
            features,
            first,
            w_dim=w_dim,
            resolution=middle,
            img_channels=3,
            up=2 if sizes.first_up else 1,
            clamp=clamp,
            float16=sizes.float16,
        )
        self.block1 = SynthesisBlock(
            first,
            second,
            w_dim=w_dim,
            resolution=2 * middle,
            img_channels=3,
            clamp=clamp,
            float16=sizes.float16,
        )
        if not sizes.first_up:
            self.register_buffer("resample_filter", low_pass_filter())

    def forward(self, rgb: Tensor, features: Tensor, ws: Tensor) -> Tensor:
        """Enlarge the rendered image `[B, 3, H, W]` with its features `[B, C, H, W]`."""
        rows = ws[:, -1:].repeat(1, 3, 1)
        if features.shape[-1] != self.side:
            features, rgb = self._resized(features), self._resized(rgb)
        x, image = self.block0(features, rgb, rows, {})
        return self.block1(x, image, rows, {})[1]

    def _resized(self, x: Tensor) -> Tensor:
        size = (self.side, self.side)
        return functional.interpolate(x, size, mode="bilinear", align_corners=False, antialias=True)


def dtype_of(sizes: SuperresolutionSizes, device: torch.device) -> str:
    """Return the name of the dtype in which super-resolution computes."""
    return "float16" if sizes.float16 and device.type == "cuda" else "float32"
