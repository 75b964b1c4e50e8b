"""How much of a person is left: SUGAR with several distances d of the surrogates (Table 3).

One mapper serves all distances; every distance is a run of its own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jax.sharding import Mesh

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.evaluate import evaluate, measure_reference
from jaxunlearn.files.door import write_json, write_text
from jaxunlearn.files.lock import locked
from jaxunlearn.images import grid, save_png
from jaxunlearn.methods import configuration, from_config
from jaxunlearn.methods.registry import method_of
from jaxunlearn.methods.settings import ConfigDict
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People
from jaxunlearn.reporting.before_after import RunPictures
from jaxunlearn.training.result import Result
from jaxunlearn.training.unlearn import unlearn
from torch_bridge import remove_leftovers

COLUMNS = {
    "id": "ID of the forgotten",
    "forgotten": "forgotten",
    "others_id": "ID of others",
    "fid_forget": "Fréchet, forgotten",
    "fid_pre": "Fréchet, others",
}


def sweep_distances(
    models: Models,
    people: People,
    config: ConfigDict,
    distances: Sequence[float],
    out: Path,
    *,
    mesh: Mesh | None = None,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """Forget the same people once for each distance; runs that are finished are read.

    Args:
      models: the source.
      people: who is forgotten.
      config: of SUGAR with a mapper, which is trained for `config.target.distance`.
      distances: in the unit of the config; negative ones lie on the other side of the mean.
      out: gets `sweep.md`, `sweep.json`, `personNNNN.png` and a run for each distance.
      mesh: see `runner.unlearn`.
      progress: whether to show bars.

    Returns:
      The figures of each distance, see `evaluation.evaluate_together`.

    Raises:
      InputError: if the config has no distance to vary, or a distance makes no sense, or another process
        holds the folder; first of all.
    """
    configuration.check(config)
    method_of(config).check_distance(config)
    if len(set(distances)) < len(distances):
        raise InputError(f"distances {', '.join(f'{d:g}' for d in distances)}: one is listed twice")
    configs = [_with(config, distance) for distance in distances]
    for each in configs:
        configuration.check(each)
    with locked(out):
        remove_leftovers(out)
        return _sweep(models, people, config, distances, configs, out, mesh, progress)


def _sweep(
    models: Models,
    people: People,
    config: ConfigDict,
    distances: Sequence[float],
    configs: Sequence[ConfigDict],
    out: Path,
    mesh: Mesh | None,
    progress: bool,
) -> list[dict[str, Any]]:
    method = method_of(config)
    same = method.same_for_all_distances(models, people.ws, config, out, mesh, progress=progress)
    for each in configs:
        each.update_from_flattened_dict(same)
    reference = measure_reference(models, config, progress=progress)
    results, rows = [], []
    for distance, each in zip(distances, configs, strict=True):
        folder = out / f"d{distance:+g}"
        result = unlearn(models, people, each, workdir=folder, mesh=mesh, progress=progress)
        results.append(result)
        figures = evaluate(models, result, each, reference=reference, progress=progress)
        rows.append({"distance": distance, **figures})
    _save_pictures(models, results, config, out)
    _write(out, rows, config)
    return rows


def _with(config: ConfigDict, distance: float) -> ConfigDict:
    copy = config.copy_and_resolve_references()
    copy.target.distance = float(distance)
    return copy


def _save_pictures(models: Models, results: Sequence[Result], config: ConfigDict, out: Path) -> None:
    """One picture a person: rows before, surrogate, after; a column a distance."""
    compute = from_config.compute(config)
    columns = [RunPictures(models.generator, result, compute, batch=1) for result in results]
    for k in range(len(results[0].ws)):
        strips = [np.split(column.person(k, (0.0,)), 3) for column in columns]
        rows = [strip[row] for row in range(3) for strip in strips]
        save_png(out / f"person{k:04d}.png", grid(np.stack(rows), len(results)))


def _write(out: Path, rows: Sequence[dict[str, Any]], config: ConfigDict) -> None:
    write_json(out / "sweep.json", rows)
    unit = "the median radius" if config.unit == "median_radius" else "absolute"
    lines = [
        f"Distances d in units of {unit}." if unit != "absolute" else "Distances d are absolute.",
        "",
        f"| d | {' | '.join(COLUMNS.values())} |",
        f"| --- |{' --- |' * len(COLUMNS)}",
    ]
    for row in rows:
        cells = [f"{row[name]:.3f}" if isinstance(row[name], float) else str(row[name]) for name in COLUMNS]
        lines.append(f"| {row['distance']:g} | {' | '.join(cells)} |")
    write_text(out / "sweep.md", "\n".join(lines) + "\n")
