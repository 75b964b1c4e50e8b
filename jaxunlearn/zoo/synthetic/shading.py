"""Colour of each visible surface sample: paint, then a simple light that does not depend on the camera.

Paint is a function of the attributes of the mesh, above all of the rest position. So it sticks to the surface
under any deformation. Highlights are fixed on the surface, too. So a generator like EG3D can reproduce every
view exactly, although its colours ignore the viewing direction.
"""

import dataclasses

import numba
import numpy as np

from jaxunlearn.zoo.synthetic.anatomy import EYES, LASHES, SKIN, TEETH, TONGUE
from jaxunlearn.zoo.synthetic.geometry import (
    BEARD,
    COSINE,
    EARS,
    FRAME,
    HAIR,
    HEIGHT,
    LIPS,
    MOUTH,
    OPENNESS,
    OUTLINE,
    REST_X,
    REST_Y,
    REST_Z,
    SCALP,
    SINE,
    WAVE,
)
from jaxunlearn.zoo.synthetic.person import Person

(SKIN_COLOUR, LIP_COLOUR, HAIR_COLOUR, BROW_COLOUR, IRIS_COLOUR, SHIRT_COLOUR, FRAME_COLOUR) = range(7)
(BROW_THICKNESS, BROW_ARCH, BROW_TILT, BLUSH, BALD, CURL) = range(6)


