"""Forget the people of a case in one generator, or read the run that did, and measure what came of it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from flax import nnx
from tqdm import tqdm

from benchmarks import one_person_heads
from benchmarks.many_people_heads.cases import COMPOSED, GUIDE, RANDOM, Case, config_of, seeds_of
from benchmarks.many_people_heads.lines import Line, others_of, persons_of, rounded
from benchmarks.one_person_runs import photo_latents, trained
from benchmarks.random_change import change_of, randomly_changed
from jaxunlearn.evaluation.evaluate import evaluate
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import people_from_seeds
from jaxunlearn.profiling.devices import processor
from jaxunlearn.training.composition import composed
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import unlearn


class Forgotten(NamedTuple):
    """A generator that forgot the people of a case.

    Attributes:
      result: what is measured.
      folders: of the runs that made it.
      steps: of the optimiser; with several runs, of each.
      steps_per_second: None where nothing was trained for this case alone.
    """

    result: Result
    folders: Sequence[RunFolder]
    steps: int
    steps_per_second: float | None


def line_of(models: Models, reference: Reference, case: Case, runs: Path, alone: Path) -> Line:
    """Run a case and measure it.

    Args:
      models: the bundled generator and its networks.
      reference: the measured source.
      case: what is run.
      runs: the folder of all runs.
      alone: the folder of the runs of `one_person_heads.py`, and of people's other photos.
    """
    config, seeds = config_of(case), seeds_of(case)
    forgotten = forget(models, case, runs, alone)
    photos = {
        number: ws
        for number, seed in enumerate(seeds)
        for ws in photo_latents(models, seed, config, alone).values()
    }
    figures = evaluate(models, forgotten.result, config, reference=reference, other_ws=photos, progress=False)
    (generator,) = forgotten.result.generators
    files = [folder.generator(k) for folder in forgotten.folders for k in range(folder.request.copies)]
    change = rounded(change_of(models.generator, generator)) if case.row == GUIDE else {}
    return {
        "row": case.row,
        "people": case.people,
        "draw": case.draw,
        "seeds": seeds,
        "processor": processor(),
        "steps": forgotten.steps,
        "steps_per_second": forgotten.steps_per_second,
        "trained": numbers_changed(models.generator, generator),
        "bytes": sum(file.stat().st_size for file in files),
        "persons": persons_of(figures, target=case.row != RANDOM),
        "others": others_of(figures),
        "change": change,
    }


def forget(models: Models, case: Case, runs: Path, alone: Path) -> Forgotten:
    """Return the generator of a case; runs that are finished are read, and one that was cut off goes on."""
    seeds = seeds_of(case)
    if case.row == COMPOSED:
        return _composed(models, seeds, case.draw, alone)
    if case.row == RANDOM:
        guide = forget(models, case._replace(row=GUIDE), runs, alone).result
        change = change_of(models.generator, guide.generator)
        generator = randomly_changed(models.generator, change, seeds[0])
        return Forgotten(Result(guide.people, guide.ws, (generator,), {}, None), (), 0, None)
    people = people_from_seeds(models, seeds)
    result = unlearn(models, people, config_of(case), workdir=runs / _name(case), progress=False)
    assert result.folder is not None
    summary = result.folder.summary
    return Forgotten(result, [result.folder], summary["steps"], summary["steps_per_second"])


def _composed(models: Models, seeds: Sequence[int], draw: int, alone: Path) -> Forgotten:
    """Return one generator with the adapters of people who were each forgotten alone."""
    folders = list[RunFolder]()
    for seed in tqdm(seeds, unit="adapter", leave=False):
        own = one_person_heads.Case("legato", seed, draw)
        run = trained(models, seed, one_person_heads.config_of(own), one_person_heads.folder_of(own, alone))
        assert run.folder is not None
        folders.append(run.folder)
    return Forgotten(composed(models, folders), folders, folders[0].summary["steps"], None)


def numbers_changed(source: Generator, unlearned: Generator) -> int:
    """Return how many numbers of a generator differ from the source's; all those of adapters count."""
    before, after = (
        [np.asarray(leaf) for leaf in jax.tree.leaves(nnx.state(g))] for g in (source, unlearned)
    )
    if len(after) > len(before):  # adapters, and the source as it was
        return sum(leaf.size for leaf in after) - sum(leaf.size for leaf in before)
    return sum(a.size for a, b in zip(after, before, strict=True) if not np.array_equal(a, b))


def _name(case: Case) -> str:
    """Return the name of a run's folder."""
    return re.sub(r"[^\w.=-]+", "-", f"{case.row}-{case.people}-{case.draw}")
