"""Draw the pictures of a study: each person in each generator and view only once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from jaxunlearn.images import to_uint8
from jaxunlearn.models.cameras import views
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.renderer import Renderer, default_compute
from jaxunlearn.reporting.study.questions import Place, Question


class Shot(NamedTuple):
    """A picture: the generator (None is the source), the person, and degrees to the side."""

    place: Place | None
    person: int
    yaw: float


def given_shots(question: Question, count: int) -> list[Shot]:
    """Return the pictures of the person in question."""
    return [Shot(None, question.person, yaw) for yaw in question.given_yaws(count)]


def choice_shots(question: Question) -> list[Shot]:
    """Return the pictures to choose from."""
    return [Shot(question.place, person, question.yaw) for person in question.choices]


def draw_shots(
    shots: Iterable[Shot],
    ws: np.ndarray,
    source: Generator,
    generator_of: Callable[[Place], Generator],
    *,
    batch: int = 4,
    progress: bool = True,
) -> dict[Shot, np.ndarray]:
    """Return an image `[H, W, 3]` uint8 for each different shot.

    Args:
      shots: the pictures.
      ws: `[P, L, D]`, latents of all people by their numbers.
      source: the generator of all runs.
      generator_of: returns the generator of a place; called once for each, run after run.
      batch: images rendered at a time.
      progress: True shows a progress bar.
    """
    by_place: dict[Place | None, list[Shot]] = {}
    for shot in dict.fromkeys(shots):
        by_place.setdefault(shot.place, []).append(shot)
    renderer = Renderer(source, batch=batch, compute=default_compute())
    drawn: dict[Shot, np.ndarray] = {}
    with tqdm(total=sum(map(len, by_place.values())), desc="pictures", disable=not progress) as bar:
        for place in sorted(by_place, key=lambda place: place or (-1, -1)):
            there = renderer if place is None else renderer.with_generator(generator_of(place))
            for shot, image in zip(by_place[place], _images(there, by_place[place], ws), strict=True):
                drawn[shot] = image
                bar.update()
    return drawn


def _images(renderer: Renderer, shots: Sequence[Shot], ws: np.ndarray) -> Iterator[np.ndarray]:
    c = views(renderer.config, np.deg2rad([shot.yaw for shot in shots]), np.zeros(len(shots)))
    latents = jnp.asarray(ws[[shot.person for shot in shots]])
    for rendered in renderer.batches(latents, c):
        yield from to_uint8(rendered.image)
