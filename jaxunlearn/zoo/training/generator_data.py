"""Batches for the generator: photographs on white, and points in space whose content the photographs reveal.

`B` people, `V` views of each, `K` pixels of each view, `R` pixels a side.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from jaxunlearn.zoo.synthetic.cameras import split_camera
from jaxunlearn.zoo.synthetic.photographs import Photographs, decode_depth
from jaxunlearn.zoo.synthetic.render import PLAIN_BACKGROUND

SKIN_DEEP = 0.05
"""Thickness, in world units, of the layer behind a visible surface that takes its colour."""
HALO = 0.06
"""Thickness of the layer before a visible surface that takes its colour, too: a coarse step along a ray.
Compositing mixes the colours of two adjacent samples: the last in the air and the first in the skin."""
CLEARANCE = 0.02
"""Distance before a visible surface within which the density is left open."""

Array = Any
"""A NumPy array when drawn, a JAX array inside the compiled step."""


class Views(NamedTuple):
    """Photographs to reproduce."""

    z: Array  # [B, 64]
    camera: Array  # [B, V, 25]
    image: Array  # [B, shown, R, R, 3] uint8, on white, of the first views


class Points(NamedTuple):
    """What is known about points in space; `M = V K`."""

    surface: Array  # [B, M, 3] points on visible surfaces, just behind or just before them
    colour: Array  # [B, M, 3] colours of the surfaces, in [0, 1]
    certain: Array  # [B, M] 1 where the pixel shows a single surface, else 0
    solid: Array  # [B, M] 1 where the surface point is known to be inside, else 0
    empty: Array  # [B, M, 3] points in front of surfaces, or anywhere on rays that meet no surface
    free: Array  # [B, M] 1 where the point is known to be empty, else 0


class Batch(NamedTuple):
    """The data of one step."""

    views: Views
    points: Points


@contextlib.contextmanager
def drawn_ahead(batch: Callable[[int], Batch], threads: int) -> Iterator[Callable[[int], Batch]]:
    """Draw the next batches in threads while a step runs; leaving the context cancels those not begun.

    A batch that is being drawn then must end by itself: Python waits for its thread before it exits.

    Args:
      batch: number → batch, of the number alone; threads call it.
      threads: number of threads, and of batches that wait; 0 draws each batch when it is asked for.

    Yields:
      The same function for numbers that are asked for in their order, from any number on.
    """
    if not threads:
        yield batch
        return
    executor = ThreadPoolExecutor(threads, thread_name_prefix="batch")
    waiting: dict[int, Future[Batch]] = {}

    def next_batch(number: int) -> Batch:
        for later in range(number, number + threads + 1):
            if later not in waiting:
                waiting[later] = executor.submit(batch, later)
        return waiting.pop(number).result()

    try:
        yield next_batch
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def on_white(photographs: Photographs) -> Photographs:
    """Put photographs on white, in place: a generator with `white_back` composites onto white."""
    gap = 1 - np.array(PLAIN_BACKGROUND, np.float32)
    for image, coverage in zip(photographs.image, photographs.coverage, strict=True):
        missing = (255 - coverage.astype(np.float32))[..., None]
        image[...] = np.round(image + missing * gap).clip(0, 255)
    return photographs


def rays_through(
    camera: np.ndarray, row: np.ndarray, column: np.ndarray, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rays of `cameras.pixel_rays` for a few pixels.

    Args:
      camera: `[B, V, 25]`.
      row: `[B, V, K]`.
      column: `[B, V, K]`.
      side: pixels along each side of the image.

    Returns:
      Origins `[B, V, 1, 3]` and unit directions `[B, V, K, 3]` in world space.
    """
    cam2world, intrinsics = split_camera(camera)
    fx, fy, cx, cy = (intrinsics[..., i, j, None] for i, j in ((0, 0), (1, 1), (0, 2), (1, 2)))
    x = ((column + np.float32(0.5)) / np.float32(side) - cx) / fx
    y = ((row + np.float32(0.5)) / np.float32(side) - cy) / fy
    local = np.stack([x, y, np.ones_like(x)], axis=-1)
    direction = local @ np.swapaxes(cam2world[..., :3, :3], -1, -2)
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    return cam2world[..., None, :3, 3], direction


@dataclasses.dataclass(frozen=True)
class Supervision:
    """Batches of photographs on white; batch number n of a seed is always the same.

    Attributes:
      photographs: the people to draw from.
      available: number of a batch → number of people, from the first on, that it draws from; it may wait for
        them.
      people, views, pixels: `B`, `V` and `K`.
      shown: number of views whose images are needed; the others only give points.
      near, far: ends of the generator's rays.
      seed: seed of all draws.
    """

    photographs: Photographs
    available: Callable[[int], int]
    people: int
    views: int
    pixels: int
    shown: int
    near: float
    far: float
    seed: int

    def batch(self, number: int) -> Batch:
        """Draw batch `number`."""
        rng = np.random.default_rng([self.seed, number])
        each = self.photographs.camera.shape[1]
        person = rng.choice(self.available(number), self.people, replace=False)[:, None]
        view = np.argsort(rng.random((self.people, each)), axis=1)[:, : self.views]
        camera = self.photographs.camera[person, view]
        image = self.photographs.image[person, view[:, : self.shown]]
        return Batch(
            Views(self.photographs.z[person[:, 0]], camera, image), self._points(rng, person, view, camera)
        )

    def _points(
        self, rng: np.random.Generator, person: np.ndarray, view: np.ndarray, camera: np.ndarray
    ) -> Points:
        side = self.photographs.image.shape[2]
        row, column = rng.integers(side, size=(2, self.people, self.views, self.pixels))
        at = (person[..., None], view[..., None], row, column)
        depth = decode_depth(self.photographs.depth[at])
        colour = self.photographs.image[at].astype(np.float32) / 255
        background = self.photographs.coverage[at] == 0
        certain = depth > 0

        origin, direction = rays_through(camera, row, column, side)

        shape = depth.shape
        behind = np.where(rng.random(shape) < 0.5, 0, rng.uniform(-HALO, SKIN_DEEP, shape))
        # Empty points lie anywhere on the free part of the ray. Half of them lie shortly before the surface,
        # where leftover density would blur it.
        end = np.where(certain, depth - CLEARANCE, self.far)
        anywhere = self.near + (end - self.near) * rng.random(shape)
        shortly_before = end - rng.uniform(0, 0.1, shape)
        distance = np.where(certain & (rng.random(shape) < 0.5), shortly_before, anywhere)

        def flat(x: np.ndarray) -> np.ndarray:
            return x.reshape(self.people, -1, *x.shape[3:]).astype(np.float32)

        return Points(
            surface=flat(origin + (depth + behind)[..., None] * direction),
            colour=flat(colour),
            certain=flat(certain),
            solid=flat(certain & (behind >= 0)),
            empty=flat(origin + distance[..., None] * direction),
            free=flat(certain | background),
        )
