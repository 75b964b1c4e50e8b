"""Render what a run did: the person from several sides, and other people, before and after."""

import itertools
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from eg3d_flax import Compute
from jaxunlearn.images import grid, to_uint8
from jaxunlearn.models.cameras import conditioning_view, orbit, views
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.renderer import Renderer, from_all_views, latents_of_seeds
from jaxunlearn.training.result import Result

_COLUMNS = 10
"""People in a row of the picture of all people."""
ROWS = 3
"""Pictures of a person from each side: before, target, after."""
YAWS = (-30.0, -15.0, 0.0, 15.0, 30.0)
"""Degrees."""
_FIRST_OTHER, _OTHERS = 1001, 8
"""Least seed of the other people in the pictures, and their number."""


def other_seeds(result: Result) -> list[int]:
    """Return seeds of other people for pictures, who should stay the same: the first that nobody forgot.

    Args:
      result: of the run whose generator is shown; those who were forgotten before it count, too.
    """
    forgotten = result.forgotten_seeds
    return list(itertools.islice((k for k in itertools.count(_FIRST_OTHER) if k not in forgotten), _OTHERS))


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
        self.other_seeds = other_seeds(result)
        """Seeds of the other people."""
        self._before = Renderer(source, batch=batch, compute=compute)

    def _after(self, person: int) -> Renderer:
        return self._before.with_generator(self._result.generator_of(person))

    def _rows(self, person: int, c: jnp.ndarray) -> list[np.ndarray]:
        """Return before, target and after, `[N, H, W, 3]` uint8 each, for cameras `[N, 25]`."""
        ws, ws_target = self._result.ws[person], self._result.ws_target[person]
        in_source = _images(self._before, *from_all_views(np.stack([ws, ws_target]), c))
        after = _images(self._after(person), *from_all_views(ws[None], c))
        return [*np.split(in_source, 2), after]

    def views(self, person: int, yaws: Sequence[float] = YAWS) -> np.ndarray:
        """Return one person, `[3, yaws, H, W, 3]` uint8: rows before, target, after; yaws in degrees."""
        return np.stack(self._rows(person, views(self._config, np.deg2rad(yaws), np.zeros(len(yaws)))))

    def person(self, person: int, yaws: Sequence[float] = YAWS) -> np.ndarray:
        """Return a grid of one person: rows before, target, after; one column per yaw, in degrees."""
        return grid(np.concatenate(self.views(person, yaws)), len(yaws))

    def front(self) -> np.ndarray:
        """Return all people who share a generator, from the front: `[3, K, H, W, 3]`, see `views`."""
        result, c = self._result, conditioning_view(self._config, len(self._result.ws))
        sides = ((self._before, result.ws), (self._before, result.ws_target), (self._after(0), result.ws))
        return np.stack([_images(renderer, ws, c) for renderer, ws in sides])

    def anybody(self, person: int, ws: np.ndarray, c: np.ndarray) -> np.ndarray:
        """Return anybody in the generator that forgot a person: `[2, N, H, W, 3]` uint8, before and after.

        Args:
          person: number of the forgotten person.
          ws: `[N, L, D]`, who is rendered.
          c: `[N, 25]`, the camera of each.
        """
        sides = (self._before, self._after(person))
        return np.stack([_images(side, ws, c) for side in sides])

    def strip(self, person: int) -> np.ndarray:
        """Return before, target and after from the front, side by side: `[H, 3 W, 3]` uint8."""
        return np.concatenate(self._rows(person, conditioning_view(self._config)), axis=2)[0]

    def everybody(self) -> np.ndarray:
        """Return all people from the front: rows before, target, after, repeated for every ten people."""
        return everybody_of(self.front())

    def other_people(self, person: int) -> np.ndarray:
        """Return the people of `other_seeds` from the front: `[2, N, H, W, 3]`, before and after."""
        frontal = conditioning_view(self._config)
        ws = np.asarray(latents_of_seeds(self._source, self.other_seeds, frontal))
        return self.anybody(person, ws, np.repeat(np.asarray(frontal), len(ws), axis=0))

    def others(self, person: int) -> np.ndarray:
        """Return other people: first row before, second row after."""
        return grid(np.concatenate(self.other_people(person)), len(self.other_seeds))

    def orbit(self, person: int, frames: int) -> np.ndarray:
        """Return a film of before, target and after side by side, turning: `[frames, H, 3 W, 3]` uint8."""
        rows = self._rows(person, orbit(self._config, frames))
        return np.concatenate(rows, axis=2)


def _images(renderer: Renderer, ws: ArrayLike, c: ArrayLike) -> np.ndarray:
    """Return images `[N, H, W, 3]` uint8; only those of one batch are ever float32."""
    return np.concatenate([to_uint8(each.image) for each in renderer.batches(ws, c)])


def everybody_of(front: np.ndarray) -> np.ndarray:
    """Return a picture of all people: rows before, target, after, repeated for every ten people.

    Args:
      front: `[3, K, H, W, 3]` uint8, see `RunPictures.front`.
    """
    rows = []
    for start in range(0, front.shape[1], _COLUMNS):
        strips = front[:, start : start + _COLUMNS]
        missing = _COLUMNS - strips.shape[1] if front.shape[1] > _COLUMNS else 0
        white = np.full((missing, *front.shape[2:]), 255, np.uint8)
        rows += [np.concatenate([strip, white]) for strip in strips]
    return grid(np.concatenate(rows), len(rows[0]))
