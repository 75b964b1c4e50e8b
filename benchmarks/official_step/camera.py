"""Cameras and rays in EG3D's convention. `B` batch, `R` rays, row by row."""

import math

import torch
from torch import Tensor
from torch.nn import functional

FOV_DEGREES = 18.837
RADIUS = 2.7


def camera_label(yaw: float, pitch: float, pivot: tuple[float, float, float], device: torch.device) -> Tensor:
    """Return the label `[1, 25]` of a camera: cam2world row by row, then intrinsics.

    Args:
      yaw: radians from the front.
      pitch: the official sampler's vertical offset (not exactly an angle).
      pivot: point to look at.
      device: where the result is.
    """
    h = torch.full([1, 1], math.pi / 2 + yaw, device=device)
    v = torch.full([1, 1], math.pi / 2 + pitch, device=device).clamp(1e-5, math.pi - 1e-5)
    phi = torch.arccos(1 - 2 * (v / math.pi))
    origin = RADIUS * torch.cat(
        [torch.sin(phi) * torch.cos(math.pi - h), torch.cos(phi), torch.sin(phi) * torch.sin(math.pi - h)], 1
    )
    forward = functional.normalize(torch.tensor(pivot, device=device) - origin, dim=1)
    up = torch.tensor([[0.0, 1.0, 0.0]], device=device)
    right = -functional.normalize(torch.linalg.cross(up, forward), dim=1)
    down = functional.normalize(torch.linalg.cross(forward, right), dim=1)
    cam2world = torch.eye(4, device=device)[None].repeat(1, 1, 1)
    cam2world[:, :3] = torch.stack([right, down, forward, origin], dim=2)
    focal = 1 / (math.tan(FOV_DEGREES * 3.14159 / 360) * 1.414)  # the official constants
    intrinsics = torch.tensor([[focal, 0, 0.5], [0, focal, 0.5], [0, 0, 1]], device=device)
    return torch.cat([cam2world.reshape(-1, 16), intrinsics.reshape(-1, 9)], dim=1)


def sample_rays(label: Tensor, resolution: int) -> tuple[Tensor, Tensor]:
    """Return origins and unit directions `[B, R, 3]` of the rays through all pixel centres.

    Args:
      label: `[B, 25]`.
      resolution: pixels along each side.
    """
    cam2world, intrinsics = label[:, :16].view(-1, 4, 4), label[:, 16:].view(-1, 3, 3)
    fx, skew, cx = (intrinsics[:, 0, i, None] for i in range(3))
    fy, cy = (intrinsics[:, 1, i, None] for i in (1, 2))
    centres = (torch.arange(resolution, dtype=torch.float32, device=label.device) + 0.5) / resolution
    v, u = (grid.reshape(1, -1) for grid in torch.meshgrid(centres, centres, indexing="ij"))
    x = (u - cx + cy * skew / fy - skew * v / fy) / fx
    y = (v - cy) / fy
    points = torch.stack([x, y, torch.ones_like(x), torch.ones_like(x)], dim=-1)
    world = torch.bmm(cam2world, points.permute(0, 2, 1)).permute(0, 2, 1)[:, :, :3]
    origins = cam2world[:, None, :3, 3]
    directions = functional.normalize(world - origins, dim=2)
    return origins.repeat(1, directions.shape[1], 1), directions
