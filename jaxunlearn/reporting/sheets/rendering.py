"""Render the pictures of a run's page."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from jaxunlearn.evaluation.other_photos import OtherPhotos
from jaxunlearn.evaluation.settings import EvaluationSettings
from jaxunlearn.evaluation.statistics.figures_file import read_figures
from jaxunlearn.images import grid, save_png, to_uint8
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.loading import Models
from jaxunlearn.reporting.before_after import YAWS, RunPictures, everybody_of
from jaxunlearn.reporting.sheets.selection import FAR, NEAR, changed_most, hardest_first
from jaxunlearn.reporting.sheets.sheet import EVERYBODY, SheetFolder, sheet_name
from jaxunlearn.reporting.sheets.strengths import write_strengths
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.run_dir import RunFolder

FROM_ALL_SIDES = 4
"""Number of people rendered from several sides if one generator forgot many."""
PERSON, OTHERS, PHOTOS = ("before", "target", "after"), ("before", "after"), ("photo", "before", "after")
"""Rows of the sheets; those of photos begin with the photo where it is at hand."""


def write_pictures(
    models: Models,
    result: Result,
    config: ConfigDict,
    *,
    photos: Mapping[int, OtherPhotos] | None = None,
    batch: int = 5,
    progress: bool = True,
) -> None:
    """Render a run's pictures into its folder: the PNG files to look at, and the sheets of the page.

    Sheets: `person-0000` (views of a person), `everybody` (all from the front, if they share a generator),
    `photos-0000` (a person's other photos), `strength-0000` (a person at other strengths of their adapters,
    with figures), `far-0000` and `near-0000` (other people of a generator, those who changed most first;
    without figures the people of `other_seeds`). A generator that diverged has none.

    Args:
      models: the source.
      result: of the run; it must have a folder.
      config: of the run.
      photos: number of a person → other photos of them; sheets of other people's are removed. None keeps the
        sheets of photos.
      batch: images rendered at a time; a size that was rendered before in this process needs no compilation.
      progress: True shows a progress bar.
    """
    folder = result.folder
    assert folder is not None, "a run without a folder has nowhere to put its pictures"
    pictures = RunPictures(models.generator, result, from_config.compute(config), batch=batch)
    sheets = SheetFolder(folder.images)
    sides = _from_all_sides(folder)
    others = {k: theirs for k, theirs in (photos or {}).items() if k not in result.diverged}
    strips = _with_strength(folder)
    copies = [copy for copy in range(len(result.generators)) if copy not in result.diverged]
    steps = len(sides) + len(strips) + len(copies) + len(others) + int(result.together)
    with tqdm(total=steps, desc="pictures", unit="sheet", disable=not progress) as bar:
        if result.together:
            front = pictures.front()
            save_png(folder.everybody_picture, everybody_of(front))
            sheets.write(EVERYBODY, PERSON, [{"person": k} for k in range(len(result.ws))], front)
            bar.update()
        for k in sides:
            cells = pictures.views(k)
            save_png(folder.person_picture(k), grid(np.concatenate(cells), len(YAWS)))
            sheets.write(sheet_name("person", k), PERSON, [{"yaw": yaw} for yaw in YAWS], cells)
            bar.update()
        for k in () if photos is None else set(range(len(result.ws))) - others.keys():
            sheets.drop(sheet_name("photos", k))  # of an earlier evaluation, with other photos
        for k, theirs in others.items():
            _write_photos(sheets, pictures, k, theirs, models)
            bar.update()
        for k in strips:
            write_strengths(sheets, models, result, config, k, batch)
            bar.update()
        for copy in copies:
            _write_others(folder, sheets, pictures, models, result, copy)
            bar.update()


def _from_all_sides(folder: RunFolder) -> list[int]:
    """Return the people who are rendered from all sides: all with generators of their own, else some.

    Of people who share a generator these are the first ones and the hardest to forget.
    """
    count = len(folder.request.subjects)
    if not folder.request.together or count <= FROM_ALL_SIDES:
        return sorted({*range(count)} - folder.diverged)
    return sorted({*range(FROM_ALL_SIDES), *_hardest(folder)})


def _with_strength(folder: RunFolder) -> list[int]:
    """Return the people who are rendered at other strengths, if the run has any."""
    config = folder.config
    if not method_of(config).has_strength(config):
        return []
    return sorted({*_hardest(folder)} - folder.diverged)


def _hardest(folder: RunFolder) -> list[int]:
    """Return the people who are hardest to forget; the first ones of a run that was not evaluated."""
    people = folder.summary.get("people") or {}
    return hardest_first([people.get(str(k)) for k in range(len(folder.request.subjects))])[:FROM_ALL_SIDES]


def _write_photos(
    sheets: SheetFolder, pictures: RunPictures, person: int, photos: OtherPhotos, models: Models
) -> None:
    frontal = np.asarray(conditioning_view(models.generator.config))
    count = len(photos.ws)
    cells, rows = pictures.anybody(person, photos.ws, np.repeat(frontal, count, axis=0)), OTHERS
    if photos.images is not None:
        cells, rows = np.concatenate([to_uint8(photos.images)[None], cells]), PHOTOS
    sheets.write(sheet_name("photos", person), rows, [{"photo": number} for number in range(count)], cells)


def _write_others(
    folder: RunFolder, sheets: SheetFolder, pictures: RunPictures, models: Models, result: Result, copy: int
) -> None:
    """Write the picture of other people, and the sheets of those who changed most."""
    cells = pictures.other_people(copy)
    save_png(folder.others_picture(copy), grid(np.concatenate(cells), len(pictures.other_seeds)))
    summary = folder.summary
    if "settings" not in summary or not folder.figures_file.is_file():
        sheets.write(
            sheet_name("far", copy), OTHERS, [{"seed": seed} for seed in pictures.other_seeds], cells
        )
        return
    settings = EvaluationSettings.from_json(summary["settings"])
    lines, judge = read_figures(folder.figures_file), summary["networks"]["identity"]
    random = settings.random_people(models.generator)
    people, cameras = np.asarray(random.ws), np.asarray(random.c)

    far = changed_most(lines, "retained", copy, judge, FAR)
    numbers = [line["number"] for line in far]
    columns = [{"number": number} for number in numbers]
    groups = {sheet_name("far", copy): (columns, people[numbers], cameras[numbers])}

    ws = jnp.asarray(result.ws if result.together else result.ws[copy : copy + 1])
    near = changed_most(lines, "near", copy, judge, NEAR)
    around = {
        radius: np.asarray(settings.near_people(ws, random.ws, radius * models.median_radius))
        for radius in {line["radius"] for line in near}
    }
    numbers = [line["number"] for line in near]
    columns = [{"radius": line["radius"], "number": line["number"]} for line in near]
    latents = np.array([around[line["radius"]][line["number"]] for line in near])
    groups[sheet_name("near", copy)] = columns, latents, cameras[numbers]

    for name, (columns, latents, views) in groups.items():
        if columns:
            sheets.write(name, OTHERS, columns, pictures.anybody(copy, latents, views))
        else:
            sheets.drop(name)


def missing_sheets(folder: RunFolder) -> list[str]:
    """Return the names of the sheets that a finished run should have and has not."""
    request, lines = folder.request, []
    if folder.figures_file.is_file():
        lines = read_figures(folder.figures_file)
    wanted = [sheet_name("person", k) for k in _from_all_sides(folder)]
    wanted += [EVERYBODY] if request.together else []
    wanted += [sheet_name("strength", k) for k in _with_strength(folder)]
    for copy in sorted({*range(request.copies)} - folder.diverged):
        wanted.append(sheet_name("far", copy))
        if any(line["kind"] == "near" and line["copy"] == copy and not line["same"] for line in lines):
            wanted.append(sheet_name("near", copy))
    names = SheetFolder(folder.images).names()
    return [name for name in wanted if name not in names]
