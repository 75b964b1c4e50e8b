"""Render what a run did: the person from several sides, and other people, before and after."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from eg3d_flax import Compute
from jaxunlearn.images import grid, to_uint8
from jaxunlearn.models.cameras import conditioning_view, orbit, views
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.renderer import Renderer, latents_of_seeds
from jaxunlearn.training.result import Result

_COLUMNS = 10
"""People in a row of the picture of all people."""
YAWS = (-30.0, -15.0, 0.0, 15.0, 30.0)
"""Degrees."""
OTHER_SEEDS = tuple(range(1001, 1009))
"""Seeds of the other people in the pictures, who should stay the same."""


class RunPictures:
    """Render before, target and after with one compiled function.

    Args:
      source: the generator before.
      result: of the run.
      compute: dtype and forms.
      batch: images rendered at a time.
    """

    def __init__(self, source: Generator, result: Result, compute: Compute, *, batch: int = 5):
        self._config = source.config
        self._source = source
        self._result = result
        self._before = Renderer(source, batch=batch, compute=compute)

    def _after(self, person: int) -> Renderer:
        return self._before.with_generator(self._result.generator_of(person))

    def _rows(self, person: int, c: jnp.ndarray) -> list[np.ndarray]:
        """Return before, target and after, `[N, H, W, 3]` uint8 each, for cameras `[N, 25]`."""
        ws, ws_target = self._result.ws[person], self._result.ws_target[person]
        rows = ((self._before, ws), (self._before, ws_target), (self._after(person), ws))
        return [
            to_uint8(renderer(jnp.repeat(jnp.asarray(w)[None], len(c), axis=0), c).image)
            for renderer, w in rows
        ]

    def person(self, person: int, yaws: Sequence[float] = YAWS) -> np.ndarray:
        """Return a grid of one person: rows before, target, after; one column per yaw, in degrees."""
        c = views(self._config, np.deg2rad(yaws), np.zeros(len(yaws)))
        return grid(np.concatenate(self._rows(person, c)), len(yaws))

    def strip(self, person: int) -> np.ndarray:
        """Return before, target and after from the front, side by side: `[H, 3 W, 3]` uint8."""
        return np.concatenate(self._rows(person, conditioning_view(self._config)), axis=2)[0]

    def everybody(self) -> np.ndarray:
        """Return all people from the front: rows before, target, after, repeated for every ten people."""
        result, rows = self._result, []
        c = conditioning_view(self._config, len(result.ws))
        sides = ((self._before, result.ws), (self._before, result.ws_target), (self._after(0), result.ws))
        before, target, after = (to_uint8(renderer(jnp.asarray(ws), c).image) for renderer, ws in sides)
        for start in range(0, len(before), _COLUMNS):
            strips = [images[start : start + _COLUMNS] for images in (before, target, after)]
            missing = _COLUMNS - len(strips[0]) if len(before) > _COLUMNS else 0
            white = np.full((missing, *before.shape[1:]), 255, np.uint8)
            rows += [np.concatenate([strip, white]) for strip in strips]
        return grid(np.concatenate(rows), len(rows[0]))

    def others(self, person: int) -> np.ndarray:
        """Return other people: first row before, second row after."""
        frontal = conditioning_view(self._config)
        ws = latents_of_seeds(self._source, list(OTHER_SEEDS), frontal)
        c = jnp.repeat(frontal, len(OTHER_SEEDS), axis=0)
        rows = [to_uint8(renderer(ws, c).image) for renderer in (self._before, self._after(person))]
        return grid(np.concatenate(rows), len(OTHER_SEEDS))

    def orbit(self, person: int, frames: int) -> np.ndarray:
        """Return a film of before, target and after side by side, turning: `[frames, H, 3 W, 3]` uint8."""
        rows = self._rows(person, orbit(self._config, frames))
        return np.concatenate(rows, axis=2)
