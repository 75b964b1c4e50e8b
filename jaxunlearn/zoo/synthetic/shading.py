"""Colour of each visible surface sample: paint, then a simple light that does not depend on the camera.

Paint is a function of the attributes of the mesh, above all of the rest position. So it sticks to the surface
under any deformation. Highlights are fixed on the surface, too. So a generator like EG3D can reproduce every
view exactly, although its colours ignore the viewing direction.
"""

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.anatomy import EYES, LASHES, SKIN, TEETH, TONGUE
from jaxunlearn.zoo.synthetic.geometry import FRAME, HAIR, HAIR_INSIDE, OPENNESS
from jaxunlearn.zoo.synthetic.paint.eyes import paint_eye
from jaxunlearn.zoo.synthetic.paint.hair import paint_hair
from jaxunlearn.zoo.synthetic.paint.mixing import darken, ramp
from jaxunlearn.zoo.synthetic.paint.skin import paint_skin
from jaxunlearn.zoo.synthetic.paint.table import FRAME_COLOUR


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def paint_part(
    kind: int,
    a: np.ndarray,
    ny: float,
    diffuse: float,
    colours: np.ndarray,
    numbers: np.ndarray,
    colour: np.ndarray,
) -> tuple[float, float]:
    """Write the colour [3] of a part of the head; return its shininess and its diffuse light."""
    shine = 0.0
    if kind == SKIN:
        shine = paint_skin(a, colours, numbers, colour)
        diffuse *= 0.45 + 0.55 * ramp(0.0, 0.8, a[OPENNESS])
    elif kind == EYES:
        shine = paint_eye(a, colours, colour)
        diffuse = 0.35 * diffuse + 0.65
    elif kind == LASHES:
        colour[0], colour[1], colour[2] = 0.07, 0.05, 0.05
        diffuse = 1.0
    elif kind == TEETH:
        colour[0], colour[1], colour[2] = 0.93, 0.91, 0.86
        diffuse *= a[OPENNESS]
    elif kind == TONGUE:
        colour[0], colour[1], colour[2] = 0.62, 0.30, 0.30
    elif kind == HAIR:
        shine = paint_hair(a, colours, numbers, ny, colour)
    elif kind == HAIR_INSIDE:
        paint_hair(a, colours, numbers, ny, colour)
        darken(colour, 0.45)
        diffuse = 0.75
    elif kind == FRAME:
        colour[:] = colours[FRAME_COLOUR]
        shine = 0.1
    return shine, diffuse


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def shade(
    triangle: np.ndarray,
    barycentric: np.ndarray,
    triangles: np.ndarray,
    part: np.ndarray,
    attributes: np.ndarray,
    normals: np.ndarray,
    colours: np.ndarray,
    numbers: np.ndarray,
    light: np.ndarray,
    ambient: float,
    tint: np.ndarray,
    background: np.ndarray,
) -> np.ndarray:
    """Shade a rasterised head: an image [R, R, 3] in about [0, 1].

    `triangle` and `barycentric` come from `rasterize`, `colours` and `numbers` from `paint_table`. The next
    four arrays are those of a `Head`, `light` is a unit vector, and the rest is as in `Light`.
    """
    resolution = triangle.shape[0]
    image = np.empty((resolution, resolution, 3), np.float32)
    a = np.empty(attributes.shape[1], np.float32)
    colour = np.empty(3, np.float32)
    for row in range(resolution):
        for column in range(resolution):
            t = triangle[row, column]
            if t < 0:
                image[row, column] = background
                continue
            i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            b0, b1 = barycentric[row, column, 0], barycentric[row, column, 1]
            b2 = 1 - b0 - b1
            for n in range(a.shape[0]):
                a[n] = b0 * attributes[i, n] + b1 * attributes[j, n] + b2 * attributes[k, n]
            nx = b0 * normals[i, 0] + b1 * normals[j, 0] + b2 * normals[k, 0]
            ny = b0 * normals[i, 1] + b1 * normals[j, 1] + b2 * normals[k, 1]
            nz = b0 * normals[i, 2] + b1 * normals[j, 2] + b2 * normals[k, 2]
            towards_light = 0.5 + 0.5 * (nx * light[0] + ny * light[1] + nz * light[2])
            diffuse = ambient + (1 - ambient) * 1.12 * towards_light * towards_light + 0.05 * ny
            kind = int(part[t])
            shine, diffuse = paint_part(kind, a, ny, diffuse, colours, numbers, colour)
            # Half-way between the light and the frontal view, whatever the camera.
            hx, hy, hz = light[0], light[1], light[2] + 1
            towards_half = (nx * hx + ny * hy + nz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz)
            gloss = shine if kind == HAIR else shine * max(towards_half, 0.0) ** 14
            for channel in range(3):
                image[row, column, channel] = tint[channel] * (colour[channel] * diffuse + gloss)
    return image
