"""Who is to be forgotten: latents of seeds, from files, or of photos."""

import dataclasses
import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eg3d_flax import Compute
from jaxunlearn.files.names import as_text, file_name
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.latent_io import read_latents, read_names
from jaxunlearn.models.loading import Models
from jaxunlearn.models.renderer import latents_of_seeds
from jaxunlearn.photos.invert import (
    EncoderInput,
    Method,
    default_method,
    encoder_for,
    invert_photographs,
    side_of_file,
)
from jaxunlearn.photos.sources import read_photographs, whole_images


@dataclasses.dataclass(frozen=True)
class People:
    """`K` people.

    Attributes:
      name: good for a folder.
      subjects: a line for each.
      ws: `[K, L, D]`.
      seeds: seed of each who is one of the generator's own, None for others; empty if nobody is.
    """

    name: str
    subjects: tuple[str, ...]
    ws: np.ndarray
    seeds: tuple[int | None, ...] = ()


def people_from_seeds(models: Models, seeds: Sequence[int]) -> People:
    """People of the generator; see `rendering.latents_of_seeds`."""
    ws = latents_of_seeds(models.generator, list(seeds), conditioning_view(models.generator.config))
    name = f"seed{seeds[0]:04d}" + (f"-{seeds[-1]:04d}" if len(seeds) > 1 else "")
    return People(name, tuple(f"seed {seed}" for seed in seeds), np.asarray(ws), tuple(map(int, seeds)))


def people_from_latents(models: Models, path: Path) -> People:
    """Latents from a file, with the names that stand in it; see `latent_files.read_latents`."""
    ws = read_latents(path, models.generator.config)
    subjects = read_names(path)
    if subjects is None or len(subjects) != len(ws):
        name = as_text(path.name)
        subjects = (name,) if len(ws) == 1 else tuple(f"{name} row {k}" for k in range(len(ws)))
    return People(as_text(path.stem), subjects, ws)


def people_from_photos(
    models: Models,
    sources: Sequence[str | Path],
    *,
    method: Method | None = None,
    encoder: str | None = None,
    encoder_input: EncoderInput = "crop",
    compute: Compute,
) -> People:
    """Photos, a person each; see `data.read_photographs` and `inversion_methods.invert_photographs`.

    Args:
      models: whose latents.
      sources: of photos.
      method: how they are inverted; None takes what suits the model.
      encoder: file of an encoder, if not the one that comes with the model.
      encoder_input: what the encoder is shown.
      compute: see `inversion.invert`.

    Raises:
      InputError: if a source has no photo that can be used, or an encoder is wanted and there is none; before
        any is inverted.

    Warns:
      UserWarning: for each photo that is left out.
    """
    method = method or default_method(models, encoder)
    network = None if method == "optimize" else encoder_for(models, encoder)
    photographs, side = [], models.generator.config.img_resolution
    whole_side = side_of_file(network, encoder_input)
    for source in sources:
        found = read_photographs(source, side, whole_side=whole_side)
        photographs += found.photographs
        for refused in found.refused:
            warnings.warn(f"left out: {refused.reason}", stacklevel=2)
    images = np.stack([photograph.image for photograph in photographs])
    inversion = invert_photographs(
        models, images, method, encoder=network, encoder_images=whole_images(photographs), compute=compute
    )
    first = file_name(re.sub(r"\W+", "-", os.path.splitext(photographs[0].name)[0]))
    name = first + (f"-and-{len(photographs) - 1}-more" if len(photographs) > 1 else "")
    return People(name, tuple(photograph.name for photograph in photographs), inversion.ws)
