"""People and their photographs, from every kind of source; what cannot be used is left out by name."""

import csv
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jaxunlearn.errors import InputError
from jaxunlearn.photos.pictures.image_io import pictures_of
from jaxunlearn.photos.sources import Photograph, Refused, iterate_photographs, read_photographs

SIDE = 16


def picture(path: Path, grey: int = 100, mode: str = "RGB", side: int = SIDE, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (side, side), grey).convert(mode).save(path, **options)
    return path


def shades(photographs) -> list[int]:
    return [round(float((photograph.image.mean() + 1) * 127.5)) for photograph in photographs]


def test_a_picture_is_a_source_of_one(tmp_path):
    found = read_photographs(picture(tmp_path / "anna.png"), SIDE)
    assert [(p.identity, p.name) for p in found.photographs] == [("anna.png", "anna.png")]
    assert found.photographs[0].image.shape == (SIDE, SIDE, 3)
    assert found.photographs[0].image.dtype == np.float32
    assert found.refused == ()


def test_in_a_folder_everybody_is_a_person_of_their_own(tmp_path):
    for grey, name in enumerate(["b.png", "a.jpg", "c.PNG"]):
        picture(tmp_path / name, 50 * grey)
    (tmp_path / "notes.txt").write_text("not a picture by name")
    picture(tmp_path / ".hidden.png")
    picture(tmp_path / "overlays" / "a.png")
    found = read_photographs(str(tmp_path), SIDE)
    assert [photograph.identity for photograph in found.photographs] == ["a.jpg", "b.png", "c.PNG"]
    assert shades(found.photographs) == [50, 0, 100]


def test_folders_in_a_folder_are_people(tmp_path):
    for grey, name in enumerate(["bob/1.png", "ann/2.png", "ann/1.png"]):
        picture(tmp_path / name, 50 * grey)
    (tmp_path / "nobody").mkdir()
    found = read_photographs(tmp_path, SIDE)
    assert [photograph.name for photograph in found.photographs] == ["ann/1.png", "ann/2.png", "bob/1.png"]
    assert {who: shades(group) for who, group in found.by_identity().items()} == {
        "ann": [100, 50],
        "bob": [0],
    }


def test_overlays_of_align_are_nobody(tmp_path):
    """Where photos are in folders of people, or none has a crop."""
    for name in ("ann/1.png", "ann/overlays/1.png", "overlays/group.png", "overlays/ann/1.png"):
        picture(tmp_path / name)
    found = read_photographs(tmp_path, SIDE)
    assert ([photograph.name for photograph in found.photographs], found.refused) == (["ann/1.png"], ())
    assert pictures_of(tmp_path) == [tmp_path / "ann" / "1.png"]


def test_folders_that_are_not_searched_are_named(tmp_path):
    pictures = ["ada/2020/1.png", "bob/1.png", "bob/more/old/2.png", "bob/.hidden/3.png"]
    for name in pictures:
        picture(tmp_path / name)
    (tmp_path / "bob" / "empty").mkdir()
    found = read_photographs(tmp_path, SIDE)
    assert [photograph.name for photograph in found.photographs] == ["bob/1.png"]
    assert [refused.name for refused in found.refused] == ["ada/2020/", "bob/more/"]
    ada, bob = tmp_path / "ada", tmp_path / "bob"
    assert found.refused[0].reason == (
        f"{ada / '2020'}: is not searched, since {ada} is the folder of one person; put its pictures there"
    )
    picture(tmp_path / "top.png")
    beside = [f"{each}: is not searched, since there are pictures beside it" for each in (ada, bob)]
    assert [refused.reason for refused in read_photographs(tmp_path, SIDE).refused] == beside


def test_a_table_names_people(tmp_path):
    for grey, name in enumerate(["x/one.png", "two.png", "three.png"]):
        picture(tmp_path / name, 50 * grey)
    table = tmp_path / "people.csv"
    rows = [("image", "identity", "note"), ("three.png", "Åsa", ""), ("x/one.png", "Bo, jr.", "")]
    rows += [("two.png", "Åsa", "again"), ("gone.png", "Bo, jr.", ""), ("two.png", "", "")]
    with table.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows(rows)
    found = read_photographs(table, SIDE)
    assert {who: shades(group) for who, group in found.by_identity().items()} == {
        "Åsa": [100, 50],
        "Bo, jr.": [0],
    }
    assert [refused.name for refused in found.refused] == ["gone.png", "two.png"]
    assert "no such file" in found.refused[0].reason
    assert "nobody is named" in found.refused[1].reason


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "lists no photos"),
        (b"image,person\na.png,Ann\n", "has no column 'identity'"),
        (b"image,identity\n", "lists no photos"),
        (b"image,identity\n,Ann\n", "line 2 names no image"),
        (b"image,identity\n\x81\x8d,Ann\n", "not text in UTF-8, UTF-16 or cp1252"),
    ],
)
def test_tables_that_make_no_sense(tmp_path, content, message):
    (tmp_path / "people.csv").write_bytes(content)
    with pytest.raises(InputError, match=message) as refusal:
        iterate_photographs(tmp_path / "people.csv", SIDE)
    assert "\n" not in str(refusal.value)


