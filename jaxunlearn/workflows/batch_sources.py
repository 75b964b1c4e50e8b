"""Work lists from seeds and from photographs."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jax.sharding import Mesh

from eg3d_flax import Compute
from jaxunlearn.errors import InputError
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.invert import (
    EncoderInput,
    Method,
    default_method,
    encoder_for,
    invert_photographs,
    side_of_file,
)
from jaxunlearn.photos.people import people_from_seeds
from jaxunlearn.photos.sources import Refused, iterate_photographs
from jaxunlearn.sharding import local_mesh
from jaxunlearn.workflows.batch import Worklist


def worklist_of_seeds(models: Models, seeds: Sequence[int]) -> Worklist:
    """People of the generator."""
    subjects = tuple(f"seed {seed}" for seed in seeds)
    return Worklist(subjects, lambda some: people_from_seeds(models, [seeds[k] for k in some]).ws)


def worklist_of_photographs(
    models: Models,
    source: str | Path,
    *,
    method: Method | None = None,
    encoder: str | None = None,
    encoder_input: EncoderInput = "crop",
    mesh: Mesh | None = None,
    compute: Compute,
) -> Worklist:
    """The identities of a source of photographs, each by the first of theirs, inverted when their turn comes.

    Images are kept with 8 bits a channel: a thousand of 512² are 0.8 GB.

    Args:
      models: whose latents.
      source: see `data.iterate_photographs`.
      method: how photographs are inverted, see `inversion_methods`; None takes what suits the model.
      encoder: file of an encoder, if not the one that comes with the model.
      encoder_input: what the encoder is shown.
      mesh: its devices, those of this process, share the photographs of a wave; None takes one.
      compute: see `inversion.invert`.

    Raises:
      InputError: if nothing in the source can be used, or an encoder is wanted and there is none.

    Warns:
      UserWarning: for each photograph that is left out.
    """
    method = method or default_method(models, encoder)
    network = None if method == "optimize" else encoder_for(models, encoder)
    whole_side = side_of_file(network, encoder_input)
    first: dict[str, np.ndarray] = {}
    whole: dict[str, np.ndarray] = {}
    for one in iterate_photographs(source, models.generator.config.img_resolution, whole_side=whole_side):
        if isinstance(one, Refused):
            warnings.warn(f"left out: {one.reason}", stacklevel=2)
        elif one.identity not in first:
            first[one.identity] = _levels(one.image)
            if one.whole is not None:
                whole[one.identity] = _levels(one.whole)
    if not first:
        raise InputError(f"{source}: holds no photographs that can be used")
    photographs, wholes = list(first.values()), list(whole.values())

    def latents(some: Sequence[int]) -> np.ndarray:
        return invert_photographs(
            models,
            _images([photographs[k] for k in some]),
            method,
            encoder=network,
            encoder_images=_images([wholes[k] for k in some]) if wholes else None,
            mesh=local_mesh(mesh),
            compute=compute,
        ).ws

    return Worklist(tuple(first), latents)


def _levels(image: np.ndarray) -> np.ndarray:
    return np.rint((image + 1) * 127.5).astype(np.uint8)


def _images(levels: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack(levels).astype(np.float32) / 127.5 - 1
