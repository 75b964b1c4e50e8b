"""Save a picture of the progress of a run."""

from pathlib import Path

import numpy as np

from eg3d_flax import Compute
from jaxunlearn.images import grid, save_png, to_uint8
from jaxunlearn.models.cameras import views
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.renderer import Renderer

YAWS = tuple(np.deg2rad([-20.0, 0.0, 20.0]))
BATCH = len(YAWS)
"""Images rendered at a time. Pictures that are rendered likewise after a run need no compilation."""


class ProgressPicture:
    """A picture of three rows with the same views: before, target, now."""

    def __init__(self, source: Generator, compute: Compute, folder: Path):
        self._folder = folder
        self._renderer = Renderer(source, batch=BATCH, compute=compute)
        self._c = views(source.config, np.array(YAWS), np.zeros(len(YAWS)))

    def start(self, ws: np.ndarray, ws_target: np.ndarray) -> None:
        """Render the first two rows, of latents `[L, D]`."""
        self._ws = ws
        self._fixed = [self._row(self._renderer, w) for w in (ws, ws_target)]

    def save(self, step: int, generator: Generator) -> None:
        """Save the picture of a step; its last row is rendered by `generator`."""
        now = self._row(self._renderer.with_generator(generator), self._ws)
        path = self._folder / f"step{step:06d}.png"
        save_png(path, grid(np.concatenate([*self._fixed, now]), len(YAWS)))

    def _row(self, renderer: Renderer, ws: np.ndarray) -> np.ndarray:
        return to_uint8(renderer(np.repeat(ws[None], len(YAWS), axis=0), self._c).image)
