"""Measure the synthetic people: how a network tells them apart, how faces vary, how far their surfaces are.

The network is dlib's, trained on photos of real people. It is asked about the people as they are, and about
people who all have the same hair, or the same skin. The difference shows by what it tells them apart.
`N` people, `V` photographs of each, `R` pixels a side.
"""

import dataclasses
import functools
from collections.abc import Sequence

import jax
import numpy as np

from jaxunlearn.batching import in_batches
from jaxunlearn.models.dlib_network import DlibNetwork
from jaxunlearn.zoo.metrics.identity_ablation import PARTS, WHITE
from jaxunlearn.zoo.metrics.identity_metrics import FALSE_ACCEPTS
from jaxunlearn.zoo.synthetic.anatomy import load_anatomy
from jaxunlearn.zoo.synthetic.cameras import split_camera
from jaxunlearn.zoo.synthetic.geometry import Head, build_head, coefficients, load_template
from jaxunlearn.zoo.synthetic.person import Person
from jaxunlearn.zoo.synthetic.photographs import PhotographRequest, decode_depth, photograph
from jaxunlearn.zoo.synthetic.render import render
from jaxunlearn.zoo.synthetic.scenarios import SCENARIOS

CHUNK = 30
"""Photographs that the network sees at a time."""


@dataclasses.dataclass(frozen=True)
class ToldApart:
    """How well descriptors tell people apart.

    Attributes:
      tar: share of the pairs of one person closer than the threshold.
      threshold: distance that `FALSE_ACCEPTS` of the pairs of different people fall below.
      same, different: mean distance of pairs of one person, and of pairs of different people.
    """

    tar: float
    threshold: float
    same: float
    different: float


@functools.cache
def landmark_vertices() -> tuple[int, int, int]:
    """Return the vertices at the tip of the nose, and at the right and the left corner of the mouth."""
    anatomy = load_anatomy()
    x, y, z = anatomy.vertices.T
    nose = int(np.where((np.abs(x) < 0.05) & (y > 6.8) & (y < 7.1), z, -np.inf).argmax())
    lips = np.flatnonzero(anatomy.masks["lips"] > 0.5)
    return nose, int(lips[x[lips].argmin()]), int(lips[x[lips].argmax()])


def seen_landmarks(head: Head, camera: np.ndarray, resolution: int) -> np.ndarray:
    """Return where a camera `c` [25] sees eyes, nose and corners of the mouth: [5, 2] (x, y) in pixels.

    As everywhere, the picture's left comes first.
    """
    joints = load_anatomy().joints
    eyes = [head.vertices[joints[f"joint-{side}-eye"]].mean(0) for side in "rl"]
    points = np.concatenate([eyes, head.vertices[list(landmark_vertices())]])
    cam2world, intrinsics = split_camera(camera)
    local = (points - cam2world[:3, 3]) @ cam2world[:3, :3]
    return resolution * (local[:, :2] / local[:, 2:] * intrinsics[[0, 1], [0, 1]] + 0.5)


@jax.jit
def _describe(network: DlibNetwork, images: jax.Array, landmarks: jax.Array) -> jax.Array:
    return network.describe(images, landmarks)


def describe(
    network: DlibNetwork, people: Sequence[Person], *, views: int, resolution: int = 128, seed: int = 0
) -> np.ndarray:
    """Return the network's descriptors `[N, V, 128]` of people photographed as in the scenario `generator`.

    Args:
      network: dlib's network.
      people: who is photographed.
      views: `V`.
      resolution: `R`.
      seed: seed of the cameras, which do not depend on the people.
    """
    draw = SCENARIOS["generator"].draw_shot
    images, landmarks = [], []
    for number, person in enumerate(people):
        head = build_head(person)
        for view in range(views):
            shot = draw(np.random.default_rng([seed, number, view]), view)
            images.append(2 * render(head, shot.camera, resolution, background=WHITE).image - 1)
            landmarks.append(seen_landmarks(head, shot.camera, resolution))
    points = np.array(landmarks, np.float32)
    described = in_batches(lambda x, p: _describe(network, x, p), CHUNK, np.array(images), points)
    return described.reshape(len(people), views, -1)


def tell_apart(descriptors: np.ndarray) -> ToldApart:
    """Compare all pairs of descriptors `[N, V, E]`."""
    people, views, _ = descriptors.shape
    rows = descriptors.reshape(people * views, -1).astype(np.float64)
    squares = (rows**2).sum(1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * rows @ rows.T, 0))
    who = np.repeat(np.arange(people), views)
    one_person = who[:, None] == who
    same, different = distances[one_person & ~np.eye(len(rows), dtype=bool)], distances[~one_person]
    threshold = float(np.quantile(different, FALSE_ACCEPTS))
    return ToldApart(float((same < threshold).mean()), threshold, float(same.mean()), float(different.mean()))


def told_apart_without(
    network: DlibNetwork, people: Sequence[Person], *, views: int, resolution: int = 128, seed: int = 0
) -> dict[str, ToldApart]:
    """Return the figures for people who all have the first one's part, for each of `PARTS`.

    Glasses are taken off, not shared. A part counts much if the figures are low without it. The arguments are
    those of `describe`.
    """
    bare = dataclasses.replace(people[0], glasses=dataclasses.replace(people[0].glasses, worn=False))
    return {
        name: tell_apart(
            describe(
                network,
                [take(person, bare) for person in people],
                views=views,
                resolution=resolution,
                seed=seed,
            )
        )
        for name, take in PARTS.items()
    }


def distances_from_camera(people: int, *, views: int, resolution: int = 128, seed: int = 0) -> np.ndarray:
    """Return the sorted distances of all visible points from the camera, in the scenario `generator`."""
    request = PhotographRequest("generator", people=people, views=views, resolution=resolution, seed=seed)
    depth = decode_depth(photograph(request, progress=False).depth)
    return np.sort(depth[depth > 0])


def distance_from_the_mean(people: Sequence[Person]) -> np.ndarray:
    """Return how far the shape of each face is from the mean of all, [N]: root mean square in millimetres.

    Place and size do not count. Who is farthest is a caricature, if anybody is.
    """
    template = load_template()
    rest = template.anatomy.vertices
    face = np.flatnonzero((rest[:, 2] > 0.6) & (rest[:, 1] > 6.0) & (rest[:, 1] < 8.0))
    shapes = np.array(
        [(template.basis @ coefficients(template, p, {})).reshape(-1, 3)[face] + rest[face] for p in people]
    )
    shapes -= shapes.mean(1, keepdims=True)
    size = np.sqrt((shapes**2).sum((1, 2), keepdims=True))
    shapes *= size.mean() / size
    # Template units are decimetres.
    return 100 * np.sqrt(((shapes - shapes.mean(0)) ** 2).sum(2).mean(1))
