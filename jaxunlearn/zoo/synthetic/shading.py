"""Colour of each visible surface sample: paint, then light that does not depend on the camera.

Paint is a function of the attributes of the mesh, above all of the rest position. So it sticks to the surface
under any deformation. Highlights are fixed on the surface, too. So a generator like EG3D can reproduce every
view exactly, although its colours ignore the viewing direction.

Paint is chosen as a screen shows it. Light adds up in linear numbers, so colours are squared before and the
root is taken after: close to a screen's curve, and much faster.
"""

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.anatomy import EYES, LASHES, SKIN, TEETH, TONGUE
from jaxunlearn.zoo.synthetic.geometry import ATTRIBUTES, FRAME, HAIR, HAIR_INSIDE, OPENNESS, REST_X
from jaxunlearn.zoo.synthetic.paint.eyes import paint_eye
from jaxunlearn.zoo.synthetic.paint.face_map import CHANNELS
from jaxunlearn.zoo.synthetic.paint.hair import paint_hair
from jaxunlearn.zoo.synthetic.paint.mixing import darken, ramp
from jaxunlearn.zoo.synthetic.paint.skin import paint_skin
from jaxunlearn.zoo.synthetic.paint.table import FRAME_COLOUR

EYE_GLOW = 0.16
"""Light inside an eye that its own white scatters."""
SHOULDER = 0.74
"""Screen brightness above which highlights are compressed instead of cut off."""


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def paint_part(
    kind: int,
    a: np.ndarray,
    ny: float,
    colours: np.ndarray,
    numbers: np.ndarray,
    table: np.ndarray,
    marks: np.ndarray,
    colour: np.ndarray,
) -> float:
    """Write the colour [3] of a part of the head; return its shininess. `marks` is scratch memory."""
    shine = 0.0
    if kind == SKIN:
        shine = paint_skin(a, colours, numbers, table, marks, colour)
    elif kind == EYES:
        shine = paint_eye(a, colours, colour)
    elif kind == LASHES:
        colour[0], colour[1], colour[2] = 0.07, 0.05, 0.05
    elif kind == TEETH:
        colour[0], colour[1], colour[2] = 0.86, 0.83, 0.77
        # Dark at the sides, where the cheeks are, and behind lips that are hardly open.
        darken(colour, 1 - a[OPENNESS] * (1 - 0.85 * ramp(0.09, 0.19, abs(a[REST_X]))))
    elif kind == TONGUE:
        colour[0], colour[1], colour[2] = 0.62, 0.30, 0.30
    elif kind == HAIR:
        shine = paint_hair(a, colours, numbers, ny, colour)
    elif kind == HAIR_INSIDE:
        paint_hair(a, colours, numbers, ny, colour)
        darken(colour, 0.35)
    elif kind == FRAME:
        colour[:] = colours[FRAME_COLOUR]
        shine = 0.1
    return shine


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def lamp_light(kind: int, towards: float, share: float, channel: int) -> float:
    """Return the light of a lamp of strength 1 on a part.

    Under the skin light wanders sideways, red the farthest: it softens the edge of shade and tints it warm.

    Args:
      kind: part number.
      towards: cosine between normal and lamp.
      share: share of the lamp that nothing hides, in [0, 1].
      channel: 0, 1 or 2 for red, green or blue.
    """
    wrap, bleed = 0.12, 0.0
    if kind == SKIN:
        wrap, bleed = 0.24 - 0.09 * channel, 0.40 - 0.18 * channel
    elif kind == HAIR:
        wrap = 0.5
    lit = max(towards + wrap, 0.0) / (1 + wrap)
    return lit * (share + bleed * share * (1 - share))


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def illuminate(
    normals: np.ndarray,
    vertex_part: np.ndarray,
    soft: np.ndarray,
    share: np.ndarray,
    direction: np.ndarray,
    lamp: np.ndarray,
) -> np.ndarray:
    """Return the light on each vertex [N, 7]: RGB that matt paint reflects, RGB of its gloss, and up-slope.

    The mesh is about as fine as the pixels, so light is computed for its vertices and interpolated.

    Args:
      normals: [N, 3] unit normals.
      vertex_part: [N] part number of each vertex.
      soft: [N, 3] light of the surroundings, linear.
      share: [N] share of the lamp's light that reaches each vertex.
      direction: [3] unit vector towards the lamp.
      lamp: RGB of the lamp, linear.
    """
    light = np.empty((normals.shape[0], 7), np.float32)
    # Half-way between the lamp and the frontal view, whatever the camera.
    hx, hy, hz = direction[0], direction[1], direction[2] + 1
    half = np.sqrt(hx * hx + hy * hy + hz * hz)
    for n in range(normals.shape[0]):
        kind = vertex_part[n]
        nx, ny, nz = normals[n, 0], normals[n, 1], normals[n, 2]
        towards = nx * direction[0] + ny * direction[1] + nz * direction[2]
        facing = 0.5
        if kind != HAIR:
            facing = max((nx * hx + ny * hy + nz * hz) / half, 0.0) ** 12
        for channel in range(3):
            received = soft[n, channel] + lamp[channel] * lamp_light(kind, towards, share[n], channel)
            if kind == EYES:
                received = EYE_GLOW + (1 - EYE_GLOW) * 0.86 * received
            elif kind == TEETH:
                received = 0.35 + 0.5 * received  # they shine through each other; an open mouth shows them
            light[n, channel] = received
            light[n, 3 + channel] = facing * (0.3 * soft[n, channel] + lamp[channel] * share[n])
        light[n, 6] = ny
    return light


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def on_screen(light: float) -> float:
    """Return the brightness on a screen, in [0, 1], of linear light: a root with a soft shoulder."""
    shown = np.sqrt(max(light, 0.0))
    if shown > SHOULDER:
        over = (shown - SHOULDER) / (1 - SHOULDER)
        shown = SHOULDER + (1 - SHOULDER) * over / (1 + over)
    return shown


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def shade(
    triangle: np.ndarray,
    barycentric: np.ndarray,
    triangles: np.ndarray,
    part: np.ndarray,
    attributes: np.ndarray,
    colours: np.ndarray,
    numbers: np.ndarray,
    table: np.ndarray,
    light: np.ndarray,
    background: np.ndarray,
) -> np.ndarray:
    """Shade a rasterised head: an image [R, R, 3] in [0, 1].

    Args:
      triangle: [R, R] as from `rasterize`.
      barycentric: [R, R, 2] as from `rasterize`.
      triangles: [T, 3] as in `Head`.
      part: [T] as in `Head`.
      attributes: [N, ATTRIBUTES] as in `Head`.
      colours: as from `paint_table`.
      numbers: as from `paint_table`.
      table: as from `face_map`.
      light: [N, 7] as from `illuminate`.
      background: RGB in [0, 1].
    """
    resolution = triangle.shape[0]
    image = np.empty((resolution, resolution, 3), np.float32)
    a = np.empty(ATTRIBUTES, np.float32)
    here = np.empty(7, np.float32)
    colour = np.empty(3, np.float32)
    marks = np.empty(CHANNELS, np.float32)
    for row in range(resolution):
        for column in range(resolution):
            t = triangle[row, column]
            if t < 0:
                for channel in range(3):
                    image[row, column, channel] = background[channel]
                continue
            i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            b0, b1 = barycentric[row, column, 0], barycentric[row, column, 1]
            b2 = 1 - b0 - b1
            for n in range(ATTRIBUTES):
                a[n] = b0 * attributes[i, n] + b1 * attributes[j, n] + b2 * attributes[k, n]
            for n in range(7):
                here[n] = b0 * light[i, n] + b1 * light[j, n] + b2 * light[k, n]
            shine = paint_part(int(part[t]), a, here[6], colours, numbers, table, marks, colour)
            for channel in range(3):
                reflected = colour[channel] * colour[channel] * here[channel] + shine * here[3 + channel]
                image[row, column, channel] = on_screen(reflected)
    return image
