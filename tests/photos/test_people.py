"""Photos of every source become people to be forgotten, a copy of the generator each."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from eg3d_flax import Compute
from jaxunlearn.errors import InputError
from jaxunlearn.photos import sources
from jaxunlearn.photos.inversion import plan
from jaxunlearn.photos.inversion.invert import invert, people_from_photos
from jaxunlearn.photos.inversion.search import Inversion
from jaxunlearn.photos.people import People, distinct_subjects, joined, listed_twice, people_from_seeds
from jaxunlearn.photos.pictures.image_io import whole_picture
from jaxunlearn.photos.sources import iterate_photographs
from jaxunlearn.workflows import batch_sources
from tests.support.tiny_models import CONFIG, tiny_models


@pytest.fixture
def inverted(monkeypatch) -> list[np.ndarray]:
    """What was handed to the inversion, in whose place a zero latent comes back."""
    given = []

    def inverted(models, images, *_, **__) -> Inversion:
        given.append(images)
        ws = np.zeros((len(images), CONFIG.num_ws, CONFIG.w_dim), np.float32)
        return Inversion(*(ws if name == "ws" else np.zeros(len(images)) for name in Inversion._fields))

    monkeypatch.setattr(plan, "invert_photographs", inverted)
    return given


def test_sources_are_read_in_order_and_what_is_refused_is_named(tmp_path, inverted):
    side = CONFIG.img_resolution
    for grey, name in enumerate(["ann/2.png", "ann/1.png", "bob/1.png"]):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (side, side), 50 * grey).save(tmp_path / name)
    (tmp_path / "bob" / "torn.png").write_text("no picture")
    with pytest.warns(UserWarning, match=r"left out: .*torn\.png: not a readable picture"):
        found = people_from_photos(
            tiny_models(), [str(tmp_path / "bob"), tmp_path / "ann"], compute=Compute()
        )
    assert found.subjects == ("bob/1.png", "ann/1.png", "2.png")
    shades = [round(float(image.mean() + 1) * 127.5) for image in inverted[0]]
    assert shades == [100, 50, 0]
    assert found.name == "1-and-2-more"
    assert found.ws.shape == (3, CONFIG.num_ws, CONFIG.w_dim)


def test_a_single_source_is_no_sequence_of_letters(tmp_path, inverted):
    Image.new("L", (CONFIG.img_resolution, CONFIG.img_resolution)).save(tmp_path / "ann.png")
    for source in (tmp_path / "ann.png", str(tmp_path)):
        found = people_from_photos(tiny_models(), source, compute=Compute())
        assert found.subjects == ("ann.png",)


def test_whoever_is_listed_twice_is_found_by_photo_or_latents():
    unknown = np.full((1, 2, 3), np.nan, np.float32)
    ann, bob = People("a", ("ann",), unknown, photos_sha256=("12",)), People("b", ("bob",), unknown + 1)
    eve = People("c", ("eve",), np.ones((1, 2, 3), np.float32), (3,))
    people = joined("all", [ann, bob, eve])
    assert (people.seeds, people.photos_sha256) == ((None, None, 3), ("12", None, None))
    assert listed_twice(people) is None
    assert listed_twice(joined("all", [bob, ann, eve, ann])) == (1, 3)
    assert listed_twice(joined("all", [ann, eve, bob, eve])) == (1, 3)


def test_names_of_people_become_names_of_folders(tmp_path, inverted):
    side = CONFIG.img_resolution
    (tmp_path / "Ann B").mkdir()
    Image.new("L", (side, side)).save(tmp_path / "Ann B" / "1.png")
    found = people_from_photos(tiny_models(), [tmp_path], compute=Compute())
    assert found.subjects == ("Ann B/1.png",)
    assert found.name == "Ann-B-1"


def test_people_whose_photos_have_one_name_have_labels_of_their_own():
    def labels(*paths: str) -> tuple[str, ...]:
        return distinct_subjects([(Path(path).name, Path(path)) for path in paths])

    assert labels("ada/1.png", "bob/1.png", "bob/2.png") == ("ada/1.png", "bob/1.png", "2.png")
    assert labels("x/ada/1.png", "y/ada/1.png") == ("ada/1.png", "ada/1.png (2)")
    assert labels("1.png", "ada/../1.png") == (f"{Path.cwd().name}/1.png", f"{Path.cwd().name}/1.png (2)")
    two_sources = [("ada/1.png", Path("x/ada/1.png")), ("ada/1.png", Path("y/ada/1.png"))]
    assert distinct_subjects(two_sources) == ("x/ada/1.png", "y/ada/1.png")
    assert distinct_subjects([("a", None), ("a (2)", None), ("a", None)]) == ("a", "a (2)", "a (3)")


def test_nothing_is_inverted_where_a_source_cannot_be_used(tmp_path, inverted):
    with pytest.raises(InputError, match=r"no\.png: no such file"):
        people_from_photos(tiny_models(), [tmp_path / "no.png"], compute=Compute())
    assert not inverted


@pytest.mark.filterwarnings("ignore:.*is not square; its middle is used")
def test_an_encoder_may_be_shown_whole_files(tmp_path, monkeypatch):
    """As the official programs show them: not cut to the middle, and from the file's own size."""
    side = CONFIG.img_resolution
    photo = Image.new("RGB", (side + 4, side), "white")
    photo.paste("black", (0, 0, 2, side))
    photo.save(tmp_path / "a.png")
    shown = []

    def inverted(models, images, *_, encoder_images, **__) -> Inversion:
        shown.append((images, encoder_images))
        ws = np.zeros((len(images), CONFIG.num_ws, CONFIG.w_dim), np.float32)
        return Inversion(*(ws if name == "ws" else np.zeros(len(images)) for name in Inversion._fields))

    for module in (plan, batch_sources):
        monkeypatch.setattr(module, "invert_photographs", inverted)
    monkeypatch.setattr(
        "jaxunlearn.photos.inversion.choice.encoder_of", lambda *_: SimpleNamespace(side=side, name="encoder")
    )
    options = {"method": "encoder", "compute": Compute()}
    people_from_photos(tiny_models(), [tmp_path], encoder_input="file", **options)
    worklist = batch_sources.worklist_of_photos(tiny_models(), tmp_path, encoder_input="file", **options)
    people_from_photos(tiny_models(), [tmp_path], **options)
    worklist.latents([0])
    (images, whole), (_, plain), (again, from_list) = shown
    np.testing.assert_array_equal(images, 1)
    np.testing.assert_array_equal(whole, whole_picture(photo, side)[None])
    assert whole[0, :, 0].max() < 0
    assert plain is None
    np.testing.assert_array_equal(again, images)
    np.testing.assert_array_equal(from_list, whole)
    way = {"inversion": "encoder", "inversion_steps": "0", "encoder": "encoder", "encoder_input": "file"}
    assert worklist.inversion == way


