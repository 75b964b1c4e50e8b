"""`jaxunlearn.invert`: photos or images in, latents, cameras and people out."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import jaxunlearn
from jaxunlearn.errors import InputError
from jaxunlearn.images import to_uint8
from jaxunlearn.photos.inversion import choice, plan
from jaxunlearn.photos.inversion.search import Inversion, InversionSettings
from jaxunlearn.photos.sources import read_photographs
from tests.support.tiny_models import CONFIG, tiny_models

SIDE = CONFIG.img_resolution


def images(count: int) -> np.ndarray:
    return np.random.default_rng(3).uniform(-1, 1, (count, SIDE, SIDE, 3)).astype(np.float32)


@pytest.fixture
def searched(monkeypatch) -> list[tuple[np.ndarray, str, InversionSettings]]:
    """What was handed to the search, in whose place a zero latent comes back."""
    given = []

    def invert_photographs(models, images, method, *, settings, **_) -> Inversion:
        given.append((images, method, settings))
        ws = np.zeros((len(images), CONFIG.num_ws, CONFIG.w_dim), np.float32)
        return Inversion(*(ws if name == "ws" else np.zeros(len(images)) for name in Inversion._fields))

    monkeypatch.setattr(plan, "invert_photographs", invert_photographs)
    return given


def test_images_become_latents_cameras_and_people():
    inverted = jaxunlearn.invert(tiny_models(), images(2), method="optimize", steps=1, progress=False)
    assert inverted.ws.shape == (2, CONFIG.num_ws, CONFIG.w_dim)
    assert inverted.c.shape == (2, 25)
    assert inverted.inversion.images.shape == (2, SIDE, SIDE, 3)
    assert np.isfinite(inverted.inversion.perceptual).all()
    assert (inverted.settings.steps, inverted.encoder) == (1, None)
    np.testing.assert_array_equal(inverted.images, images(2))
    people = inverted.people
    assert (people.name, people.subjects) == ("image0000-and-1-more", ("image0000", "image0001"))
    np.testing.assert_array_equal(people.ws, inverted.ws)


def test_a_source_is_a_path_a_list_of_paths_or_photos_already_read(tmp_path, searched):
    for name in ("a", "b"):
        Image.new("L", (SIDE, SIDE)).save(tmp_path / f"{name}.png")
    for photos in (str(tmp_path), [tmp_path / "a.png", tmp_path / "b.png"], read_photographs(tmp_path, SIDE)):
        assert jaxunlearn.invert(tiny_models(), photos, method="optimize").names == ("a.png", "b.png")
    assert [len(given) for given, *_ in searched] == [2, 2, 2]


def test_unusable_photos_are_left_out_with_a_warning(tmp_path, searched):
    Image.new("L", (SIDE, SIDE)).save(tmp_path / "a.png")
    (tmp_path / "torn.png").write_text("no picture")
    with pytest.warns(UserWarning, match=r"left out: .*torn\.png: not a readable picture"):
        inverted = jaxunlearn.invert(tiny_models(), tmp_path, method="optimize")
    assert inverted.names == ("a.png",)
    assert [refused.name for refused in inverted.photos.refused] == ["torn.png"]


def test_the_search_is_as_long_as_asked(tmp_path, searched):
    jaxunlearn.invert(tiny_models(), images(1), method="optimize")
    jaxunlearn.invert(tiny_models(), images(1), method="optimize", steps=7, batch=3)
    assert [(settings.steps, settings.batch) for *_, settings in searched] == [(40, 8), (7, 3)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "encoder", "steps": 3}, "steps 3: the method encoder makes no search"),
        ({"method": "optimize", "encoder_input": "file"}, "the method optimize uses no encoder"),
        ({"method": "optimize", "encoder": "no.pt"}, "encoder no.pt: the method optimize uses no encoder"),
        ({"method": "optimize", "steps": -3}, "^steps must be a whole number of at least 0, not -3$"),
        ({"method": "optimize", "steps": 2.5}, "^steps must be a whole number of at least 0, not 2.5$"),
        ({"method": "optimize", "batch": 0}, "^batch must be a whole number of at least 1, not 0$"),
        ({"method": "optimise"}, "^no method 'optimise'; choose from encoder, optimize, hybrid$"),
        ({"method": "hybrid", "encoder_input": "corp"}, "^no encoder_input 'corp'; choose from crop, file$"),
    ],
)
def test_options_that_are_unknown_or_contradict_each_other(monkeypatch, searched, options, message):
    monkeypatch.setattr(choice, "encoder_for", lambda *_: None)
    with pytest.raises(jaxunlearn.InputError, match=message):
        jaxunlearn.invert(tiny_models(), images(1), **options)
    assert not searched


def test_images_of_another_size_are_refused(searched):
    with pytest.raises(ValueError, match=r"images must be \[N, 32, 32, 3\], not \[1, 16, 16, 3\]"):
        jaxunlearn.invert(tiny_models(), np.zeros((1, 16, 16, 3)), method="optimize")


def test_arrays_of_jax_are_taken_as_those_of_numpy(searched):
    inverted = jaxunlearn.invert(tiny_models(), jnp.asarray(images(2)), method="optimize")
    np.testing.assert_array_equal(searched[0][0], images(2))
    assert inverted.names == ("image0000", "image0001")


@pytest.mark.parametrize("kind", [np.asarray, jnp.asarray, to_uint8])
def test_a_list_of_images_is_taken_as_one_array(searched, kind):
    inverted = jaxunlearn.invert(tiny_models(), [kind(image) for image in images(2)], method="optimize")
    one = jaxunlearn.invert(tiny_models(), np.asarray(kind(images(2))), method="optimize")
    assert inverted.names == one.names == ("image0000", "image0001")
    np.testing.assert_array_equal(inverted.images, one.images)


@pytest.mark.parametrize("other", [np.zeros((SIDE, SIDE)), "photo.png", None])
def test_a_list_of_images_holds_nothing_else(searched, other):
    with pytest.raises(InputError, match="must hold nothing but images of one shape"):
        jaxunlearn.invert(tiny_models(), [images(1)[0], other], method="optimize")


def test_images_of_eight_bits_are_taken_as_such(searched):
    levels = to_uint8(images(1))
    jaxunlearn.invert(tiny_models(), levels, method="optimize")
    np.testing.assert_array_equal(searched[0][0], levels.astype(np.float32) / 127.5 - 1)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.full((1, SIDE, SIDE, 3), 200.0), "but have levels of 200; give levels from 0 to 255 as uint8"),
        (np.full((1, SIDE, SIDE, 3), np.nan), "but have levels of nan"),
        (np.full((1, SIDE, SIDE, 3), -np.inf), "but have levels of inf"),
        (np.zeros((1, SIDE, SIDE, 3), np.int64), r"must be uint8, or floating point in \[-1, 1\], not int64"),
        (np.zeros((1, SIDE, SIDE, 3), complex), r"must be uint8, or floating point .*, not complex128"),
        (np.full((1, SIDE, SIDE, 3), "0.5"), r"must be uint8, or floating point .*, not <U3"),
    ],
)
def test_images_with_other_levels_are_refused(searched, image, message):
    with pytest.raises(ValueError, match=message):
        jaxunlearn.invert(tiny_models(), image, method="optimize")
    assert not searched


def test_images_that_look_as_if_they_were_in_0_to_1_are_searched_with_a_warning(searched):
    with pytest.warns(UserWarning, match=r"no level .* is below 0.*; if they are in \[0, 1\], give 2 \*"):
        jaxunlearn.invert(tiny_models(), (images(1) + 1) / 2, method="optimize")
    jaxunlearn.invert(tiny_models(), np.full((1, SIDE, SIDE, 3), 200, np.uint8), method="optimize")
    assert len(searched) == 2


def test_photos_read_already_have_what_the_encoder_is_given(tmp_path, monkeypatch):
    """Whole files of the encoder's side if it is given files, and none of them if it is given crops."""
    Image.new("L", (SIDE, SIDE)).save(tmp_path / "a.png")
    shown = []

    def invert_photographs(models, images, *_, encoder_images, **__) -> Inversion:
        shown.append(encoder_images)
        ws = np.zeros((1, CONFIG.num_ws, CONFIG.w_dim), np.float32)
        return Inversion(*(ws if name == "ws" else np.zeros(1) for name in Inversion._fields))

    monkeypatch.setattr(plan, "invert_photographs", invert_photographs)
    monkeypatch.setattr(
        "jaxunlearn.photos.inversion.choice.encoder_of", lambda *_: SimpleNamespace(side=8, name="encoder")
    )
    for side in (None, 4):
        photos = read_photographs(tmp_path, SIDE, whole_side=side)
        with pytest.raises(jaxunlearn.InputError, match="whole files: read the photos with whole_side=8, or"):
            jaxunlearn.invert(tiny_models(), photos, method="encoder", encoder_input="file")
    photos = read_photographs(tmp_path, SIDE, whole_side=8)
    for given in ("file", "crop"):
        jaxunlearn.invert(tiny_models(), photos, method="encoder", encoder_input=given)
    whole, crop = shown
    np.testing.assert_array_equal(whole, [photos.photographs[0].whole])
    assert crop is None


def test_without_a_usable_photo_nothing_is_searched(tmp_path, searched):
    for name in ("a", "b"):
        (tmp_path / f"{name}.png").write_text("no picture")
    with pytest.raises(jaxunlearn.InputError, match=r"a\.png: not a readable picture"):
        jaxunlearn.invert(tiny_models(), tmp_path / "a.png", method="optimize")
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(jaxunlearn.InputError, match="none of the given photos can be used"),
    ):
        jaxunlearn.invert(tiny_models(), tmp_path, method="optimize")
    assert not searched
