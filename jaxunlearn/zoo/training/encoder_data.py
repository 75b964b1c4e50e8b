"""What the encoder is shown: photographs, what the generator should make of them, and whose they are.

`N` people, `V` views of each, `B` in a batch, `R` pixels a side.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxunlearn.zoo.synthetic.photographs import (
    HELD_OUT_FIRST,
    PhotographRequest,
    Photographs,
    photograph_in_shards,
)
from jaxunlearn.zoo.training.generator_data import on_white

PLAIN = ("generator", "album")
"""Scenarios on a plain background, whose z gives the person back."""


class Album(NamedTuple):
    """Photographs of a scenario."""

    image: np.ndarray
    """`[N, V, R, R, 3]` uint8 that the encoder sees."""

    wanted: np.ndarray
    """The same before white, as the generator shows people."""

    camera: np.ndarray
    """`[N, V, 25]`."""

    z: np.ndarray
    """`[N, 64]`."""

    known: bool
    """Whether the generator's person of z is theirs."""


class Batch(NamedTuple):
    """What one step sees; NumPy's arrays when drawn, JAX's inside the compiled step."""

    image: Any  # [B, R, R, 3] uint8
    wanted: Any  # [B, R, R, 3] uint8
    camera: Any  # [B, 25]
    z: Any  # [B, 64]
    known: Any  # [B] 1 where the generator's person of z is theirs, else 0


def before_white(photographs: Photographs) -> np.ndarray:
    """The images with their even background, which the corners show, exchanged for white."""
    image, missing = photographs.image, 255 - photographs.coverage.astype(np.int32)
    background = image[:, :, :1, :1].astype(np.int32)
    return (image + (missing[..., None] * (255 - background) + 127) // 255).clip(0, 255).astype(np.uint8)


def take_album(
    scenario: str, *, people: int, first: int, data: Any, resolution: int, progress: bool = True
) -> Album:
    """Photograph people; rendered once and kept in `data.folder`.

    Args:
      scenario: of `heads.scenarios`.
      people: how many.
      first: number of the first.
      data: `views`, `seed`, `folder` and `workers` of a config.
      resolution: pixels along each side.
      progress: whether to show a bar.
    """
    request = PhotographRequest(
        scenario, people=people, views=data.views, resolution=resolution, seed=data.seed, first=first
    )
    plain, parts = scenario in PLAIN, []
    folder = Path(data.folder) if data.folder else None
    for shard in photograph_in_shards(request, workers=data.workers, folder=folder, progress=progress):
        image = on_white(shard).image if plain else shard.image
        parts.append((image, image if plain else before_white(shard), shard.camera, shard.z))
    image, wanted, camera, z = (np.concatenate(kind) for kind in zip(*parts, strict=True))
    return Album(image, image if plain else wanted, camera, z, known=plain)


def take_albums(people: Mapping[str, int], *, held_out: bool, data: Any, resolution: int) -> dict[str, Album]:
    """Albums of so many people of each scenario, of those to learn from or of those to test on."""
    first = HELD_OUT_FIRST if held_out else 0
    return {
        scenario: take_album(scenario, people=count, first=first, data=data, resolution=resolution)
        for scenario, count in people.items()
    }


def draw(albums: Mapping[str, Album], counts: Mapping[str, int], *, seed: int, number: int) -> Batch:
    """Batch `number` of a seed: so many photographs of each scenario, scenario by scenario."""
    rng = np.random.Generator(np.random.PCG64([seed, number]))
    parts = []
    for scenario, count in counts.items():
        album = albums[scenario]
        person = rng.integers(len(album.z), size=count)
        view = rng.integers(album.image.shape[1], size=count)
        known = np.full(count, album.known, np.float32)
        at = (person, view)
        parts.append(Batch(album.image[at], album.wanted[at], album.camera[at], album.z[person], known))
    return Batch(*(np.concatenate(kind) for kind in zip(*parts, strict=True)))
