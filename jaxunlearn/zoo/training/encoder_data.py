"""Batches for the encoder: photographs, the images that the generator should make of them, and their z.

`N` people, `V` views of each, `B` in a batch, `R` pixels a side.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jaxunlearn.zoo.synthetic.photographs import (
    HELD_OUT_FIRST,
    PhotographRequest,
    Photographs,
    photograph_in_shards,
)
from jaxunlearn.zoo.training.generator_data import on_white
from jaxunlearn.zoo.training.trainer import photographs_folder

PLAIN = ("generator", "album")
"""Scenarios on a plain background, in which z determines the person."""


class Album(NamedTuple):
    """Photographs of one scenario."""

    image: np.ndarray
    """`[N, V, R, R, 3]` uint8, which the encoder sees."""

    wanted: np.ndarray
    """The same photographs on white, as the generator shows people."""

    camera: np.ndarray
    """`[N, V, 25]`."""

    z: np.ndarray
    """`[N, 64]`."""

    known: bool
    """True if the generator shows the same people for these z."""


class Batch(NamedTuple):
    """The data of one step: NumPy arrays when drawn, JAX arrays inside the compiled step."""

    image: Any  # [B, R, R, 3] uint8
    wanted: Any  # [B, R, R, 3] uint8
    camera: Any  # [B, 25]
    z: Any  # [B, 64]
    known: Any  # [B] 1 where the generator shows the same person for this z, else 0


def before_white(photographs: Photographs) -> np.ndarray:
    """Return the images on white in place of their even background, whose colour is in the corners."""
    image, missing = photographs.image, 255 - photographs.coverage.astype(np.int32)
    background = image[:, :, :1, :1].astype(np.int32)
    return (image + (missing[..., None] * (255 - background) + 127) // 255).clip(0, 255).astype(np.uint8)


def take_album(scenario: str, *, people: int, first: int, data: Any, resolution: int) -> Album:
    """Photograph people of a scenario; photographs are kept in `data.folder`.

    Args:
      scenario: a key of `jaxunlearn.zoo.synthetic.scenarios.SCENARIOS`.
      people: number of people.
      first: number of the first person.
      data: `views`, `seed`, `folder` and `workers` of a config.
      resolution: pixels along each side.
    """
    request = PhotographRequest(
        scenario, people=people, views=data.views, resolution=resolution, seed=data.seed, first=first
    )
    plain, parts = scenario in PLAIN, []
    folder = photographs_folder(data)
    for shard in photograph_in_shards(request, workers=data.workers, folder=folder):
        image = on_white(shard).image if plain else shard.image
        parts.append((image, image if plain else before_white(shard), shard.camera, shard.z))
    image, wanted, camera, z = (np.concatenate(kind) for kind in zip(*parts, strict=True))
    return Album(image, image if plain else wanted, camera, z, known=plain)


def take_albums(people: Mapping[str, int], *, held_out: bool, data: Any, resolution: int) -> dict[str, Album]:
    """Photograph people of several scenarios.

    Args:
      people: name of a scenario → number of people.
      held_out: True for people to evaluate on, False for people to learn from.
      data: see `take_album`.
      resolution: pixels along each side.
    """
    first = HELD_OUT_FIRST if held_out else 0
    return {
        scenario: take_album(scenario, people=count, first=first, data=data, resolution=resolution)
        for scenario, count in people.items()
    }


def draw(albums: Mapping[str, Album], counts: Mapping[str, int], *, seed: int, number: int) -> Batch:
    """Draw batch `number` of a seed, scenario by scenario; `counts` are photographs of each scenario."""
    rng = np.random.default_rng([seed, number])
    parts = []
    for scenario, count in counts.items():
        album = albums[scenario]
        person = rng.integers(len(album.z), size=count)
        view = rng.integers(album.image.shape[1], size=count)
        known = np.full(count, album.known, np.float32)
        at = (person, view)
        parts.append(Batch(album.image[at], album.wanted[at], album.camera[at], album.z[person], known))
    return Batch(*(np.concatenate(kind) for kind in zip(*parts, strict=True)))
