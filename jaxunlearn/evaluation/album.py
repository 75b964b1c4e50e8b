"""Other photographs of a bundled person, and their latents: what ID_others is measured on."""

import importlib.util
from typing import NamedTuple

import numpy as np

from eg3d_flax import Compute, TriPlaneGenerator
from jaxunlearn.errors import InputError
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion import Inversion
from jaxunlearn.photos.invert import default_method, invert_photographs

SCENARIO = "album"


class Album(NamedTuple):
    """Photographs of one person, in other moods, poses and lights. `M` photographs."""

    images: np.ndarray
    """`[M, R, R, 3]` in [-1, 1], before white; the first is a neutral portrait."""

    c: np.ndarray
    """`[M, 25]`, the cameras they were taken with."""


def can_photograph() -> bool:
    """Whether numba, with which photographs are rendered, is installed."""
    return importlib.util.find_spec("numba") is not None


def photograph_album(generator: TriPlaneGenerator, seed: int, count: int) -> Album:
    """Photographs of the person whom the bundled generator shows for a seed of `latents_of_seeds`.

    They are rendered from the parametric head of the same z, and not by the generator.

    Args:
      generator: one that was trained on people of the parametric head; says how large the images are.
      seed: as for `latents_of_seeds`.
      count: photographs.

    Raises:
      InputError: if numba is not installed, or the generator does not know the people of the parametric head.
    """
    try:
        from jaxunlearn.zoo.synthetic.person import LATENT_SIZE
        from jaxunlearn.zoo.synthetic.photographs import photograph_latent
        from jaxunlearn.zoo.training.generator_data import on_white
    except ModuleNotFoundError as error:
        raise InputError(
            f"photographs are rendered with {error.name}, which is not installed: "
            "pip install 'jaxunlearn[data]'"
        ) from error
    config = generator.config
    if config.z_dim != LATENT_SIZE:
        raise InputError(
            f"only the bundled model has albums: this generator's z has {config.z_dim} numbers, "
            f"the parametric head's {LATENT_SIZE}"
        )
    z = np.random.RandomState(seed).randn(1, LATENT_SIZE)[0]
    photographs = photograph_latent(z, SCENARIO, views=count, resolution=config.img_resolution)
    images = on_white(photographs).image[0].astype(np.float32) / 127.5 - 1
    return Album(images, photographs.camera[0])


def album_latents(
    models: Models,
    seed: int,
    count: int,
    *,
    compute: Compute | None = None,
    progress: bool = True,
) -> Inversion:
    """Photograph a bundled person and invert the photographs as a user's are, their cameras unknown.

    Args:
      models: with the bundled generator, before unlearning; its LPIPS and identity network are the loss.
      seed: the person, as for `latents_of_seeds`.
      count: photographs, `M`; all are optimised together.
      compute: dtype and forms; None takes what is fastest on this platform.
      progress: show a bar.

    Returns:
      The inversion; its `ws` `[M, L, D]` are the `other_ws` of an evaluation.

    Raises:
      InputError: as `photograph_album`.
    """
    images = photograph_album(models.generator, seed, count).images
    return invert_photographs(models, images, default_method(models), compute=compute, progress=progress)
