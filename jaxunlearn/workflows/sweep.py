"""Forget the same people once for each distance d of their targets (SUGAR, Table 3).

Each distance is a run with a run folder. Where a mapper finds the targets, all distances share it: the folder
`common` keeps it, and what was asked for when it was trained.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from jax.sharding import Mesh

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.bundled_people.album import check_albums
from jaxunlearn.evaluation.evaluate import evaluate, measure_reference, other_photos
from jaxunlearn.evaluation.frontier import frontier_of
from jaxunlearn.files.door import copy_file, read_json, write_json, write_text
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.lock import locked_clean, refuse_other_files
from jaxunlearn.images import save_png
from jaxunlearn.methods.config import check_config, from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People
from jaxunlearn.reporting.before_after import RunPictures
from jaxunlearn.reporting.page.frame import figure_text
from jaxunlearn.reporting.page.many.sweep_page import write_sweep_page
from jaxunlearn.reporting.page.words import how_many
from jaxunlearn.reporting.report import write_run_report
from jaxunlearn.training.checks import numbers_of
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.request import RUN
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import request_of, unlearn

TABLE = "sweep.json"
"""File with the figures of each distance; it makes a folder one of a sweep."""
PAGE = "report.html"
"""Name of the page of all distances."""
COMMON = "common"
"""Name of the folder with what the distances share; it is written first."""
COLUMNS = {
    "id": "ID of the forgotten",
    "others_id": "ID of others",
    "fid_forget": "Fréchet, forgotten",
    "fid_pre": "Fréchet, others",
}


class _Row(TypedDict):
    distance: float


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
    """Forget the same people once for each distance, and measure all runs; finished runs are not run again.

    Distances of an earlier call stay: all that the folder then has are in its table, page and pictures.

    Args:
      models: the source.
      people: the people to forget.
      config: of a method whose targets have a distance; a mapper is trained for `config.target.distance`.
      distances: in the unit of `config.unit`; negative distances lie on the other side of the mean.
      out: folder for `report.html`, `sweep.md`, `sweep.json`, `personNNNN.png`, and a run folder for each
        distance; the folder `common` is for what they share.
      mesh: see `training.unlearn`.
      progress: True shows progress bars.

    Returns:
      For each distance in the folder, in order, the figures of `evaluation.evaluate_together` and the
      `distance`.

    Raises:
      InputError: if the config has no distance to vary, a distance is invalid, an album cannot be rendered,
        another process uses the folder, or it holds something else: another sweep too. It is raised before
        any computation.
    """
    check_config.check(config)
    method_of(config).check_distance(config)
    if len(set(distances)) < len(distances):
        raise InputError(f"distances {', '.join(f'{d:g}' for d in distances)}: list each distance once")
    for distance in distances:
        check_config.check(_with(config, distance))
    check_albums(models, config, people.seeds)
    with locked_clean(out, lambda: check_free(out)):
        distances = sorted({*map(float, distances), *_finished_distances(out)})
        configs = {distance: _with(config, distance) for distance in distances}
        return _sweep(models, people, config, configs, out, mesh, progress)


def _sweep(
    models: Models,
    people: People,
    config: ConfigDict,
    configs: Mapping[float, ConfigDict],
    out: Path,
    mesh: Mesh | None,
    progress: bool,
) -> list[dict[str, Any]]:
    method, common = method_of(config), RunFolder(out / COMMON)
    numbers = numbers_of(people, None)
    asked = request_of(models, people, None, numbers, shared=method.shares_generator(config))
    common.begin(asked, config, people.ws)
    same = method.same_for_all_distances(models, people.ws, config, common.path, mesh, progress=progress)
    reference = measure_reference(models, config, progress=progress)
    photos = other_photos(models, people.seeds, config, {}, progress=progress)
    other_ws = {k: each.ws for k, each in photos.items()}
    columns, rows = [], []
    for distance, changed in configs.items():
        folder = _folder(out, distance)
        with (run := RunFolder(folder)).lock():
            run.begin(asked, changed, people.ws)  # only then may the folder hold other files
            for name in same:
                copy_file(common.path / name, run.path / name)
        frontier = frontier_of(models, people, changed, folder)
        result = unlearn(
            models, people, changed, workdir=folder, mesh=mesh, callbacks=frontier, progress=progress
        )
        figures = evaluate(models, result, changed, reference=reference, other_ws=other_ws, progress=progress)
        rows.append({"distance": distance, **figures})
        write_run_report(models, result, changed, photos=photos, batch=changed.evaluation.batch)
        columns.append(_column(models, result, changed))  # pictures in place of the generator
    _save_pictures(columns, out)
    _write(out, rows, config)
    remake_sweep_page(out)
    return rows


def remake_sweep_page(out: Path) -> Path:
    """Write the page of a finished sweep from what its folder holds.

    Returns:
      Path of the page.

    Raises:
      InputError: if the folder is not of a finished sweep.
    """
    return write_sweep_page({distance: _folder(out, distance) for distance in _distances(out)}, out / PAGE)


def _distances(out: Path) -> list[float]:
    """Return the distances of the table.

    Raises:
      InputError: if there is no table, or it is damaged.
    """
    return [row["distance"] for row in check_form(read_json(out / TABLE), list[_Row], out / TABLE)]


def _finished_distances(out: Path) -> list[float]:
    """Return the distances of an earlier call whose runs are there."""
    if not (out / TABLE).is_file():
        return []
    return [distance for distance in _distances(out) if RunFolder(_folder(out, distance)).finished()]


def check_free(out: Path) -> None:
    """Refuse a folder with other files than those of a sweep; one that was killed early left `common`.

    Raises:
      InputError: if there are some.
    """
    common = RunFolder(out / COMMON)
    if (out / TABLE).is_file() or (common.path / RUN).is_file():
        return
    refuse_other_files(out, {COMMON})
    common.check_free()


def _folder(out: Path, distance: float) -> Path:
    return out / f"d{distance:+g}"


def _with(config: ConfigDict, distance: float) -> ConfigDict:
    copy = config.copy_and_resolve_references()
    copy.target.distance = float(distance)
    return copy


def _column(models: Models, result: Result, config: ConfigDict) -> list[np.ndarray]:
    """Return the picture of each person, from the front: rows before, target, after."""
    pictures = RunPictures(models.generator, result, from_config.compute(config), batch=1)
    return [pictures.person(k, (0.0,)) for k in range(len(result.ws))]


def _save_pictures(columns: Sequence[Sequence[np.ndarray]], out: Path) -> None:
    """Write one picture per person, with one column per distance; see `_column`."""
    for k, strips in enumerate(zip(*columns, strict=True)):
        save_png(out / f"person{k:04d}.png", np.concatenate(strips, axis=1))


def _write(out: Path, rows: Sequence[dict[str, Any]], config: ConfigDict) -> None:
    write_json(out / TABLE, rows)
    relative = config.unit == "median_radius"
    lines = [
        "Distances d are multiples of the median radius." if relative else "Distances d are absolute.",
        "",
        f"| d | forgotten | others lost | {' | '.join(COLUMNS.values())} |",
        f"| --- | --- | --- |{' --- |' * len(COLUMNS)}",
    ]
    for row in rows:
        known = [each["forgotten"] for each in row["people"].values() if each["forgotten"] is not None]
        cells = [
            f"{sum(known)} of {len(known)}" if known else "unknown",
            how_many(row["others_lost_counts"]),
            *(figure_text(row.get(name), 3) for name in COLUMNS),  # one person has no `fid_forget`
        ]
        lines.append(f"| {row['distance']:g} | {' | '.join(cells)} |")
    write_text(out / "sweep.md", "\n".join(lines) + "\n")
