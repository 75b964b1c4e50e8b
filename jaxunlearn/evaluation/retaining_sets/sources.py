"""The people of a retaining set: from a file of latents, or from photos."""

import os
from pathlib import Path

import numpy as np

from eg3d_flax import Compute
from jaxunlearn.models.encoder import Encoder
from jaxunlearn.models.latent_io import read_latents
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion.choice import EncoderInput, Method
from jaxunlearn.photos.inversion.given_photos import PhotoSource
from jaxunlearn.photos.inversion.invert import invert
from jaxunlearn.photos.pictures.kinds import is_picture_name
from jaxunlearn.photos.tables import SPREADSHEETS, SUFFIXES


def read_retaining_set(
    models: Models,
    source: Path,
    *,
    method: Method | None = None,
    encoder: PhotoSource | Encoder | None = None,
    encoder_input: EncoderInput = "crop",
    compute: Compute | None = None,
    progress: bool = True,
) -> np.ndarray:
    """Return the latents `[M, L, D]` of a retaining set.

    Args:
      models: the source generator, with the networks of the inversion.
      source: a file of latents; or a folder, a table or a picture, whose photos are inverted as those of
        `jaxunlearn unlearn --image`.
      method: see `photos.inversion.invert.invert`, as all that follow.
      encoder: see there.
      encoder_input: see there.
      compute: see there.
      progress: True shows a bar.

    Raises:
      InputError: if the file cannot be read, or no photo can be used.

    Warns:
      UserWarning: for each photo that is left out.
    """
    if holds_photos(source):
        return invert(
            models,
            source,
            method=method,
            encoder=encoder,
            encoder_input=encoder_input,
            compute=compute,
            progress=progress,
        ).ws
    return read_latents(source, models.generator.config)


def holds_photos(source: Path) -> bool:
    """Return True for a folder, a table or a picture, False for a file of latents."""
    table = source.suffix.lower() in SUFFIXES + SPREADSHEETS
    return os.path.isdir(source) or table or is_picture_name(source)
