"""The adapters of finished runs in one generator: one after the other in each block, as one result.

Each adapter was trained without the others, or on top of some of them. Whether their people stay forgotten
together is for an evaluation to say.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eg3d_flax import TriPlaneGenerator
from jaxunlearn.errors import InputError
from jaxunlearn.models.adapters import adapted, as_trained, layers_of
from jaxunlearn.models.generator import fingerprint_of
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People, joined, listed_twice
from jaxunlearn.training.result import Result, check_finished, people_of_run
from jaxunlearn.training.storage.run_dir import RunFolder


def composed(models: Models, folders: Sequence[RunFolder]) -> Result:
    """Return the people of all runs, and one generator with the adapters of all of them.

    Args:
      models: what the first run started from; adapters that it has already come first.
      folders: of finished runs whose files are adapters, in the order in which these are applied.

    Returns:
      A result without a folder. `summary` has `runs`, the folders, and `adapters`, the number of all that the
      generator has.

    Raises:
      InputError: if a run is not finished, its files are no adapters or belong to another generator, others
        must come before them, a person is in two runs, a run contains another's adapters, or there is only
        one adapter.
    """
    files, groups, targets = list[Path](), list[People](), list[np.ndarray]()
    for folder in folders:
        check_finished(folder)
        request = folder.request
        files += [folder.generator(k) for k in range(request.copies)]
        groups.append(people_of_run(folder))
        targets.append(folder.latents()[1])
    people = joined(folders[0].path.name, groups)
    if (twice := listed_twice(people)) is not None:
        names = " and ".join(people.subjects[k] for k in twice)
        raise InputError(f"{names} are the same person; compose runs that forget different people")
    generator = adapted(models.generator, files)  # refuses trained weights, whatever their number
    if len(files) < 2:
        raise InputError(f"{folders[0].path}: has one adapter, and nothing to compose; give a further run")
    _refuse_contained(folders, generator)
    summary: dict[str, Any] = {
        "runs": [str(folder.path) for folder in folders],
        "adapters": len(layers_of(generator)[1]),
    }
    return Result(people, np.concatenate(targets), (generator,), summary, None)


def _refuse_contained(folders: Sequence[RunFolder], generator: TriPlaneGenerator) -> None:
    """Refuse runs one of which trained the adapters of another further: they would be applied twice.

    Args:
      folders: see `composed`.
      generator: with the adapters of all of them.

    Raises:
      InputError: naming two such runs.
    """
    requests = [folder.request for folder in folders]
    contained = [{request.start, *request.earlier} - {""} for request in requests]
    if not any(contained):
        return
    own = iter(layers_of(generator)[1][-sum(request.copies for request in requests) :])
    made = [
        {
            fingerprint_of(as_trained(generator, folder.generator(k), next(own)))
            for k in range(folder.request.copies)
        }
        for folder in folders
    ]
    for first, second in itertools.permutations(range(len(folders)), 2):
        inner, outer = folders[first].path, folders[second].path
        if made[first] & contained[second]:
            raise InputError(f"{inner}: is contained in {outer}, which began with it; leave {inner} out")
    for first, second in itertools.combinations(range(len(folders)), 2):
        if contained[first] & contained[second]:
            inner, outer = folders[first].path, folders[second].path
            raise InputError(f"{inner} and {outer}: contain the same earlier run; leave one of them out")
