"""Who is to be forgotten: latents of seeds, from files, or of photos."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eg3d_flax import Compute
from jaxunlearn.image_files import read_image
from jaxunlearn.inversion_methods import Method, default_method, encoder_for, invert_photographs
from jaxunlearn.latent_files import read_latents, read_names
from jaxunlearn.models import Models
from jaxunlearn.rendering import latents_of_seeds
from jaxunlearn.views import conditioning_view


@dataclasses.dataclass(frozen=True)
class People:
    """`K` people.

    Attributes:
      name: good for a folder.
      subjects: a line for each.
      ws: `[K, L, D]`.
    """

    name: str
    subjects: tuple[str, ...]
    ws: np.ndarray


def people_of_seeds(models: Models, seeds: Sequence[int]) -> People:
    """People of the generator; see `rendering.latents_of_seeds`."""
    ws = latents_of_seeds(models.generator, list(seeds), conditioning_view(models.generator.config))
    name = f"seed{seeds[0]:04d}" + (f"-{seeds[-1]:04d}" if len(seeds) > 1 else "")
    return People(name, tuple(f"seed {seed}" for seed in seeds), np.asarray(ws))


def people_of_latents(models: Models, path: Path) -> People:
    """Latents from a file, with the names that stand in it; see `latent_files.read_latents`."""
    ws = read_latents(path, models.generator.config)
    subjects = read_names(path)
    if subjects is None or len(subjects) != len(ws):
        subjects = (path.name,) if len(ws) == 1 else tuple(f"{path.name} row {k}" for k in range(len(ws)))
    return People(path.stem, subjects, ws)


def people_of_images(
    models: Models,
    paths: Sequence[Path],
    *,
    method: Method | None = None,
    encoder: str | None = None,
    compute: Compute,
) -> People:
    """Photos, a person each; see `image_files.read_image` and `inversion_methods.invert_photographs`.

    Args:
      models: whose latents.
      paths: files.
      method: how they are inverted; None takes what suits the model.
      encoder: file of an encoder, if not the one that comes with the model.
      compute: see `inversion.invert`.

    Raises:
      InputError: if a photo cannot be used, or an encoder is wanted and there is none.
    """
    method = method or default_method(models, encoder)
    network = None if method == "optimize" else encoder_for(models, encoder)
    images = np.stack([read_image(path, models.generator.config.img_resolution) for path in paths])
    found = invert_photographs(models, images, method, encoder=network, compute=compute)
    name = paths[0].stem + (f"-and-{len(paths) - 1}-more" if len(paths) > 1 else "")
    return People(name, tuple(path.name for path in paths), found.ws)
