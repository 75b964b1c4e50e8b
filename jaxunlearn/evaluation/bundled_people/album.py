"""More photos of a person of the bundled generator, and their latents: ID_others is measured on them."""

import importlib.util
from collections.abc import Container, Iterable
from typing import NamedTuple

import numpy as np

from eg3d_flax import Compute
from jaxunlearn.errors import InputError, install
from jaxunlearn.evaluation.other_photos.photos import OtherPhotos
from jaxunlearn.images import to_float
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion.choice import default_method
from jaxunlearn.photos.inversion.images import invert_photographs
from jaxunlearn.photos.inversion.search import Inversion

SCENARIO = "album"


class Album(NamedTuple):
    """Photos of one person with different expressions, poses and lights. `M` photos."""

    images: np.ndarray
    """`[M, R, R, 3]` in [-1, 1], on a white background; the first is a neutral portrait."""

    c: np.ndarray
    """`[M, 25]`, the camera of each photo."""


def can_render_albums() -> bool:
    """True if numba is installed, which renders the photos."""
    return importlib.util.find_spec("numba") is not None


def album_seeds(
    models: Models, config: ConfigDict, seeds: Iterable[int | None], given: Container[int] = ()
) -> dict[int, int]:
    """Return number of a person → seed, for the people whose other photos are rendered.

    Args:
      models: the models of the run.
      config: `config.evaluation.album` photos are rendered for people of the bundled generator.
      seeds: of all people; None for those who have no seed.
      given: numbers of the people whose photos are there already.
    """
    if not (models.is_bundled and config.evaluation.album):
        return {}
    return {k: seed for k, seed in enumerate(seeds) if seed is not None and k not in given}


def check_albums(
    models: Models, config: ConfigDict, seeds: Iterable[int | None], given: Container[int] = ()
) -> None:
    """Refuse albums that could not be rendered, before anything is measured for them.

    Args:
      models: see `album_seeds`, as all that follow.
      config: see there.
      seeds: see there.
      given: see there.

    Raises:
      InputError: if an album is wanted and numba is not installed.
    """
    if album_seeds(models, config, seeds, given) and not can_render_albums():
        raise InputError(
            "photos of other days are rendered with numba, which is not installed: "
            f"{install('data')}, or leave them out with config.evaluation.album=0"
        )


def render_album(generator: Generator, seed: int, count: int) -> Album:
    """Render photos of the person that the bundled generator shows for a seed of `latents_of_seeds`.

    They are rendered from the parametric head of the same z, not by the generator.

    Args:
      generator: a generator trained on people of the parametric head; its resolution is the photos'
        resolution.
      seed: of the person, as for `latents_of_seeds`.
      count: number of photos, `M`.

    Raises:
      InputError: if numba is not installed, or the generator was not trained on people of the parametric
        head.
    """
    try:
        from jaxunlearn.zoo.synthetic.person import LATENT_SIZE
        from jaxunlearn.zoo.synthetic.photographs import photograph_latent
        from jaxunlearn.zoo.training.generator_data import on_white
    except ModuleNotFoundError as error:
        raise InputError(
            f"photos are rendered with {error.name}, which is not installed: {install('data')}"
        ) from error
    config = generator.config
    if config.z_dim != LATENT_SIZE:
        raise InputError(
            f"only the bundled model has albums: this generator's z has {config.z_dim} numbers, "
            f"but the parametric head's z has {LATENT_SIZE}"
        )
    z = np.random.RandomState(seed).randn(1, LATENT_SIZE)[0]
    photos = photograph_latent(z, SCENARIO, views=count, resolution=config.img_resolution)
    return Album(to_float(on_white(photos).image[0]), photos.camera[0])


def album_latents(
    models: Models,
    seed: int,
    count: int,
    *,
    compute: Compute | None = None,
    progress: bool = True,
) -> Inversion:
    """Render photos of a person of the bundled generator and invert them like a user's photos.

    Inversion does not know the cameras.

    Args:
      models: the bundled generator before unlearning, with the LPIPS and identity network of the loss.
      seed: of the person, as for `latents_of_seeds`.
      count: number of photos, `M`; all are optimised together.
      compute: dtype and forms; None uses what is fastest on this platform.
      progress: True shows a progress bar.

    Returns:
      The inversion; its `ws` `[M, L, D]` are the `other_ws` of an evaluation.

    Raises:
      InputError: see `render_album`.
    """
    images = render_album(models.generator, seed, count).images
    return _inverted(models, images, compute, progress=progress)


def album_photos(
    models: Models, seed: int, count: int, *, compute: Compute | None = None, progress: bool = True
) -> OtherPhotos:
    """Return the photos of `album_latents` with their latents; see there."""
    images = render_album(models.generator, seed, count).images
    return OtherPhotos(_inverted(models, images, compute, progress=progress).ws, images)


def _inverted(models: Models, images: np.ndarray, compute: Compute | None, *, progress: bool) -> Inversion:
    return invert_photographs(models, images, default_method(models), compute=compute, progress=progress)