@dataclasses.dataclass(frozen=True)
class Light:
    """One directional light and an even surrounding.

    Attributes:
      direction: [3] towards the light, in world space, of any length.
      ambient: share of the surrounding light, in [0, 1].
      tint: RGB factor of all colours.
    """

    direction: tuple[float, float, float] = (0.25, 0.45, 0.86)
    ambient: float = 0.42
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def ramp(low: float, high: float, x: float) -> float:
    """Return a smooth step from 0 at `low` to 1 at `high`; `high` may be the smaller."""
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def blend(colour: np.ndarray, paint: np.ndarray, share: float) -> None:
    """Move a colour [3] towards a paint [3], in place."""
    for channel in range(3):
        colour[channel] += (paint[channel] - colour[channel]) * share


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def darken(colour: np.ndarray, share: float) -> None:
    """Darken a colour [3] by a share, in place."""
    for channel in range(3):
        colour[channel] *= 1 - share


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def redden(a: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> None:
    """Redden the colour [3] of cheeks, ears and the tip of the nose, in place."""
    x, y, z = abs(a[REST_X]), a[REST_Y], a[REST_Z]
    red = 0.25 * a[EARS]
    if z > 0.9:
        red += (
            numbers[BLUSH] * np.exp(-((x - 0.46) ** 2) / 0.035 - (y - 6.92) ** 2 / 0.03) * ramp(0.9, 1.2, z)
        )
    if z > 1.5:
        red += 0.5 * numbers[BLUSH] * np.exp(-(x**2) / 0.02 - (y - 6.88) ** 2 / 0.015) * ramp(1.5, 1.62, z)
    out[1] *= 1 - 0.26 * red
    out[2] *= 1 - 0.24 * red


@numba.njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def brow_at(x: float, y: float, numbers: np.ndarray) -> float:
    """Return how dense a brow is at a rest position, in [0, 1]; `x` counts from the middle of the face."""
    along = (x - 0.36) / 0.26
    centre = 7.535 + numbers[BROW_ARCH] * (1 - along * along) + numbers[BROW_TILT] * along
    centre -= 0.03 * max(along, 0.0) ** 2
    thickness = (
        numbers[BROW_THICKNESS] * (1 - 0.6 * ramp(-0.2, 1.1, along)) * (1 - 0.25 * ramp(-0.6, -1.1, along))
    )
    return ramp(1.1 * thickness, 0.5 * thickness, abs(y - centre)) * ramp(0.07, 0.16, x) * ramp(0.68, 0.58, x)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def paint_skin(a: np.ndarray, colours: np.ndarray, numbers: np.ndarray, out: np.ndarray) -> float:
    """Write the colour [3] of the skin at attributes `a`; return its shininess."""
    x, y, z = abs(a[REST_X]), a[REST_Y], a[REST_Z]
    out[:] = colours[SKIN_COLOUR]
    shine = 0.08
    shirt = ramp(0.03, -0.03, y - (5.62 + 0.28 * ramp(0.35, 0.9, x) - 0.35 * ramp(0.2, 1.0, z)))
    if shirt > 0.99:
        out[:] = colours[SHIRT_COLOUR]
        return 0.0
    if a[MOUTH] > 0.5:
        out[0], out[1], out[2] = 0.30, 0.10, 0.10
        return 0.0
    redden(a, numbers, out)
    # Eye sockets: a soft shadow around, a firm line along the lashes.
    if z > 0.9 and abs(y - 7.31) < 0.3:
        socket = np.sqrt(((x - 0.31) / 0.24) ** 2 + ((y - 7.31) / 0.15) ** 2)
        darken(out, 0.20 * np.exp(-(((socket - 0.9) / 0.3) ** 2)))
        rim = np.sqrt(((x - 0.312) / 0.155) ** 2 + ((y - 7.285) / 0.085) ** 2)
        darken(out, 0.45 * ramp(1.25, 0.95, rim) * ramp(7.27, 7.33, y))
    beard = a[BEARD]
    if beard > 0.01:
        blend(out, colours[HAIR_COLOUR], 0.88 * ramp(0.02, 0.65, beard))
        shine *= 1 - beard
    lips = ramp(0.25, 0.65, a[LIPS])
    if lips > 0:
        blend(out, colours[LIP_COLOUR], lips)
        shine += 0.05 * lips
    if z > 0.85 and 0.08 < x < 0.72:
        brow = brow_at(x, y, numbers)
        blend(out, colours[BROW_COLOUR], 0.92 * brow)
        shine *= 1 - brow
    # Roots under the hair, and the shadow of the hair on the skin beside it.
    roots = ramp(-0.05, 0.06, a[SCALP])
    darken(out, 0.25 * ramp(-0.22, 0.0, a[SCALP]) * (1 - roots))
    blend(out, colours[HAIR_COLOUR], 0.85 * roots)
    shine *= 1 - roots
    if shirt > 0:
        blend(out, colours[SHIRT_COLOUR], shirt)
        shine *= 1 - shirt
    return shine


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def paint_eye(a: np.ndarray, colours: np.ndarray, out: np.ndarray) -> float:
    """Write the colour [3] of an eye: white, iris with a dark ring, pupil, fixed catchlight; return 0."""
    side = 1.0 if a[REST_X] > 0 else -1.0
    x, y = a[REST_X] - side * 0.298, a[REST_Y] - 7.288
    distance = np.sqrt(x * x + y * y)
    out[0], out[1], out[2] = 0.95, 0.94, 0.93
    corner = ramp(0.07, 0.14, abs(x))
    out[1] *= 1 - 0.10 * corner
    out[2] *= 1 - 0.10 * corner
    front = 1.0 if a[REST_Z] > 1.2 else 0.0
    iris = ramp(0.092, 0.078, distance) * front
    blend(out, colours[IRIS_COLOUR], iris)
    darken(out, 0.65 * iris * ramp(0.058, 0.082, distance))
    darken(out, 0.95 * ramp(0.046, 0.034, distance) * front)
    darken(out, 0.35 * ramp(0.03, 0.09, y))
    highlight = ramp(0.034, 0.018, np.sqrt((x - 0.028) ** 2 + (y - 0.03) ** 2)) * front
    for channel in range(3):
        out[channel] += (1 - out[channel]) * 0.9 * highlight
    return 0.0


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def paint_hair(a: np.ndarray, colours: np.ndarray, numbers: np.ndarray, ny: float, out: np.ndarray) -> float:
    """Write the colour [3] of hair: strands, darker at the outline; return the band of light on top."""
    azimuth = np.arctan2(a[SINE], a[COSINE])
    strands = np.sin(31 * azimuth + 2.0 * np.sin(2.3 * a[HEIGHT]) + 1.5 * a[WAVE])
    out[:] = colours[HAIR_COLOUR]
    tone = 0.90 + 0.09 * strands * (1 - 0.6 * numbers[CURL]) + 0.13 * a[WAVE]
    tone *= 0.82 + 0.18 * ramp(0.0, 0.18, a[OUTLINE])
    for channel in range(3):
        out[channel] *= tone
    band = np.exp(-(((ny - 0.55) / 0.22) ** 2)) * (0.7 + 0.3 * strands)
    return 0.16 * band * (1 - 0.6 * numbers[CURL])


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


def paint_table(person: Person) -> tuple[np.ndarray, np.ndarray]:
    """Return a person's colours [7, 3] and numbers [6] in the order that `shade` expects."""
    face = person.face
    colours = [
        face.skin,
        face.lips,
        person.hair.colour,
        face.brows,
        face.iris,
        face.shirt,
        person.glasses.colour,
    ]
    numbers = [
        face.brow_thickness,
        face.brow_arch,
        face.brow_tilt,
        face.blush,
        person.hair.bald,
        person.hair.curl,
    ]
    return np.stack(colours).astype(np.float32), np.array(numbers, np.float32)
