"""A pair of glasses: tubes for two rims, a bridge and two temples, and two lenses."""

import functools

import numpy as np

from jaxunlearn.zoo.synthetic.person import Glasses

RIM_SEGMENTS, TUBE_SIDES = 28, 6
TUBE_RADIUS = 0.017
FRAME_VERTICES = TUBE_SIDES * (2 * RIM_SEGMENTS + 15)


@functools.cache
def frame_triangles() -> np.ndarray:
    """Return the triangles [T, 3] over `frame_vertices`, counter-clockwise seen from outside."""
    rims = [closed_tube(RIM_SEGMENTS), closed_tube(RIM_SEGMENTS)]
    pieces = [*rims, open_tube(5), open_tube(5), open_tube(5)]
    sizes = [RIM_SEGMENTS, RIM_SEGMENTS, 5, 5, 5]
    offsets = np.cumsum([0, *sizes[:-1]]) * TUBE_SIDES
    return np.concatenate([piece + offset for piece, offset in zip(pieces, offsets, strict=True)])


@functools.cache
def lens_triangles() -> np.ndarray:
    """Return the triangles [2 * RIM_SEGMENTS, 3] of the lenses over `frame_vertices`, seen from the front."""
    ring = np.arange(RIM_SEGMENTS) * TUBE_SIDES
    ahead = np.roll(ring, -1)
    first = RIM_SEGMENTS * TUBE_SIDES
    left = np.stack([np.full_like(ring, FRAME_VERTICES), ring, ahead], axis=1)
    right = np.stack([np.full_like(ring, FRAME_VERTICES + 1), ring + first, ahead + first], axis=1)
    return np.concatenate([left, right]).astype(np.int32)


@functools.cache
def lens_coordinates() -> np.ndarray:
    """Return the place [vertices, 2] of the frame's vertices on their lens: 0 in its middle, 1 at its rim."""
    angle = np.repeat(np.linspace(0, 2 * np.pi, RIM_SEGMENTS, endpoint=False), TUBE_SIDES)
    rim = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.concatenate([rim, rim, np.zeros((TUBE_SIDES * 15 + 2, 2))]).astype(np.float32)


def tube_quads(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the triangles between two rings of TUBE_SIDES vertices, for each pair of rings."""
    side = np.arange(TUBE_SIDES)
    a = first[:, None] * TUBE_SIDES + side
    b = first[:, None] * TUBE_SIDES + (side + 1) % TUBE_SIDES
    c = second[:, None] * TUBE_SIDES + (side + 1) % TUBE_SIDES
    d = second[:, None] * TUBE_SIDES + side
    quads = [np.stack([a, b, c], -1), np.stack([a, c, d], -1)]
    return np.concatenate([quad.reshape(-1, 3) for quad in quads]).astype(np.int32)


def closed_tube(rings: int) -> np.ndarray:
    """Return the triangles of a tube along a closed curve."""
    return tube_quads(np.arange(rings), (np.arange(rings) + 1) % rings)


def open_tube(rings: int) -> np.ndarray:
    """Return the triangles of a tube along an open curve."""
    return tube_quads(np.arange(rings - 1), np.arange(1, rings))


def sweep(curve: np.ndarray, radius: float, closed: bool) -> np.ndarray:
    """Return the vertices [n * TUBE_SIDES, 3] of circles across a curve [n, 3]."""
    ahead, behind = np.roll(curve, -1, axis=0), np.roll(curve, 1, axis=0)
    tangent = ahead - behind if closed else np.gradient(curve, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    # The reference must not be parallel to the curve: rims and bridge never run along (0.1, 0.3, 1), and
    # temples never along (0.1, 1, 0.1).
    reference = np.where(np.abs(tangent[:, 2:]) > 0.8, [[0.1, 1.0, 0.1]], [[0.1, 0.3, 1.0]])
    first = np.cross(reference, tangent)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(tangent, first)
    angle = np.linspace(0, 2 * np.pi, TUBE_SIDES, endpoint=False)
    circle = np.cos(angle)[None, :, None] * first[:, None] + np.sin(angle)[None, :, None] * second[:, None]
    return (curve[:, None] + radius * circle).reshape(-1, 3)


def frame_vertices(
    glasses: Glasses, left_eye: np.ndarray, right_eye: np.ndarray, front: float, ears: np.ndarray
) -> np.ndarray:
    """Return the vertices of the frame on a deformed head, and the middles of the two lenses.

    Args:
      glasses: the style.
      left_eye: [3] centre of the left eyeball.
      right_eye: [3] centre of the right eyeball.
      front: z of the foremost point of brow and nose bridge; the rims stay in front of it.
      ears: [2, 3] ends of the left and the right temple.
    """
    if not glasses.worn:  # all vertices in a single point, which covers no pixel
        return np.broadcast_to(left_eye, (FRAME_VERTICES + 2, 3))
    radius = TUBE_RADIUS * (0.75 + 0.6 * (1 - glasses.roundness))
    half_width, half_height = 0.245 * glasses.size, (0.17 + 0.045 * glasses.roundness) * glasses.size
    exponent = 2 / (2 + 2.5 * (1 - glasses.roundness))  # a superellipse
    angle = np.linspace(0, 2 * np.pi, RIM_SEGMENTS, endpoint=False)
    across = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** exponent
    up = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** exponent
    pieces, hinges, inner, middles = [], [], [], []
    for eye, outward in ((left_eye, 1.0), (right_eye, -1.0)):
        centre_x = eye[0] + 0.02 * outward
        x = centre_x + half_width * across
        z = front - 0.10 * ((x - 0.1 * outward) * outward).clip(0) ** 2 / 0.3
        rim = np.stack([x, eye[1] - 0.03 + half_height * up, z], axis=1)
        pieces.append(sweep(rim, radius, closed=True))
        middles.append(rim.mean(0, keepdims=True))
        hinge_x = centre_x + outward * half_width
        hinges.append(np.array([hinge_x, eye[1] + 0.03, z[np.argmax(x * outward)]]))
        inner.append(np.array([centre_x - outward * half_width, eye[1] + 0.03, front]))
    share = np.linspace(0, 1, 5)[:, None]
    bridge = inner[1] + (inner[0] - inner[1]) * share + np.array([0, 0.05, 0.03]) * np.sin(np.pi * share)
    pieces.append(sweep(bridge, radius, closed=False))
    for hinge, ear in zip(hinges, ears, strict=True):
        bow = np.array([np.sign(hinge[0]) * 0.06, 0, 0]) * np.sin(np.pi * share)
        pieces.append(sweep(hinge + (ear - hinge) * share + bow, radius, closed=False))
    return np.concatenate([*pieces, *middles])
