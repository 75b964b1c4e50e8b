"""Work lists from seeds and from photographs."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jax.sharding import Mesh

from eg3d_flax import Compute
from jaxunlearn.data import Refused, iterate_photographs
from jaxunlearn.errors import InputError
from jaxunlearn.inversion_methods import Method, default_method, encoder_for, invert_photographs
from jaxunlearn.mesh import of_this_process
from jaxunlearn.models import Models
from jaxunlearn.people import people_of_seeds
from jaxunlearn.worklist import Worklist


def worklist_of_seeds(models: Models, seeds: Sequence[int]) -> Worklist:
    """People of the generator."""
    subjects = tuple(f"seed {seed}" for seed in seeds)
    return Worklist(subjects, lambda some: people_of_seeds(models, [seeds[k] for k in some]).ws)


def worklist_of_photographs(
    models: Models,
    source: str | Path,
    *,
    method: Method | None = None,
    encoder: str | None = None,
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
      mesh: its devices, those of this process, share the photographs of a wave; None takes one.
      compute: see `inversion.invert`.

    Raises:
      InputError: if nothing in the source can be used, or an encoder is wanted and there is none.

    Warns:
      UserWarning: for each photograph that is left out.
    """
    method = method or default_method(models, encoder)
    network = None if method == "optimize" else encoder_for(models, encoder)
    first: dict[str, np.ndarray] = {}
    for one in iterate_photographs(source, models.generator.config.img_resolution):
        if isinstance(one, Refused):
            warnings.warn(f"left out: {one.reason}", stacklevel=2)
        elif one.identity not in first:
            first[one.identity] = np.rint((one.image + 1) * 127.5).astype(np.uint8)
    if not first:
        raise InputError(f"{source}: holds no photographs that can be used")
    photographs = list(first.values())

    def latents(some: Sequence[int]) -> np.ndarray:
        images = np.stack([photographs[k] for k in some]).astype(np.float32) / 127.5 - 1
        devices = of_this_process(mesh)
        return invert_photographs(models, images, method, encoder=network, mesh=devices, compute=compute).ws

    return Worklist(tuple(first), latents)
