"""Checks of what a run is asked for, before anything is computed or written."""

import dataclasses
from collections.abc import Sequence

import jax
import numpy as np
from flax import nnx
from jax.sharding import Mesh

from jaxunlearn.errors import InputError
from jaxunlearn.given_arrays import array_of, whole_numbers_of
from jaxunlearn.methods.trained_part import TrainedPart
from jaxunlearn.models.latent_io import fitting_latents
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People, listed_twice
from jaxunlearn.process import arrays, multihost
from jaxunlearn.sharding import IDENTITY
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.same_run import same_people

MOST_NUMBER = 2**31 - 1
"""Greatest number of a generator copy."""


def check_mesh(mesh: Mesh | None, *, shared: bool) -> None:
    """Refuse a mesh that leaves out one of several processes, which could not read the results.

    Args:
      mesh: None for one device.
      shared: whether all people share one generator.

    Raises:
      InputError: also if there are several processes and no mesh, or a mesh divides the one generator.
    """
    count = jax.process_count()
    if count > 1 and (mesh is None or len({device.process_index for device in mesh.devices.flat}) < count):
        raise InputError(
            f"{count} processes: give a mesh with devices of each, such as --mesh 1x{jax.device_count()}"
        )
    if shared and mesh is not None and mesh.shape[IDENTITY] > 1:
        raise InputError(
            f'a mesh with {mesh.shape[IDENTITY]} devices along "identity": all people share one generator; '
            'put the devices along "sample"'
        )


def people_of(people: People | np.ndarray | jax.Array, models: Models) -> People:
    """Return people whose latents are `[K, L, D]` float32 and fit the generator.

    Raises:
      InputError: if they do not fit, or are not finite.
    """
    if not isinstance(people, People):
        ws = _latents(people, models)
        return People("people", tuple(f"latent {k}" for k in range(len(ws))), ws)
    ws = _latents(people.ws, models)
    if len(people.subjects) != len(ws):
        raise InputError(f"{len(people.subjects)} subjects for {len(ws)} latents")
    return dataclasses.replace(people, ws=ws)


def _latents(ws: np.ndarray | jax.Array, models: Models) -> np.ndarray:
    """Latents as `[K, L, D]` float32."""
    latents = array_of("latents", ws)
    return fitting_latents(latents[None] if latents.ndim == 2 else latents, models.generator.config)


def leaders(ws: np.ndarray) -> np.ndarray:
    """Return process 0's latents in every process; all processes call it together.

    Raises:
      InputError: in all processes, if latents differ by more than rounding.
    """
    common = np.asarray(arrays.from_leader(ws))
    multihost.check_same({"people's latents": same_people(ws, common)}, "the run's people")
    return common


def numbers_of(people: People, numbers: Sequence[int] | None) -> tuple[int, ...]:
    """Return a number for each person: the given ones, or counted from 0.

    Raises:
      InputError: if there are more numbers than people, or fewer, or one is no whole number that fits.
    """
    if numbers is None:
        return tuple(range(len(people.ws)))
    given = whole_numbers_of("numbers", numbers, MOST_NUMBER)
    if len(given) != len(people.ws):
        raise InputError(f"{len(given)} numbers for {len(people.ws)} people")
    return tuple(given)


def check_sharing(people: People, previous: Result | None, *, shared: bool) -> None:
    """Refuse arguments that contradict who shares a generator.

    Raises:
      InputError: if people who share one are listed twice, since two targets for one person contradict each
        other; if there is an earlier request and everybody has a copy.
    """
    if not shared:
        if previous is not None:
            raise InputError(
                "an earlier request is given, but every person has a generator copy of their own; "
                "requests need a method whose people share one generator"
            )
        return
    if (twice := listed_twice(people)) is not None:
        first, second = (people.subjects[k] for k in twice)
        names = first if first == second else f"{first} and {second}"
        raise InputError(f"{names}: the same person is listed twice; list everybody once")


def check_previous(previous: Result, models: Models, part: TrainedPart) -> None:
    """Refuse an earlier request that began with another generator; training would mix the two.

    Args:
      previous: the earlier request.
      models: the source of this one.
      part: what this one trains.

    Raises:
      InputError: also if the earlier one trained another part.
    """
    part.trained(previous.generator)  # refuses another part
    if not _began_with(previous, models, part):
        where = "" if previous.folder is None else f" ({previous.folder.path})"
        raise InputError(
            f"the earlier request{where} began with another generator than {models.name}; give the one that "
            "it began with"
        )


def _began_with(previous: Result, models: Models, part: TrainedPart) -> bool:
    """Return True if an earlier request began with this source; without a folder, as far as can be seen."""
    if previous.folder is not None:
        return previous.folder.request.fingerprint == models.fingerprint
    if previous.generator.config != models.generator.config:
        return False
    there = dict(nnx.to_flat_state(nnx.state(previous.generator)))
    untrained = nnx.to_flat_state(part.split(models.generator, 0).fixed)
    return all(path in there and np.array_equal(there[path][...], array[...]) for path, array in untrained)
