"""Measure the people of a work list: all of them, or some chosen at random, which says much about all."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from jaxunlearn.evaluation import Reference
from jaxunlearn.evaluation.evaluate import evaluate
from jaxunlearn.evaluation.protocol import comparable, measured_with
from jaxunlearn.files.door import write_json
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.models.adapters import load_unlearned
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.folder_forms import MeasuredLine
from jaxunlearn.workflows.batch_dir import WorklistFolder
from jaxunlearn.workflows.batch_report import write_worklist_page
from jaxunlearn.workflows.batch_shares import shares_of_people


def evaluate_worklist(
    models: Models,
    folder: WorklistFolder,
    config: ConfigDict,
    people: Sequence[str],
    reference: Reference,
    *,
    other_ws: Mapping[str, np.ndarray] | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Measure people of a work list, each in their own generator, and write figures and page.

    Each measured person is a line of `measured.jsonl`, and is not measured again. Lines that were
    measured otherwise, and those of people who were trained anew since, are dropped.

    Args:
      models: the source and the judges.
      folder: of the work list; the caller has locked it, see `WorklistFolder.lock`.
      config: of every person's run; `config.evaluation` is used.
      people: names, see `batch_shares.chosen_people`.
      reference: of `measure_reference`, for the same settings.
      other_ws: name of a person → `[M, L, D]`, latents of other photos of them.
      progress: True shows a bar.

    Returns:
      What `measured.json` holds, see `shares_of_people`.

    Raises:
      InputError: if a file of the list cannot be read.
    """
    other_ws, last = other_ws or {}, folder.last()
    everybody = _measurement(reference, config)
    measurements = {name: {**everybody, "photos": len(other_ws.get(name, ()))} for name in last}
    now = {name: (line["wave"], measurements[name]) for name, line in last.items()}
    known = _keep_lines(folder, now, people)
    missing = [name for name in people if name not in known]
    done = len(people) - len(missing)
    for name in tqdm(
        missing, desc="measured", unit="person", total=len(people), initial=done, disable=not progress
    ):
        result = _result_of(models, folder, name)
        others = {0: other_ws[name]} if name in other_ws else {}
        found = evaluate(models, result, config, reference=reference, other_ws=others, progress=False)
        folder.add_measured(
            MeasuredLine(
                subject=name,
                wave=last[name]["wave"],
                measured_with=measurements[name],
                figures=found["people"]["0"],
            )
        )
        write_worklist_page(folder)
    shares = shares_of_people(folder.measured())
    write_json(folder.shares, shares)
    write_worklist_page(folder)
    return shares


def _keep_lines(
    folder: WorklistFolder, now: Mapping[str, tuple[int, dict[str, Any]]], people: Sequence[str]
) -> set[str]:
    """Drop lines of other waves and measurements than those of now; return whose lines are left.

    The number of photos is compared for `people` only: nobody else's photos were read.
    """
    kept = []
    for line in folder.measured():
        wave, measurement = now.get(line["subject"], (None, {}))
        if line["subject"] not in people:
            measurement = {**measurement, "photos": line["measured_with"].get("photos")}
        if (line["wave"], line["measured_with"]) == (wave, measurement):
            kept.append(line)
    folder.replace_measured(kept)
    return {line["subject"] for line in kept}


def _measurement(reference: Reference, config: ConfigDict) -> dict[str, Any]:
    """Return what must be equal for figures of people to be compared, as JSON has it."""
    align = [judge.align for judge in reference.judges]
    everything = comparable(measured_with(reference, 0, 0))
    return {**everything, "align": align, "album": config.evaluation.album}


def _result_of(models: Models, folder: WorklistFolder, name: str) -> Result:
    """Return what training made of a person, as a run without a folder."""
    number, line = folder.subjects().index(name), folder.last()[name]
    ws, ws_target = folder.latents(number, name)
    generator = load_unlearned(folder.path / line["generator"], lambda: models.generator)
    seeds = folder.seeds
    people = People(name, (name,), ws[None], seeds[number : number + 1])
    return Result(people, ws_target[None], (generator,), {}, None)
