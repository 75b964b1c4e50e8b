"""Latents of other photos of people, kept in a folder, since all rows of the table measure with them."""

from pathlib import Path

import numpy as np

from eg3d_flax import Compute
from jaxunlearn.evaluation import album_latents
from jaxunlearn.models.loading import Models
from torch_bridge import replacing

PHOTOS = 2
"""Other photos of each person: each takes seconds to invert, and a person who is found in one is found."""


def albums_of(
    models: Models, seeds: list[int], folder: Path, compute: Compute | None = None
) -> dict[int, np.ndarray]:
    """Return number of a person → latents of their other photos, `[PHOTOS, L, D]`.

    Args:
      models: the bundled model.
      seeds: of the people.
      folder: latents found there are read, others are computed and kept there.
      compute: dtype and forms.
    """
    albums = {}
    for number, seed in enumerate(seeds):
        path = folder / f"seed{seed}-{PHOTOS}.npy"
        if not path.exists():
            found = album_latents(models, seed, PHOTOS, compute=compute, progress=False).ws
            with replacing(path) as temporary, temporary.open("wb") as file:
                np.save(file, np.asarray(found))
        albums[number] = np.load(path)
    return albums
