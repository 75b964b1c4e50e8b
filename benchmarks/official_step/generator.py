"""EG3D's tri-plane generator in PyTorch, with the official names of weights.

`B` batch, `L` rows of a latent, `D` length of a row, `C` channels.
"""

import dataclasses

import torch
from torch import Tensor, nn

from benchmarks.official_step.camera import sample_rays
from benchmarks.official_step.draws import Draws
from benchmarks.official_step.layers import FullyConnectedLayer, SynthesisBlock
from benchmarks.official_step.renderer import OSGDecoder, Rendering, render
from benchmarks.official_step.superresolution import Superresolution, SuperresolutionSizes


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Sizes of a generator; the defaults are those of the file ffhqrebalanced512-128.

    Attributes:
      z_dim: length of a random latent.
      w_dim: length of a latent's row.
      mapping_layers: of the mapping network, beside the one of the camera.
      channel_base: channels at a resolution are `channel_base / resolution`.
      channel_max: at most so many.
      plane_side: side of the planes; always 256 in the official code.
      plane_channels: features of a plane's texel; always 32 in the official code.
      decoder_hidden: hidden width of the decoder; always 64 in the official code.
      features: of a rendered pixel; the first three are its colour.
      neural_side: side of the rendered image.
      rendering: samples and distances.
      superresolution: sizes of the last part.
    """

    z_dim: int = 512
    w_dim: int = 512
    mapping_layers: int = 2
    channel_base: int = 32768
    channel_max: int = 512
    plane_side: int = 256
    plane_channels: int = 32
    decoder_hidden: int = 64
    features: int = 32
    neural_side: int = 128
    rendering: Rendering = dataclasses.field(default_factory=Rendering)
    superresolution: SuperresolutionSizes = dataclasses.field(default_factory=SuperresolutionSizes)


class MappingNetwork(nn.Module):
    """From random latents and cameras to rows of ws."""

    def __init__(self, z_dim: int, w_dim: int, num_ws: int, layers: int = 2):
        super().__init__()
        self.num_ws = num_ws
        self.embed = FullyConnectedLayer(25, w_dim)
        self.layer_names = [f"fc{k}" for k in range(layers)]
        for k, name in enumerate(self.layer_names):
            inputs = w_dim if k else z_dim + w_dim
            setattr(self, name, FullyConnectedLayer(inputs, w_dim, lrelu=True, rate=0.01))
        self.register_buffer("w_avg", torch.zeros(w_dim))

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """Map `[B, z_dim]` and camera labels `[B, 25]` to `[B, L, D]`, without truncation."""

        def normalised(x: Tensor) -> Tensor:
            return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()

        x = torch.cat([normalised(z), normalised(self.embed(c))], dim=1)
        for name in self.layer_names:
            x = getattr(self, name)(x)
        return x[:, None].repeat(1, self.num_ws, 1)


class SynthesisNetwork(nn.Module):
    """From ws to planes: blocks `b4`, `b8`, ... of doubling resolution."""

    def __init__(self, sizes: Sizes, outputs: int):
        super().__init__()
        self.resolutions = [2**i for i in range(2, sizes.plane_side.bit_length())]
        inputs = 0
        for resolution in self.resolutions:
            channels = min(sizes.channel_base // resolution, sizes.channel_max)
            block = SynthesisBlock(
                inputs, channels, w_dim=sizes.w_dim, resolution=resolution, img_channels=outputs
            )
            setattr(self, f"b{resolution}", block)
            inputs = channels
        self.num_ws = 2 * len(self.resolutions)

    def forward(self, ws: Tensor, draws: Draws) -> Tensor:
        """Map `[B, L, D]` to `[B, C, H, W]`; every layer draws its own noise."""
        ws = ws.to(torch.float32)
        x = image = None
        row = 0
        for resolution in self.resolutions:
            block: SynthesisBlock = getattr(self, f"b{resolution}")
            count = len(block.conv_names)
            noise = {
                name: draws.normal(f"noise.b{resolution}.{name}", [len(ws), 1, resolution, resolution])
                for name in block.conv_names
            }
            # ToRGB uses the same row as the first convolution of the next block.
            x, image = block(x, image, ws[:, row : row + count + 1], noise)
            row += count
        assert image is not None
        return image


class Backbone(nn.Module):
    """Mapping and synthesis."""

    def __init__(self, sizes: Sizes, outputs: int):
        super().__init__()
        self.synthesis = SynthesisNetwork(sizes, outputs)
        self.mapping = MappingNetwork(sizes.z_dim, sizes.w_dim, self.synthesis.num_ws, sizes.mapping_layers)


class TriPlaneGenerator(nn.Module):
    """The generator in train mode."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.sizes = sizes
        self.backbone = Backbone(sizes, 3 * sizes.plane_channels)
        self.superresolution = Superresolution(sizes.superresolution, sizes.w_dim, sizes.features)
        self.decoder = OSGDecoder(sizes.plane_channels, sizes.decoder_hidden, sizes.features)

    def mapping(self, z: Tensor, c: Tensor) -> Tensor:
        """Map `[B, z_dim]` and camera labels `[B, 25]` to `[B, L, D]`."""
        return self.backbone.mapping(z, c)

    def planes(self, ws: Tensor, draws: Draws) -> Tensor:
        """Compute planes `[B, 3 C, H, W]`."""
        return self.backbone.synthesis(ws, draws)

    def image(self, ws: Tensor, c: Tensor, draws: Draws) -> tuple[Tensor, Tensor, Tensor]:
        """Compute planes anew and render them.

        Args:
          ws: `[B, L, D]`.
          c: camera labels `[B, 25]`.
          draws: noise and jitter.

        Returns:
          Image, rendered image and depth, all `[B, channels, H, W]`.
        """
        side = self.sizes.neural_side
        origins, directions = sample_rays(c, side)
        planes = self.planes(ws, draws)
        planes = planes.view(len(planes), 3, -1, planes.shape[-2], planes.shape[-1])
        colours, depth = render(planes, self.decoder, origins, directions, self.sizes.rendering, draws)
        features = colours.permute(0, 2, 1).reshape(len(ws), -1, side, side).contiguous()
        depth = depth.permute(0, 2, 1).reshape(len(ws), 1, side, side)
        rgb = features[:, :3]
        return self.superresolution(rgb, features, ws), rgb, depth
