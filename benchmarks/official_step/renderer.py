"""The two-pass volume renderer in the form of EG3D's own: all rays at once, sorted by depth, gathered.

`B` batch, `R` rays, `S` samples of a ray, `M` points, `C` features.
"""

import dataclasses
import functools

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.official_step.draws import Draws
from benchmarks.official_step.layers import FullyConnectedLayer


@dataclasses.dataclass(frozen=True)
class Rendering:
    """Settings of the renderer.

    Attributes:
      coarse: evenly spread samples of a ray.
      fine: samples where the coarse pass found density.
      near: distance at which rays start.
      far: distance at which rays end.
      box_warp: side of the cube that the planes cover.
      white_back: True shows white where rays meet nothing; EG3D's faces have no background.
      repeats_second_plane: True makes the third plane the transposed second, as in all official files.
    """

    coarse: int = 48
    fine: int = 48
    near: float = 2.25
    far: float = 3.3
    box_warp: float = 1.0
    white_back: bool = False
    repeats_second_plane: bool = True


class OSGDecoder(nn.Module):
    """A small network from plane features to colours and density."""

    def __init__(self, features: int = 32, hidden: int = 64, outputs: int = 32):
        super().__init__()
        self.net = nn.Sequential(
            FullyConnectedLayer(features, hidden), nn.Softplus(), FullyConnectedLayer(hidden, 1 + outputs)
        )

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Map `[B, 3, M, C]` to colours `[B, M, C]` and raw densities `[B, M, 1]`."""
        x = features.mean(1)
        batch, points, channels = x.shape
        x = self.net(x.view(batch * points, channels)).view(batch, points, -1)
        return torch.sigmoid(x[..., 1:]) * (1 + 2 * 0.001) - 0.001, x[..., 0:1]


class Samples:
    """Colours `[B, R, S, C]`, densities `[B, R, S, 1]` and depths `[B, R, S, 1]`."""

    def __init__(self, colours: Tensor, densities: Tensor, depths: Tensor):
        self.colours, self.densities, self.depths = colours, densities, depths

    def merged(self, other: "Samples") -> "Samples":
        """Return both samples in order of depth."""
        colours = torch.cat([self.colours, other.colours], dim=-2)
        densities = torch.cat([self.densities, other.densities], dim=-2)
        depths = torch.cat([self.depths, other.depths], dim=-2)
        _, order = torch.sort(depths, dim=-2)
        return Samples(
            torch.gather(colours, -2, order.expand(-1, -1, -1, colours.shape[-1])),
            torch.gather(densities, -2, order),
            torch.gather(depths, -2, order),
        )


@functools.cache
def plane_axes(device: torch.device, repeats_second_plane: bool) -> Tensor:
    """Return the axes of each plane, `[3, 3, 3]`: the last looks at z and x, or at z and y."""
    last = [[0.0, 0, 1], [1, 0, 0], [0, 1, 0]] if repeats_second_plane else [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    axes = [[[1.0, 0, 0], [0, 1, 0], [0, 0, 1]], [[1.0, 0, 0], [0, 0, 1], [0, 1, 0]], last]
    return torch.tensor(axes, dtype=torch.float32, device=device)


def sample_planes(planes: Tensor, points: Tensor, rendering: Rendering) -> Tensor:
    """Look points `[B, M, 3]` up in planes `[B, 3, C, H, W]` → `[B, 3, M, C]`."""
    batch, count, channels, height, width = planes.shape
    points = (2 / rendering.box_warp) * points
    repeated = points[:, None].expand(-1, count, -1, -1).reshape(batch * count, -1, 3)
    inverse = (
        torch.linalg.inv(plane_axes(points.device, rendering.repeats_second_plane))[None]
        .expand(batch, -1, -1, -1)
        .reshape(batch * count, 3, 3)
    )
    grid = torch.bmm(repeated, inverse)[..., :2].unsqueeze(1)
    found = functional.grid_sample(
        planes.reshape(batch * count, channels, height, width),
        grid.float(),
        mode="bilinear",
        padding_mode="zeros",
        align_corners=False,
    )
    return found.permute(0, 3, 2, 1).reshape(batch, count, -1, channels)


def march(samples: Samples, *, white_back: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    """Composite samples; `white_back` adds the white that shines through.

    Returns:
      Colours `[B, R, C]` in about [-1, 1], depth `[B, R, 1]`, weights of intervals `[B, R, S - 1, 1]`.
    """

    def middle(x: Tensor) -> Tensor:
        return (x[:, :, :-1] + x[:, :, 1:]) / 2

    widths = samples.depths[:, :, 1:] - samples.depths[:, :, :-1]
    colours, depths = middle(samples.colours), middle(samples.depths)
    densities = functional.softplus(middle(samples.densities) - 1)
    alpha = 1 - torch.exp(-(densities * widths))
    passed = torch.cat([torch.ones_like(alpha[:, :, :1]), 1 - alpha + 1e-10], dim=-2)
    weights = alpha * torch.cumprod(passed, dim=-2)[:, :, :-1]
    colour = torch.sum(weights * colours, dim=-2)
    total = weights.sum(2)
    if white_back:
        colour = colour + 1 - total
    depth = torch.sum(weights * depths, dim=-2) / total
    depth = torch.nan_to_num(depth, float("inf"))
    depth = torch.clamp(depth, torch.min(samples.depths), torch.max(samples.depths))
    return colour * 2 - 1, depth, weights


@torch.no_grad()
def importance_depths(depths: Tensor, weights: Tensor, count: int, draws: Draws) -> Tensor:
    """Return `count` depths `[B, R, count, 1]` where the weights are, in the order of their draws.

    Args:
      depths: `[B, R, S, 1]`, of the coarse pass.
      weights: `[B, R, S - 1, 1]`.
      count: samples to place.
      draws: gives "u_fine".
    """
    batch, rays, samples, _ = depths.shape
    depths, weights = depths.reshape(batch * rays, samples), weights.reshape(batch * rays, -1)
    weights = functional.max_pool1d(weights.unsqueeze(1).float(), 2, 1, padding=1)
    weights = functional.avg_pool1d(weights, 2, 1).squeeze(1) + 0.01
    bins, weights = 0.5 * (depths[:, :-1] + depths[:, 1:]), weights[:, 1:-1] + 1e-5
    density = weights / weights.sum(-1, keepdim=True)
    cdf = torch.cumsum(density, -1)
    cdf = torch.cat([torch.zeros_like(cdf[:, :1]), cdf], -1)
    u = draws.uniform("u_fine", [batch * rays, count]).contiguous()
    index = torch.searchsorted(cdf, u, right=True)
    below, above = torch.clamp_min(index - 1, 0), torch.clamp_max(index, weights.shape[1])
    both = torch.stack([below, above], -1).view(batch * rays, 2 * count)
    cdf_ends = torch.gather(cdf, 1, both).view(-1, count, 2)
    bin_ends = torch.gather(bins, 1, both).view(-1, count, 2)
    width = cdf_ends[..., 1] - cdf_ends[..., 0]
    width[width < 1e-5] = 1
    found = bin_ends[..., 0] + (u - cdf_ends[..., 0]) / width * (bin_ends[..., 1] - bin_ends[..., 0])
    return found.reshape(batch, rays, count, 1)


def render(
    planes: Tensor,
    decoder: OSGDecoder,
    origins: Tensor,
    directions: Tensor,
    rendering: Rendering,
    draws: Draws,
) -> tuple[Tensor, Tensor]:
    """Render rays.

    Args:
      planes: `[B, 3, C, H, W]`.
      decoder: from features to colours and densities.
      origins: `[B, R, 3]`.
      directions: `[B, R, 3]`, unit vectors.
      rendering: settings.
      draws: gives "jitter_coarse" and "u_fine".

    Returns:
      Colours `[B, R, C]` and depth `[B, R, 1]`.
    """
    batch, rays, _ = origins.shape

    def sample(depths: Tensor) -> Samples:
        points = origins.unsqueeze(-2) + depths * directions.unsqueeze(-2)
        features = sample_planes(planes, points.reshape(batch, -1, 3), rendering)
        colours, densities = decoder(features)
        shape = (batch, rays, depths.shape[2])
        return Samples(colours.reshape(*shape, -1), densities.reshape(*shape, 1), depths)

    depths = torch.linspace(rendering.near, rendering.far, rendering.coarse, device=origins.device)
    depths = depths.reshape(1, 1, -1, 1).repeat(batch, rays, 1, 1)
    width = (rendering.far - rendering.near) / (rendering.coarse - 1)
    coarse = sample(depths + draws.uniform("jitter_coarse", list(depths.shape)) * width)
    _, _, weights = march(coarse, white_back=rendering.white_back)
    fine = sample(importance_depths(coarse.depths, weights, rendering.fine, draws))
    colours, depth, _ = march(coarse.merged(fine), white_back=rendering.white_back)
    return colours, depth
