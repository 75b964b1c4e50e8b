"""Image, coverage and depth of a head seen by a camera."""

import dataclasses

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.cameras import split_camera
from jaxunlearn.zoo.synthetic.geometry import HAIR, HAIR_INSIDE, Head
from jaxunlearn.zoo.synthetic.light.lighting import Light
from jaxunlearn.zoo.synthetic.light.shadows import lamp_share
from jaxunlearn.zoo.synthetic.paint.face_map import face_map
from jaxunlearn.zoo.synthetic.paint.lenses import add_lenses
from jaxunlearn.zoo.synthetic.paint.table import paint_table
from jaxunlearn.zoo.synthetic.rasterizer import project, rasterize
from jaxunlearn.zoo.synthetic.shading import illuminate, shade

PLAIN_BACKGROUND = (0.93, 0.93, 0.95)
DISCONTINUITY = 0.03
"""Largest difference of depth (world units) between samples of a pixel that shows a single surface."""

PAINTED_ONCE = 128
"""Pixels along each side from which a pixel shows no pattern of the paint, and is painted once."""


@dataclasses.dataclass(frozen=True, eq=False)
class Rendering:
    """The view of a camera, `R` x `R` pixels.

    Attributes:
      image: [R, R, 3] float32 in [0, 1].
      coverage: [R, R] share of the pixel that the head covers, in [0, 1].
      depth: [R, R] distance along the unit ray through the pixel's centre; 0 where the pixel does not show a
        single surface.
    """

    image: np.ndarray
    coverage: np.ndarray
    depth: np.ndarray

    @property
    def levels(self) -> np.ndarray:
        """The image as [R, R, 3] uint8."""
        return np.round(self.image * 255).astype(np.uint8)


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
      camera: `c` [25] as from `cameras.look_at`.
      resolution: pixels along each side.
      light: light; the fixed portrait light by default.
      background: RGB in [0, 1].
      supersampling: samples along each side of a pixel.
    """
    light = light or Light()
    cam2world, intrinsics = split_camera(camera)
    samples = resolution * supersampling
    projected = project(head.vertices, cam2world, intrinsics, samples)
    first, last = np.searchsorted(head.part, [HAIR, HAIR_INSIDE + 1])
    triangle, inverse_depth, barycentric = rasterize(
        projected, head.triangles, samples, head.attributes, (int(first), int(last)), head.person.hair.curl
    )
    colours, numbers = paint_table(head.person)
    direction = np.array(light.direction, np.float32)
    direction /= np.linalg.norm(direction)
    lit = illuminate(
        head.normals,
        head.vertex_part,
        np.maximum(head.transport @ light.around, 0),
        lamp_share(head.vertices, head.normals, head.opaque, direction),
        direction,
        np.array(light.lamp, np.float32),
    )
    image = shade(
        triangle,
        barycentric,
        head.triangles,
        head.part,
        head.attributes,
        colours,
        numbers,
        face_map(),
        lit,
        np.array(background, np.float32),
        supersampling if resolution >= PAINTED_ONCE else 1,
    )
    if head.person.glasses.worn:
        seen, depth, place = rasterize(projected, head.lenses, samples, head.attributes, (0, 0), 0.0)
        add_lenses(image, inverse_depth, seen, depth, place, head.lenses, head.attributes)
    return Rendering(*resolve(image, inverse_depth, resolution, intrinsics))


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def resolve(
    image: np.ndarray, inverse_depth: np.ndarray, resolution: int, intrinsics: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reduce samples to pixels: mean colour [R, R, 3], coverage [R, R] and depth [R, R]; see `Rendering`."""
    side = image.shape[0] // resolution
    count = side * side
    colours = np.zeros((resolution, resolution, 3), np.float32)
    coverage = np.zeros((resolution, resolution), np.float32)
    depth = np.zeros((resolution, resolution), np.float32)
    for row in range(resolution):
        y = ((row + 0.5) / resolution - intrinsics[1, 2]) / intrinsics[1, 1]
        for column in range(resolution):
            covered, total, nearest, farthest = 0, 0.0, 0.0, np.inf
            for i in range(row * side, (row + 1) * side):
                for j in range(column * side, (column + 1) * side):
                    for channel in range(3):
                        colours[row, column, channel] += min(max(image[i, j, channel], 0.0), 1.0) / count
                    inverse = inverse_depth[i, j]
                    covered += inverse > 0
                    total += inverse
                    nearest, farthest = max(nearest, inverse), min(farthest, inverse)
            coverage[row, column] = covered / count
            if covered == count and 1 / farthest - 1 / nearest < DISCONTINUITY:
                # On a plane 1 / z is linear in the image, so its mean is the value at the pixel's centre.
                x = ((column + 0.5) / resolution - intrinsics[0, 2]) / intrinsics[0, 0]
                depth[row, column] = np.sqrt(1 + x * x + y * y) * count / total
    return colours, coverage, depth
