"""Which photos of a person an evaluation uses, and that they stand on the sheet of the page."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from jaxunlearn.evaluation import evaluate
from jaxunlearn.evaluation.other_photos import OtherPhotos
from jaxunlearn.images import to_uint8
from jaxunlearn.methods.guide import presets
from jaxunlearn.reporting.sheets import rendering
from jaxunlearn.reporting.sheets.sheet import SheetFolder
from tests.support.page_folders import begun, finish
from tests.support.tiny_models import CONFIG

SIDE = CONFIG.img_resolution
WS = np.ones((2, 4, 8), np.float32)


def test_an_album_is_made_for_those_who_have_no_photos(monkeypatch: pytest.MonkeyPatch):
    asked = []

    def album_photos(models, seed, count, **options):
        asked.append((seed, count))
        return OtherPhotos(WS * seed, np.zeros((count, SIDE, SIDE, 3)))

    monkeypatch.setattr(evaluate, "album_photos", album_photos)
    config, seeds = presets.heads(), (7, 8, None)
    config.evaluation.album = 2
    given = {0: OtherPhotos(WS)}
    found = evaluate.other_photos(SimpleNamespace(is_bundled=True), seeds, config, given)  # type: ignore
    assert asked == [(8, 2)]
    assert found[0] is given[0]
    assert set(found) == {0, 1}
    assert found[1].images is not None
    assert evaluate.other_photos(SimpleNamespace(is_bundled=False), seeds, config, {}) == {}  # type: ignore


@pytest.mark.parametrize("at_hand", [True, False])
def test_a_photo_is_the_first_row_of_its_sheet(tmp_path: Path, at_hand: bool):
    drawn = np.stack([np.full((2, SIDE, SIDE, 3), level, np.uint8) for level in (50, 90)])
    pictures = SimpleNamespace(anybody=lambda person, ws, c: drawn)
    photos = np.random.default_rng(0).uniform(-1, 1, (2, SIDE, SIDE, 3)).astype(np.float32)
    models = SimpleNamespace(generator=SimpleNamespace(config=CONFIG))
    others = OtherPhotos(WS, photos if at_hand else None)
    rendering._write_photos(SheetFolder(tmp_path), pictures, 3, others, models)  # type: ignore
    sheet = SheetFolder(tmp_path).read("photos-0003")
    assert sheet is not None
    assert sheet.rows == (("photo", "before", "after") if at_hand else ("before", "after"))
    np.testing.assert_array_equal(sheet.row("after"), drawn[1])
    if at_hand:
        np.testing.assert_array_equal(sheet.row("photo"), to_uint8(photos))


def test_sheets_of_people_without_photos_go_with_the_figures_of_these(tmp_path, monkeypatch):
    """They are of an earlier evaluation; a page that is only made anew keeps them."""
    folder = begun(tmp_path / "run", ("ada", "bea"), together=False)
    finish(folder, photos=2, other=0)
    for name in ("RunPictures", "_write_photos"):
        monkeypatch.setattr(rendering, name, lambda *_, **__: None)
    for name in ("_from_all_sides", "_with_strength"):
        monkeypatch.setattr(rendering, name, lambda _: [])
    result: Any = SimpleNamespace(folder=folder, ws=WS, diverged={}, generators=(), together=False)
    models: Any = SimpleNamespace(generator=None)
    for photos, left in ((None, {0, 1}), ({1: OtherPhotos(WS)}, {1}), ({}, set())):
        rendering.write_pictures(models, result, presets.heads(), photos=photos, progress=False)
        names = {name for name in SheetFolder(folder.images).names() if name.startswith("photos")}
        assert names == {f"photos-{k:04d}" for k in left}
