"""Image, coverage and depth of a head seen by a camera."""

import dataclasses

import numpy as np

from jaxunlearn.heads.geometry import Head
from jaxunlearn.heads.rasterizer import project, rasterize
from jaxunlearn.heads.shading import Light, paint_table, shade
from jaxunlearn.heads.views import split_camera

PLAIN_BACKGROUND = (0.93, 0.93, 0.95)
DISCONTINUITY = 0.03
"""A pixel whose samples differ more in depth (world units) shows no single surface."""


@dataclasses.dataclass(frozen=True, eq=False)
class Rendering:
    """What a camera sees, `R` x `R` pixels.

    Attributes:
      image: [R, R, 3] float32 in [0, 1].
      coverage: [R, R] share of the pixel that the head covers, in [0, 1].
      depth: [R, R] distance along the unit ray through the pixel's centre; 0 where the pixel is not wholly
        covered by one continuous surface.
    """

    image: np.ndarray
    coverage: np.ndarray
    depth: np.ndarray


def render(
    head: Head,
    camera: np.ndarray,
    resolution: int,
    light: Light | None = None,
    background: tuple[float, float, float] = PLAIN_BACKGROUND,
    supersampling: int = 2,
) -> Rendering:
    """Render a head.

    Args:
      head: as from `build_head`.
      camera: `c` [25] as from `views.look_at`.
      resolution: pixels along each side.
      light: the fixed head light if not given.
      background: RGB in [0, 1].
      supersampling: samples along each side of a pixel.
    """
    light = light or Light()
    cam2world, intrinsics = split_camera(camera)
    samples = resolution * supersampling
    projected = project(head.vertices, cam2world, intrinsics, samples)
    triangle, inverse_depth, barycentric = rasterize(projected, head.triangles, samples)
    colours, numbers = paint_table(head.person)
    direction = np.array(light.direction, np.float32)
    image = shade(
        triangle,
        barycentric,
        head.triangles,
        head.part,
        head.attributes,
        head.normals,
        colours,
        numbers,
        direction / np.linalg.norm(direction),
        light.ambient,
        np.array(light.tint, np.float32),
        np.array(background, np.float32),
    )
    blocks = (resolution, supersampling, resolution, supersampling)
    inverse_blocks = inverse_depth.reshape(blocks)
    nearest, farthest = inverse_blocks.max((1, 3)), inverse_blocks.min((1, 3))
    covered = farthest > 0
    continuous = covered & (
        1 / np.where(covered, farthest, 1) - 1 / np.where(covered, nearest, 1) < DISCONTINUITY
    )
    # 1 / z is linear in the image on a plane, so its mean is the value at the pixel's centre.
    z_depth = 1 / np.where(continuous, inverse_blocks.mean((1, 3)), 1)
    return Rendering(
        image=np.clip(image, 0, 1).reshape(*blocks, 3).mean((1, 3)),
        coverage=(inverse_blocks > 0).mean((1, 3), dtype=np.float32),
        depth=np.where(continuous, z_depth * ray_lengths(intrinsics, resolution), 0).astype(np.float32),
    )


def ray_lengths(intrinsics: np.ndarray, resolution: int) -> np.ndarray:
    """[R, R] length of the ray through each pixel's centre up to unit z-depth."""
    centre = (np.arange(resolution, dtype=np.float32) + 0.5) / resolution
    x = (centre - intrinsics[0, 2]) / intrinsics[0, 0]
    y = (centre - intrinsics[1, 2]) / intrinsics[1, 1]
    return np.sqrt(1 + x[None] ** 2 + y[:, None] ** 2)
