"""Photographs of every kind become images, or one line that says why not."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jaxunlearn.errors import InputError
from jaxunlearn.photos.pictures.image_io import read_image

SIDE = 32
COLOURS = np.zeros((SIDE, SIDE, 3), np.uint8)
COLOURS[:16] = (200, 60, 20)
COLOURS[16:] = (20, 120, 240)
EXPECTED = COLOURS / np.float32(127.5) - 1


def saved(path: Path, picture: Image.Image, **options) -> Path:
    picture.save(path, **options)
    return path


def picture() -> Image.Image:
    return Image.fromarray(COLOURS)


def test_pixels_come_back_as_they_are(tmp_path):
    image = read_image(saved(tmp_path / "face.png", picture()), SIDE)
    assert image.dtype == np.float32
    np.testing.assert_allclose(image, EXPECTED, atol=1e-6)


@pytest.mark.parametrize(
    ("mode", "name", "tolerance"),
    [
        ("P", "face.png", 0.01),
        ("CMYK", "face.jpg", 0.1),
        ("RGBA", "face.webp", 0.1),
        ("LA", "face.png", 0.01),
    ],
)
def test_colour_modes(tmp_path, mode, name, tolerance):
    converted = picture().convert(mode)
    image = read_image(saved(tmp_path / name, converted), SIDE)
    shown = np.asarray(converted.convert("RGB")) / np.float32(127.5) - 1
    assert np.abs(image - shown).mean() < tolerance


@pytest.mark.parametrize("levels", [0, 40000, 65535])
def test_sixteen_bits_keep_their_brightness(tmp_path, levels):
    grey = Image.fromarray(np.full((SIDE, SIDE), levels, np.uint16))
    image = read_image(saved(tmp_path / "deep.png", grey), SIDE)
    np.testing.assert_allclose(image, levels / 32767.5 - 1, atol=0.005)


def test_transparency_is_white(tmp_path):
    clear = picture().convert("RGBA")
    clear.putalpha(0)
    np.testing.assert_array_equal(read_image(saved(tmp_path / "clear.png", clear), SIDE), 1)


def test_a_photograph_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3  # taken upside down
    path = saved(tmp_path / "turned.png", picture().rotate(180), exif=exif)
    np.testing.assert_allclose(read_image(path, SIDE), EXPECTED, atol=1e-6)


def test_a_picture_that_is_nearly_square_loses_its_edges_with_a_warning(tmp_path):
    wide = Image.new("RGB", (SIDE + 8, SIDE), "black")
    wide.paste(picture(), (4, 0))
    path = saved(tmp_path / "wide.png", wide)
    with pytest.warns(UserWarning, match="wide.png: 40x32 is not square"):
        image = read_image(path, SIDE)
    np.testing.assert_allclose(image, EXPECTED, atol=1e-6)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((SIDE - 1, SIDE - 1), "31x31 pixels are too few"),
        ((SIDE, 2 * SIDE), "32x64 pixels are far from square"),
    ],
)
def test_unsuitable_sizes_are_refused(tmp_path, size, message):
    path = saved(tmp_path / "odd.png", Image.new("RGB", size))
    with pytest.raises(InputError, match=f"odd.png: {message}"):
        read_image(path, SIDE)


def test_what_is_no_picture_is_refused_in_one_line(tmp_path):
    whole = saved(tmp_path / "whole.png", picture()).read_bytes()
    (tmp_path / "torn.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "words.png").write_text("a face")
    Image.fromarray(np.full((SIDE, SIDE), 300, np.float32)).save(tmp_path / "float.tiff")
    for name in ("torn.png", "words.png", "float.tiff", "nowhere.png", "."):
        with pytest.raises(InputError) as refusal:
            read_image(tmp_path / name, SIDE)
        assert str(tmp_path / name) in str(refusal.value)
        assert "\n" not in str(refusal.value)


@settings(max_examples=25, deadline=None)
@given(side=st.integers(SIDE, 3 * SIDE), resolution=st.integers(8, SIDE), grey=st.integers(0, 255))
def test_a_plain_picture_stays_plain_at_every_size(tmp_path_factory, side, resolution, grey):
    path = saved(tmp_path_factory.mktemp("plain") / "plain.png", Image.new("L", (side, side), grey))
    image = read_image(path, resolution)
    assert image.shape == (resolution, resolution, 3)
    np.testing.assert_allclose(image, grey / 127.5 - 1, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_damaged_files_never_fail_otherwise(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damaged")
    kind = data.draw(st.sampled_from(["png", "jpg", "webp", "gif", "tiff"]))
    content = bytearray(saved(folder / f"whole.{kind}", picture()).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = folder / f"damaged.{kind}"
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    try:
        image = read_image(path, 8)
    except InputError as error:
        assert str(error).startswith(str(path))  # noqa: PT017 - either outcome is right
    else:
        assert np.isfinite(image).all()
