"""Make work lists from seeds and from photos."""

import hashlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jax.sharding import Mesh

from eg3d_flax import Compute
from jaxunlearn.errors import InputError
from jaxunlearn.images import to_float, to_uint8
from jaxunlearn.models.encoder import Encoder
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion.choice import EncoderInput, Method, choose, settings_for
from jaxunlearn.photos.inversion.images import invert_photographs
from jaxunlearn.photos.people import people_from_seeds
from jaxunlearn.photos.sources import Refused, counted, iterate_photographs
from jaxunlearn.sharding import local_mesh
from jaxunlearn.workflows.batch_dir import Worklist


def worklist_of_seeds(models: Models, seeds: Sequence[int]) -> Worklist:
    """Make a work list of people of the generator, one for each seed."""
    subjects = tuple(f"seed {seed}" for seed in seeds)
    return Worklist(
        subjects, lambda some: people_from_seeds(models, [seeds[k] for k in some]).ws, tuple(map(int, seeds))
    )


def worklist_of_photos(
    models: Models,
    source: str | Path,
    *,
    method: Method | None = None,
    encoder: str | Path | Encoder | None = None,
    encoder_input: EncoderInput = "crop",
    mesh: Mesh | None = None,
    compute: Compute,
    progress: bool = True,
) -> Worklist:
    """Make a work list of the people in a source of photos.

    Each person is represented by their first usable photo, which is inverted in the person's wave. Their
    further photos are not opened, so that broken ones among them are not named. Until then,
    images are kept with 8 bits per channel: a thousand images of 512 x 512 pixels need 0.8 GB.

    Args:
      models: their generator is inverted.
      source: see `photos.sources.iterate_photographs`.
      method: how photos are inverted, see `photos.inversion.choice`; None chooses what suits the model.
      encoder: an encoder, or its file; None uses the encoder of the model.
      encoder_input: what the encoder sees, see `photos.inversion.choice`.
      mesh: the devices of this process in it share the photos of a wave; None uses one device.
      compute: see `photos.inversion.search.search_latents`.
      progress: True shows bars, see `photos.inversion.invert.invert`.

    Raises:
      InputError: if the source has no usable photo, the method needs an encoder and there is none, or has no
        use for the one that is given.

    Warns:
      UserWarning: for each opened photo that cannot be used.
    """
    how = choose(models, method, encoder, encoder_input)
    first = _first_photos(source, models.generator.config.img_resolution, how.whole_side, progress)
    photos = [photo.image for photo in first.values()]
    wholes = [photo.whole for photo in first.values() if photo.whole is not None]

    def latents(some: Sequence[int]) -> np.ndarray:
        return invert_photographs(
            models,
            to_float([photos[k] for k in some]),
            how.method,
            encoder=how.network,
            encoder_images=to_float([wholes[k] for k in some]) if wholes else None,
            mesh=local_mesh(mesh),
            compute=compute,
            progress=progress,
        ).ws

    way = how.way(settings_for(how.method, models))
    digests = tuple(photo.sha256 for photo in first.values())
    return Worklist(tuple(first), latents, inversion=way, photos_sha256=digests)


class _Photo(NamedTuple):
    """A photo in uint8, the whole of it if that is wanted, and SHA-256 of its file, or else of its pixels."""

    image: np.ndarray
    whole: np.ndarray | None
    sha256: str


def _first_photos(source: str | Path, side: int, whole_side: int | None, progress: bool) -> dict[str, _Photo]:
    """Return person → their first usable photo.

    Raises:
      InputError: if there is none.
    """
    first: dict[str, _Photo] = {}
    photos = iterate_photographs(
        source, side, whole_side=whole_side, wanted=lambda person: person not in first
    )
    for photo in counted(photos, progress):
        if isinstance(photo, Refused):
            warnings.warn(f"left out: {photo.reason}", stacklevel=3)
        else:
            image = to_uint8(photo.image)
            whole = None if photo.whole is None else to_uint8(photo.whole)
            digest = photo.sha256 or hashlib.sha256(image.tobytes()).hexdigest()
            first[photo.identity] = _Photo(image, whole, digest)
    if not first:
        raise InputError(f"{source}: holds no usable photos")
    return first