def test_a_work_list_refuses_an_encoder_that_its_method_does_not_use(tmp_path):
    with pytest.raises(InputError, match=r"encoder no\.pt: the method optimize uses no encoder"):
        batch_sources.worklist_of_photos(
            tiny_models(), tmp_path, method="optimize", encoder="no.pt", compute=Compute()
        )


def test_further_photos_of_a_person_are_not_opened(tmp_path, monkeypatch):
    side = CONFIG.img_resolution
    for name in ("ann/2.png", "bob/1.png", "bob/2.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (side, side)).save(tmp_path / name)
    (tmp_path / "ann" / "1.png").write_text("no picture")
    opened, really_open = [], sources.open_picture

    def open_picture(path):
        opened.append(str(path.relative_to(tmp_path)))
        return really_open(path)

    monkeypatch.setattr(sources, "open_picture", open_picture)
    with pytest.warns(UserWarning, match=r"left out: .*1\.png: not a readable picture"):
        worklist = batch_sources.worklist_of_photos(
            tiny_models(), tmp_path, method="optimize", compute=Compute()
        )
    assert worklist.subjects == ("ann", "bob")
    assert opened == ["ann/1.png", "ann/2.png", "bob/1.png"]


@pytest.mark.parametrize("progress", [True, False])
def test_a_bar_counts_photos_whose_reading_takes_long(tmp_path, inverted, monkeypatch, capsys, progress):
    side = CONFIG.img_resolution
    for name in ("a.png", "b.png"):
        Image.new("L", (side, side)).save(tmp_path / name)
    options = {"method": "optimize", "compute": Compute(), "progress": progress}

    def bars() -> list[bool]:
        """Return for each way of reading whether it showed a bar."""
        people_from_photos(tiny_models(), [tmp_path], **options)
        seen = [capsys.readouterr().err]
        invert(tiny_models(), tmp_path, **options)
        seen.append(capsys.readouterr().err)
        batch_sources.worklist_of_photos(tiny_models(), tmp_path, **options)
        seen.append(capsys.readouterr().err)
        return ["photos: 2photo" in text for text in seen]

    assert bars() == [False] * 3
    monkeypatch.setattr(sources, "BAR_AFTER", 0.0)
    assert bars() == [progress] * 3


def test_whole_files_need_an_encoder_and_files(tmp_path):
    Image.new("L", (64, 64)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match='encoder_input "file"'):
        people_from_photos(
            tiny_models(), [tmp_path], method="optimize", encoder_input="file", compute=Compute()
        )
    with pytest.raises(InputError, match=r"tfds:lfw: an encoder can be given whole files only"):
        iterate_photographs("tfds:lfw", 64, whole_side=256)


def test_names_that_are_not_utf_8_become_text(tmp_path, inverted):
    side = CONFIG.img_resolution
    Image.new("L", (side, side)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / os.fsdecode(b"caf\xe9.png"))
    found = people_from_photos(tiny_models(), [tmp_path], compute=Compute())
    assert found.subjects == (r"caf\xe9.png",)
    assert found.name == "caf-xe9"


def test_seeds_of_several_lengths():
    with pytest.raises(InputError, match=r"^seeds must be an array of numbers, not \[\[1\], \[2, 3\]\]$"):
        people_from_seeds(tiny_models(), [[1], [2, 3]])  # type: ignore[list-item]


@pytest.mark.parametrize("seeds", [[], 7, (), "7"])
def test_seeds_are_a_list_of_at_least_one(seeds):
    with pytest.raises(InputError, match=r"^seeds must be a list of at least one, such as "):
        people_from_seeds(tiny_models(), seeds)


@pytest.mark.parametrize("seeds", [[-1], [2**32], [7.0], ["7"], [True], [7, 2**70]])
def test_seeds_are_whole_numbers_that_numpy_takes(seeds):
    with pytest.raises(InputError, match=r"^seeds must be whole numbers from 0 to 4294967295, not \["):
        people_from_seeds(tiny_models(), seeds)


def test_seeds_may_be_an_array():
    of_list = people_from_seeds(tiny_models(), [0, 1])
    of_array = people_from_seeds(tiny_models(), np.arange(2))  # type: ignore[arg-type]
    assert of_array.subjects == of_list.subjects == ("seed 0", "seed 1")
    assert of_array.seeds == of_list.seeds == (0, 1)
    np.testing.assert_array_equal(of_array.ws, of_list.ws)
