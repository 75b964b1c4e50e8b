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
from jaxunlearn.zoo.synthetic.geometry import (
    ATTRIBUTES,
    FRAME,
    HAIR,
    HAIR_INSIDE,
    LIPS,
    OPENNESS,
    REST_X,
    REST_Y,
    REST_Z,
)
from jaxunlearn.zoo.synthetic.paint.brows import near_brow
from jaxunlearn.zoo.synthetic.paint.eyes import paint_eye
from jaxunlearn.zoo.synthetic.paint.face_map import CHANNELS
from jaxunlearn.zoo.synthetic.paint.hair import paint_hair
from jaxunlearn.zoo.synthetic.paint.mixing import cover, darken, ramp
from jaxunlearn.zoo.synthetic.paint.skin import paint_skin
from jaxunlearn.zoo.synthetic.paint.table import FRAME_COLOUR

EYE_GLOW = 0.16
"""Light inside an eye that its own white scatters."""
SHOULDER = 0.74
"""Screen brightness above which highlights are compressed instead of cut off."""
LIGHT = 7
"""Numbers of the light on a vertex, see `illuminate`."""
UP = ATTRIBUTES + 6
"""Column of the up-slope in what shading knows of a point: its attributes, then its light."""
CHOSEN = -2
"""In place of a point's part number: it is among those that get the next colour."""
NEAR = 0.06
"""Largest difference of each of the first three attributes, which say where on its part a point lies, between
points that one colour paints."""


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
        paint_eye(a, colours, colour)
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
        cover(colour, colours, FRAME_COLOUR)
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
    """Return the light on each vertex [N, LIGHT]: RGB that matt paint reflects, RGB of its gloss, up-slope.

    The mesh is about as fine as the pixels, so light is computed for its vertices and interpolated.

    Args:
      normals: [N, 3] unit normals.
      vertex_part: [N] part number of each vertex.
      soft: [N, 3] light of the surroundings, linear.
      share: [N] share of the lamp's light that reaches each vertex.
      direction: [3] unit vector towards the lamp.
      lamp: RGB of the lamp, linear.
    """
    light = np.empty((normals.shape[0], LIGHT), np.float32)
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


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def look(
    corners: np.ndarray,
    t: int,
    first: float,
    second: float,
    attributes: np.ndarray,
    light: np.ndarray,
    points: np.ndarray,
    s: int,
) -> None:
    """Write the attributes and the light at a point of triangle `t` to row `s` of `points`.

    `first` and `second` are the barycentric coordinates of the triangle's first two `corners`.
    """
    i, j, k = corners[t, 0], corners[t, 1], corners[t, 2]
    third = 1 - first - second
    for n in range(ATTRIBUTES):
        points[s, n] = first * attributes[i, n] + second * attributes[j, n] + third * attributes[k, n]
    for n in range(LIGHT):
        points[s, ATTRIBUTES + n] = first * light[i, n] + second * light[j, n] + third * light[k, n]


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def fine(kind: int, points: np.ndarray, s: int) -> bool:
    """Return whether the paint at point `s` may change within a pixel: eyes, lips and brows."""
    if kind == SKIN:
        x, y, z = abs(points[s, REST_X]), points[s, REST_Y], points[s, REST_Z]
        return points[s, LIPS] > 0 or near_brow(x, y, z)
    return kind == EYES


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def far(points: np.ndarray, s: int, other: int) -> bool:
    """Return whether two points of a part lie too far from each other for one colour to paint both."""
    x, y, z = (
        points[s, 0] - points[other, 0],
        points[s, 1] - points[other, 1],
        points[s, 2] - points[other, 2],
    )
    return abs(x) > NEAR or abs(y) > NEAR or abs(z) > NEAR


