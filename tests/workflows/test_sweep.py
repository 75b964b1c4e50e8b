"""Several distances of the surrogates in one go, on the tiny models."""

import gc
import json
import re
import shutil
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import evaluate as evaluating
from jaxunlearn.evaluation.other_photos import OtherPhotos
from jaxunlearn.methods.registry import named
from jaxunlearn.methods.sugar import prepare as sugar_prepare
from jaxunlearn.methods.sugar.method import SugarMethod
from jaxunlearn.methods.sugar.prepare import MAPPER_FILE
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import people_from_seeds
from jaxunlearn.training import unlearn as unlearning
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import request_of
from jaxunlearn.workflows import sweep
from jaxunlearn.workflows.sweep import COLUMNS, sweep_distances
from tests.support.tiny_models import CONFIG, tiny_models
from tests.support.tiny_sugar import tiny_sugar

DISTANCES = (-0.5, 1.5)


def settings(**changes):
    return tiny_sugar({"steps": 2, "evaluation.views": 2, **changes}, people=2)


@pytest.mark.slow
def test_a_picture_a_person_and_a_row_a_distance(tmp_path):
    models = tiny_models()
    people = people_from_seeds(models, [1, 2])
    rows = sweep_distances(models, people, settings(), DISTANCES, tmp_path / "out", progress=False)
    assert [row["distance"] for row in rows] == list(DISTANCES)
    for row in rows:
        with np.load(tmp_path / "out" / f"d{row['distance']:+g}" / "latents.npz") as latents:
            away = latents["ws_target"] - np.asarray(models.w_avg)
        radius = abs(row["distance"]) * models.median_radius
        np.testing.assert_allclose(np.linalg.norm(away, axis=(1, 2)), radius, rtol=1e-4)
    with Image.open(tmp_path / "out" / "person0001.png") as image:
        assert image.size == (2 * CONFIG.img_resolution, 3 * CONFIG.img_resolution)
        rows_of_pixels = np.split(np.asarray(image, np.float32), 3)
    near, far = np.split(rows_of_pixels[0], 2, axis=1)
    np.testing.assert_array_equal(near, far)  # before is before
    near, far = np.split(rows_of_pixels[1], 2, axis=1)
    assert abs(near - far).mean() > 0
    table = (tmp_path / "out" / "sweep.md").read_text()
    assert "| d | forgotten | others lost | ID of the forgotten |" in table
    assert re.search(r"\| -0\.5 \| \d of 2 \| \d+ of \d+ \| ", table)
    assert len(json.loads((tmp_path / "out" / "sweep.json").read_text())) == 2


def test_a_mapper_belongs_to_one_sweep(tmp_path, monkeypatch):
    """Another sweep or a run in the same folder is refused; its mapper is not used silently."""

    class Mapped(Exception):
        pass

    def mapped(*_, **__):
        raise Mapped

    monkeypatch.setattr(SugarMethod, "same_for_all_distances", mapped)

    def sweep(seeds, distances=DISTANCES, out=tmp_path / "out", **changes):
        people = people_from_seeds(tiny_models(), seeds)
        sweep_distances(tiny_models(), people, settings(**changes), distances, out, progress=False)

    for distances in (DISTANCES, (1.0,)):  # begun, and resumed with other distances
        with pytest.raises(Mapped):
            sweep([1, 2], distances)
    with pytest.raises(InputError, match="is a run with subjects"):
        sweep([3, 4])
    with pytest.raises(InputError, match=r"is a run with config\.surrogates\.identity"):
        sweep([1, 2], **{"surrogates.identity": 0.7})
    with pytest.raises(InputError, match="holds other files; give an empty or a new folder"):
        sweep([1, 2], out=tmp_path / "out" / "common")


def test_a_sweep_goes_on_wherever_its_folder_lies(tmp_path, monkeypatch):
    """Its path may be spelt differently, and its folder may move: no run remembers where the mapper was."""

    class Preparing(Exception):
        pass

    def prepare(*_, **__):
        raise Preparing

    def trained_mapper(models, ws, config, file, **_):
        file.write_text("the mapper")

    monkeypatch.setattr(sugar_prepare, "trained_mapper", trained_mapper)
    monkeypatch.setattr(unlearning, "_prepare", prepare)
    monkeypatch.setattr(sweep, "measure_reference", lambda *_, **__: None)
    monkeypatch.chdir(tmp_path)
    people = people_from_seeds(tiny_models(), [1, 2])

    def cut_off(out):
        with pytest.raises(Preparing):
            sweep_distances(tiny_models(), people, settings(), (0.5,), out, progress=False)
        assert (out / "d+0.5" / MAPPER_FILE).read_text() == "the mapper"

    cut_off(Path("out"))
    cut_off(tmp_path / "out")
    cut_off(Path("out").rename("moved"))


LOST = {"people": {}, "others_lost_counts": {"number": 1, "people": 4}}
"""The other figures of a row."""