def test_every_kind_of_pixels_is_understood_or_refused_by_name(tmp_path, monkeypatch):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(tmp_path / "cmyk.jpg", mode="CMYK")
    picture(tmp_path / "grey.png", mode="L")
    picture(tmp_path / "turned.jpg", exif=exif)
    Image.fromarray(np.full((SIDE, SIDE), 100 * 257, np.uint16)).save(tmp_path / "deep.png")
    Image.fromarray(np.full((SIDE, SIDE), 300, np.float32)).save(tmp_path / "float.tiff")
    picture(tmp_path / "huge.png", side=200)
    picture(tmp_path / "small.png", side=SIDE - 1)
    (tmp_path / "torn.png").write_bytes((tmp_path / "grey.png").read_bytes()[:40])
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30_000)
    found = read_photographs(tmp_path, SIDE)
    names = [photograph.name for photograph in found.photographs]
    assert names == ["cmyk.jpg", "deep.png", "grey.png", "turned.jpg"]
    assert all(abs(shade - 100) <= 2 for shade in shades(found.photographs))
    assert [refused.name for refused in found.refused] == ["float.tiff", "huge.png", "small.png", "torn.png"]
    for refused in found.refused:
        assert str(tmp_path / refused.name) in refused.reason
        assert "\n" not in refused.reason


def test_a_source_with_nothing_usable_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"no\.png: no such file"):
        read_photographs(tmp_path / "no.png", SIDE)
    with pytest.raises(InputError, match="has no pictures, and no folders with pictures"):
        read_photographs(tmp_path, SIDE)
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_text("no picture")
    with pytest.raises(InputError, match=r"none of its 2 photos can be used; the first: .*a\.png"):
        read_photographs(tmp_path, SIDE)


def test_photographs_are_read_when_they_are_asked_for(tmp_path):
    for name in ("a.png", "b.png"):
        picture(tmp_path / name)
    found = iterate_photographs(tmp_path, SIDE)
    assert isinstance(next(found), Photograph)
    (tmp_path / "b.png").unlink()
    assert isinstance(next(found), Refused)
    picture(tmp_path / "b.png")
    assert len(read_photographs(tmp_path, SIDE, limit=1).photographs) == 1


@settings(max_examples=20, deadline=None)
@given(people=st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_grouping_loses_nobody(tmp_path_factory, people):
    folder = tmp_path_factory.mktemp("group")
    with (folder / "people.csv").open("w", newline="") as file:
        rows = [(picture(folder / f"{k}.png", k).name, f"person {who}") for k, who in enumerate(people)]
        csv.writer(file).writerows([("image", "identity"), *rows])
    groups = read_photographs(folder / "people.csv", SIDE).by_identity()
    assert list(groups) == list(dict.fromkeys(f"person {who}" for who in people))
    assert sorted(shade for group in groups.values() for shade in shades(group)) == list(range(len(people)))
    for who, group in groups.items():
        assert all(photograph.identity == who for photograph in group)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory) -> Path:
    """A TFDS data set as LFW is one: an image and the name of the person."""
    folder = tmp_path_factory.mktemp("tfds")
    features = tfds.features.FeaturesDict(
        {"image": tfds.features.Image(shape=(None, None, 3)), "label": tfds.features.Text()}
    )

    class Faces(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self) -> tfds.core.DatasetInfo:
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples()}

        def _generate_examples(self):
            for k, (who, side) in enumerate([("Ann", SIDE), ("Bob", SIDE), ("Ann", 2 * SIDE), ("Eve", 4)]):
                path = picture(folder / f"{k}.png", 50 * k, side=side)
                yield k, {"image": str(path), "label": who}

    Faces(data_dir=folder, file_format="array_record").download_and_prepare()
    return folder


def test_a_tfds_data_set(labelled):
    found = read_photographs("tfds:faces[train]", SIDE, data_dir=labelled)
    assert {who: len(group) for who, group in found.by_identity().items()} == {"Ann": 2, "Bob": 1}
    assert [refused.reason.split(": ")[1][:3] for refused in found.refused] == ["4x4"]
    half = read_photographs("tfds:faces[train[:50%]]", SIDE, data_dir=labelled)
    assert len(half.photographs) + len(half.refused) == 2
    directly = read_photographs(f"tfds:{labelled / 'faces' / '1.0.0'}", SIDE)
    assert sorted(shades(directly.photographs)) == sorted(shades(found.photographs))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("tfds:nobodys_data_set", "no prepared data set of this name"),
        ("tfds:faces[valid]", "no such split; there are train"),
        ("tfds:", "write tfds:NAME"),
        ("tfds:faces[train", "write tfds:NAME"),
    ],
)
def test_tfds_sources_that_are_not_there(labelled, source, message):
    with pytest.raises(InputError, match=message) as refusal:
        read_photographs(source, SIDE, data_dir=labelled)
    assert "\n" not in str(refusal.value)


def test_the_projects_own_people(tmp_path):
    from jaxunlearn.zoo.synthetic.tfds_dataset import Heads, heads_config

    config = heads_config("album", people=2, held_out=1, views=2, resolution=SIDE)
    builder = Heads(config=config, data_dir=tmp_path)
    builder.download_and_prepare()
    found = read_photographs(f"tfds:heads/{config.name}[train]", SIDE, data_dir=tmp_path)
    assert {who: len(group) for who, group in found.by_identity().items()} == {"0": 2, "1": 2}