@numba.njit(cache=True, fastmath=True, error_model="numpy", forceinline=True)
def paint_points(
    kinds: np.ndarray,
    points: np.ndarray,
    colours: np.ndarray,
    numbers: np.ndarray,
    table: np.ndarray,
    middle: np.ndarray,
    marks: np.ndarray,
    colour: np.ndarray,
    painted: np.ndarray,
) -> None:
    """Write the colours of the points of a block to `painted`; points near each other get the same one.

    Args:
      kinds: [B] part numbers; -1 where nothing is painted. All are -1 afterwards.
      points: [B, ATTRIBUTES + LIGHT] as from `look`.
      colours: as from `paint_table`.
      numbers: as from `paint_table`.
      table: as from `face_map`.
      middle: [ATTRIBUTES + LIGHT] scratch memory.
      marks: [CHANNELS] scratch memory.
      colour: [3] scratch memory.
      painted: [B, 3].
    """
    for s in range(kinds.shape[0]):
        kind = kinds[s]
        if kind < 0:
            continue
        for n in range(ATTRIBUTES + LIGHT):
            middle[n] = points[s, n]
        kinds[s], together = CHOSEN, 1
        if not fine(kind, points, s):
            for other in range(s + 1, kinds.shape[0]):
                if kinds[other] == kind and not far(points, s, other):
                    kinds[other], together = CHOSEN, together + 1
                    for n in range(ATTRIBUTES + LIGHT):
                        middle[n] += points[other, n]
            for n in range(ATTRIBUTES + LIGHT):
                middle[n] /= together
        shine = paint_part(kind, middle, middle[UP], colours, numbers, table, marks, colour)
        for channel in range(3):
            matt, gloss = middle[ATTRIBUTES + channel], middle[ATTRIBUTES + 3 + channel]
            colour[channel] = on_screen(colour[channel] * colour[channel] * matt + shine * gloss)
        for other in range(s, kinds.shape[0]):
            if kinds[other] == CHOSEN:
                kinds[other] = -1
                for channel in range(3):
                    painted[other, channel] = colour[channel]


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def put(
    painted: np.ndarray, triangle: np.ndarray, top: int, left: int, block: int, image: np.ndarray
) -> None:
    """Copy the colours of the block at row `top` and column `left` to the image, where a triangle is."""
    s = 0
    for row in range(top, top + block):
        for column in range(left, left + block):
            if triangle[row, column] >= 0:
                for channel in range(3):
                    image[row, column, channel] = painted[s, channel]
            s += 1


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
    block: int,
) -> np.ndarray:
    """Shade a rasterised head: an image [R, R, 3] in [0, 1].

    Paint takes most of the time, and few of its patterns are finer than a pixel of 128. So samples of a
    block that lie side by side on a part of the head are painted once, in their middle. At edges, and where
    paint is fine, each keeps its own colour.

    Args:
      triangle: [R, R] as from `rasterize`.
      barycentric: [R, R, 2] as from `rasterize`.
      triangles: [T, 3] as in `Head`.
      part: [T] as in `Head`.
      attributes: [N, ATTRIBUTES] as in `Head`.
      colours: as from `paint_table`.
      numbers: as from `paint_table`.
      table: as from `face_map`.
      light: [N, LIGHT] as from `illuminate`.
      background: RGB in [0, 1].
      block: samples along each side of a block; divides R. 1 paints each sample by itself.
    """
    resolution, count = triangle.shape[0], block * block
    image = np.empty((resolution, resolution, 3), np.float32)
    image[:] = background
    points = np.empty((count, ATTRIBUTES + LIGHT), np.float32)
    middle = np.empty(ATTRIBUTES + LIGHT, np.float32)
    kinds = np.empty(count, np.int64)
    painted = np.empty((count, 3), np.float32)
    colour = np.empty(3, np.float32)
    marks = np.empty(CHANNELS, np.float32)
    for top in range(0, resolution, block):
        for left in range(0, resolution, block):
            s, seen = 0, False
            for row in range(top, top + block):
                for column in range(left, left + block):
                    t = triangle[row, column]
                    kinds[s] = -1
                    if t >= 0:
                        kinds[s], seen = part[t], True
                        first, second = barycentric[row, column, 0], barycentric[row, column, 1]
                        look(triangles, t, first, second, attributes, light, points, s)
                    s += 1
            if not seen:
                continue
            paint_points(kinds, points, colours, numbers, table, middle, marks, colour, painted)
            put(painted, triangle, top, left, block, image)
    return image