def swift(monkeypatch, figures) -> list[list[float]]:
    """Let a sweep train nothing and measure `figures`; return the distances of each sweep's pictures."""
    columns: list[list[float]] = []

    def unlearn(models, people, config, *, workdir, **_):
        folder = RunFolder(workdir)
        asked = request_of(models, people, None, tuple(range(len(people.ws))), shared=True)
        folder.begin(asked, config, people.ws)
        folder.generator().touch()
        return config.target.distance

    monkeypatch.setattr(SugarMethod, "same_for_all_distances", lambda *_, **__: ())
    monkeypatch.setattr(sweep, "unlearn", unlearn)
    monkeypatch.setattr(sweep, "evaluate", lambda *_, **__: figures)
    monkeypatch.setattr(sweep, "_column", lambda models, distance, *_: distance)
    monkeypatch.setattr(sweep, "_save_pictures", lambda distances, *_: columns.append(distances))
    for name in ("measure_reference", "write_run_report", "remake_sweep_page"):
        monkeypatch.setattr(sweep, name, lambda *_, **__: None)
    return columns


def test_distances_share_photos_and_keep_no_generator(tmp_path, monkeypatch):
    """A person's other photos are inverted once and stand in every run's page."""
    swift(monkeypatch, LOST | dict.fromkeys(COLUMNS, 0.5))
    made: list[weakref.ref[Any]] = []
    inverted, measured, pages = [], [], []

    def unlearn(*_, **__) -> np.ndarray:
        made.append(weakref.ref(result := np.zeros(1)))
        gc.collect()
        assert sum(each() is not None for each in made) <= 2  # the last one ends with the next
        return result

    def album_photos(models, seed, count, **_) -> OtherPhotos:
        inverted.append((seed, count))
        return OtherPhotos(np.full((count, 2, 2), seed))

    def evaluate(*_, other_ws, **__) -> dict[str, Any]:
        measured.append(other_ws)
        return LOST | dict.fromkeys(COLUMNS, 0.5)

    monkeypatch.setattr(Models, "family", "heads")
    monkeypatch.setattr(evaluating, "album_photos", album_photos)
    for name, function in (("unlearn", unlearn), ("evaluate", evaluate), ("_column", lambda *_: [])):
        monkeypatch.setattr(sweep, name, function)
    monkeypatch.setattr(sweep, "write_run_report", lambda *_, photos, batch: pages.append(photos))
    config, people = settings(**{"evaluation.album": 3}), people_from_seeds(tiny_models(), [1, 2])
    sweep_distances(tiny_models(), people, config, (0.5, 1.0, 1.5), tmp_path / "out", progress=False)
    assert inverted == [(1, 3), (2, 3)]
    assert len(measured) == len(pages) == len(made) == 3
    for other_ws, photos in zip(measured, pages, strict=True):
        assert all(other_ws[k] is photos[k].ws for k in (0, 1))


def test_one_person(tmp_path, monkeypatch):
    """Nobody's pictures make a Fréchet distance of one person, and a face may be found nowhere."""
    swift(monkeypatch, LOST | {"id": None, "others_id": 0.91, "fid_pre": 0.5})
    people = people_from_seeds(tiny_models(), [1])
    one = tiny_sugar({"steps": 2}, people=1)
    sweep_distances(tiny_models(), people, one, (1.5,), tmp_path / "out", progress=False)
    row = (tmp_path / "out" / "sweep.md").read_text().splitlines()[-1]
    assert row == "| 1.5 | unknown | 1 of 4 | not measured | 0.910 | not measured | 0.500 |"


def test_earlier_distances_stay(tmp_path, monkeypatch):
    """In the table and the pictures, in order; but not one whose run is gone."""
    people = people_from_seeds(tiny_models(), [1, 2])
    columns = swift(monkeypatch, LOST | dict.fromkeys(COLUMNS, 0.5))
    out = tmp_path / "out"

    def swept(distance: float) -> list[float]:
        rows = sweep_distances(tiny_models(), people, settings(), (distance,), out, progress=False)
        table = json.loads((out / "sweep.json").read_text())
        assert [row["distance"] for row in table] == [row["distance"] for row in rows] == columns[-1]
        return columns[-1]

    assert [swept(distance) for distance in (1.5, 0.5)] == [[1.5], [0.5, 1.5]]
    assert re.findall(r"\n\| (\S+) \|", (out / "sweep.md").read_text()) == ["d", "---", "0.5", "1.5"]
    shutil.rmtree(out / "d+1.5")
    assert swept(1) == [0.5, 1]


@pytest.mark.parametrize("name", ["report.html", "other_run/.x.abcdefgh.tmp", "common/.x.abcdefgh.tmp"])
def test_a_folder_of_something_else(tmp_path, name):
    """Nothing in it is replaced, nor taken for a leftover of a killed sweep."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("theirs")
    with pytest.raises(InputError, match="holds other files"):
        sweep_distances(tiny_models(), people_from_seeds(tiny_models(), [1, 2]), settings(), (1.0,), tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]
    assert (tmp_path / name).read_text() == "theirs"


def test_guide_for_many_people_has_distances():
    method = named("guide")
    method.check_distance(method.preset("heads", 2, shared=True))


@pytest.mark.parametrize(
    ("changes", "distances", "message"),
    [
        ({"target.kind": "mean", "pairs.adjacent_target": "shifted"}, (1.0,), "has no distance to vary"),
        ({}, (1.0, 1.0), "list each distance once"),
        ({}, (0.0,), "everybody would become the mean face"),
        ({"surrogates.epochs": 0}, (1.0,), r"config\.surrogates\.file names none"),
    ],
)
def test_sweeps_that_make_no_sense(tmp_path, changes, distances, message):
    people = people_from_seeds(tiny_models(), [1, 2])
    with pytest.raises(InputError, match=message):
        sweep_distances(tiny_models(), people, settings(**changes), distances, tmp_path / "out")
    assert not (tmp_path / "out").exists()
