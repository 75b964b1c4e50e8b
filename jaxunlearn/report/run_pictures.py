"""Pictures of what a run did: the person from several sides, and other people, before and after."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from eg3d_flax import Compute, TriPlaneGenerator
from jaxunlearn.rendering import Renderer, latents_of_seeds
from jaxunlearn.report.images import grid, to_uint8
from jaxunlearn.runner import Result
from jaxunlearn.views import conditioning_view, orbit, views

YAWS = (-30.0, -15.0, 0.0, 15.0, 30.0)
ROWS = ("before", "target", "after")
OTHERS = tuple(range(1001, 1009))
"""Seeds of the people who are shown to have stayed as they were."""


class RunPictures:
    """Renders before, target and after with one compiled function."""

    def __init__(self, source: TriPlaneGenerator, result: Result, compute: Compute, *, batch: int = 5):
        self._config = source.config
        self._source = source
        self._result = result
        self._before = Renderer(source, batch=batch, compute=compute)

    def _after(self, person: int) -> Renderer:
        return self._before.with_generator(self._result.generators[person])

    def _rows(self, person: int, c: jnp.ndarray) -> list[np.ndarray]:
        """`[N, H, W, 3]` uint8 for each of ROWS."""
        ws, ws_target = self._result.ws[person], self._result.ws_target[person]
        shown = ((self._before, ws), (self._before, ws_target), (self._after(person), ws))
        return [
            to_uint8(renderer(jnp.repeat(jnp.asarray(w)[None], len(c), axis=0), c).image)
            for renderer, w in shown
        ]

    def person(self, person: int, yaws: Sequence[float] = YAWS) -> np.ndarray:
        """Rows before, target, after; a column for each yaw, in degrees."""
        c = views(self._config, np.deg2rad(yaws), np.zeros(len(yaws)))
        return grid(np.concatenate(self._rows(person, c)), len(yaws))

    def others(self, person: int) -> np.ndarray:
        """Other people before, in the first row, and after."""
        frontal = conditioning_view(self._config)
        ws = latents_of_seeds(self._source, list(OTHERS), frontal)
        c = jnp.repeat(frontal, len(OTHERS), axis=0)
        rows = [to_uint8(renderer(ws, c).image) for renderer in (self._before, self._after(person))]
        return grid(np.concatenate(rows), len(OTHERS))

    def orbit(self, person: int, frames: int) -> np.ndarray:
        """`[frames, H, 3 W, 3]` uint8: before, target and after side by side, turning."""
        rows = self._rows(person, orbit(self._config, frames))
        return np.concatenate(rows, axis=2)
