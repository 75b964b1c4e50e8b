"""Pictures of every kind that users have: read as every viewer shows them, or refused with what to do."""

import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import EpsImagePlugin, Image, ImageCms, ImageOps

from jaxunlearn.errors import InputError
from jaxunlearn.photos.pictures.image_io import iterate_images, open_picture
from jaxunlearn.photos.pictures.kinds import is_picture_name
from jaxunlearn.photos.sources import read_photographs
from tests.support.profiles import DISPLAY_P3, GREY_GAMMA_18, adobe_rgb, encoded

SIDE = 32
RAMP = np.broadcast_to(np.linspace(0, 255, SIDE).astype(np.uint8), (SIDE, SIDE))
ORIENTATION = 0x0112


def colours() -> np.ndarray:
    """`[SIDE, SIDE, 3]` uint8."""
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    return np.stack([40 + 5 * x, 60 + 4 * y, 200 - 3 * x - y], axis=-1).astype(np.uint8)


def saved(path: Path, pixels: np.ndarray, **options) -> Path:
    Image.fromarray(pixels).save(path, **options)
    return path


def levels(path: Path) -> np.ndarray:
    return np.asarray(open_picture(path)).astype(int)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize(("kind", "room"), [("png", np.uint16), ("tif", np.uint16), ("tif", np.int32)])
def test_grey_of_any_depth_is_the_same_ramp(tmp_path, bits, kind, room):
    deep = np.round(RAMP / 255 * (2**bits - 1)).astype(room)
    path = saved(tmp_path / f"ramp.{kind}", deep)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = levels(path)
    np.testing.assert_allclose(found, np.stack([RAMP] * 3, axis=-1), atol=1)
    guessed = not (bits == 16 and room == np.uint16)
    assert [f"{path}: taken as {bits} bits in" in str(warning.message) for warning in caught] == [
        True
    ] * guessed


def test_what_a_file_says_of_its_depth_is_no_guess(tmp_path):
    deep = np.round(RAMP // 2 / 255 * 4095).astype(np.uint16)
    path = saved(tmp_path / "dark.tif", deep, tiffinfo={281: 4095})
    np.testing.assert_allclose(levels(path)[..., 0], RAMP // 2, atol=1)


def test_fractions_are_scaled_with_a_word(tmp_path):
    path = saved(tmp_path / "ramp.tif", (RAMP / 255).astype(np.float32))
    with pytest.warns(UserWarning, match="ramp.tif: floating-point pixels"):
        np.testing.assert_array_equal(levels(path)[..., 0], RAMP)


def test_white_may_be_zero(tmp_path):
    path = saved(tmp_path / "negative.tif", 65535 - RAMP.astype(np.uint16) * 257, tiffinfo={262: 0})
    np.testing.assert_array_equal(levels(path)[..., 0], RAMP)


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.full((SIDE, SIDE), 300, np.float32), "floating-point pixels up to 300 have no known range"),
        (np.full((SIDE, SIDE), np.nan, np.float32), "not all finite"),
        (np.full((SIDE, SIDE), -1, np.int32), "below 0"),
        (np.full((SIDE, SIDE), 70_000, np.int32), "integers up to 70000 have no known range"),
    ],
)
def test_levels_that_mean_nothing_are_refused(tmp_path, pixels, reason):
    with pytest.raises(InputError, match=rf"odd.tif: .*{reason}.*; (save it with|scale)|{reason}"):
        open_picture(saved(tmp_path / "odd.tif", pixels))


@pytest.mark.parametrize(("most", "planar", "read"), [(65535, 1, True), (4095, 1, False), (65535, 2, False)])
def test_colours_of_16_bits(tmp_path, most, planar, read):
    tifffile = pytest.importorskip("tifffile")
    deep = np.round(colours() / 255 * most).astype(np.uint16)
    path = tmp_path / "deep.tif"
    if planar == 2:
        tifffile.imwrite(path, deep.transpose(2, 0, 1), photometric="rgb", planarconfig="separate")
    else:
        tifffile.imwrite(path, deep, photometric="rgb")
    if read:
        np.testing.assert_allclose(levels(path), colours(), atol=1)
    else:
        with pytest.raises(InputError, match=r"deep.tif: 16 bits a colour.*; save it with 8 bits"):
            open_picture(path)


@pytest.mark.parametrize("kind", ["png", "tif", "jpg", "webp", "avif"])
def test_a_colour_profile_is_obeyed(tmp_path, kind):
    wide = encoded(colours(), DISPLAY_P3)
    assert np.abs(wide.astype(int) - colours()).max() > 15
    options = {
        "jpg": {"quality": 100, "subsampling": 0},
        "webp": {"lossless": True},
        "avif": {"quality": 100, "subsampling": "4:4:4", "speed": 9},
    }.get(kind, {})
    path = saved(tmp_path / f"p3.{kind}", wide, icc_profile=DISPLAY_P3, **options)
    found = levels(path)
    np.testing.assert_allclose(found, colours(), atol=8 if kind in ("jpg", "avif") else 2)
    assert np.abs(found - colours()).mean() < 1.5


@pytest.mark.parametrize("index", ["R03", "R98"])
def test_a_camera_that_says_adobe_rgb_without_a_profile_is_obeyed(tmp_path, index):
    exif = Image.Exif()
    exif.get_ifd(0xA005)[1] = index
    exif._ifds[0x8769] = {0xA005: exif.get_ifd(0xA005)}
    wide = adobe_rgb(colours())
    assert np.abs(wide.astype(int) - colours()).max() > 15
    found = levels(saved(tmp_path / "camera.jpg", wide, quality=100, subsampling=0, exif=exif))
    meant = colours() if index == "R03" else wide
    assert np.abs(found - meant).mean() < 1.5


def test_a_colour_profile_leaves_transparency_alone(tmp_path):
    clear = Image.fromarray(encoded(colours(), DISPLAY_P3)).convert("RGBA")
    clear.putalpha(Image.fromarray(np.where(RAMP < 128, 0, 255).astype(np.uint8)))
    clear.save(tmp_path / "clear.png", icc_profile=DISPLAY_P3)
    found = levels(tmp_path / "clear.png")
    np.testing.assert_array_equal(found[:, :16], 255)
    np.testing.assert_allclose(found[:, 16:], colours()[:, 16:], atol=1)


def test_srgb_by_another_name_changes_no_pixel(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(
        levels(saved(tmp_path / "srgb.png", colours(), icc_profile=profile)), colours()
    )


def test_grey_has_profiles_too(tmp_path):
    linear = np.where(RAMP <= 10, RAMP / 255 / 12.92, ((RAMP / 255 + 0.055) / 1.055) ** 2.4)
    grey = np.round(255 * linear ** (1 / 1.8)).astype(np.uint8)
    found = levels(saved(tmp_path / "grey.png", grey, icc_profile=GREY_GAMMA_18))
    np.testing.assert_allclose(found[..., 0], RAMP, atol=2)


@pytest.mark.parametrize(
    ("profile", "mode", "reason"),
    [
        (b"no profile", "RGB", "is damaged"),
        (DISPLAY_P3[:200], "RGB", "is damaged"),
        (DISPLAY_P3, "CMYK", "is for RGB, its pixels are CMYK"),
        (GREY_GAMMA_18, "RGB", "is for L, its pixels are RGB"),
    ],
)
def test_a_profile_that_cannot_be_used_is_said(tmp_path, profile, mode, reason):
    path = tmp_path / "odd.tif"
    Image.fromarray(colours()).convert(mode).save(path, icc_profile=profile)
    with pytest.warns(UserWarning, match=f"odd.tif: its colour profile {reason}"):
        found = levels(path)
    np.testing.assert_allclose(found, colours(), atol=1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png", "tif", "deep.png"])
def test_every_orientation_is_turned_upright(tmp_path, orientation, kind):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    pixels = colours()[: SIDE // 2]
    if kind == "deep.png":
        pixels = pixels[..., 0].astype(np.uint16) * 257
    Image.fromarray(pixels).save(tmp_path / f"a.{kind}", exif=exif)
    plain = Image.fromarray(pixels // 257 if kind == "deep.png" else pixels).convert("RGB")
    plain.getexif()[ORIENTATION] = orientation
    np.testing.assert_allclose(
        levels(tmp_path / f"a.{kind}"), np.asarray(ImageOps.exif_transpose(plain)), atol=12
    )


def test_heic_is_read_with_the_extra(tmp_path):
    pytest.importorskip("pi_heif")  # reads only
    pytest.importorskip("pillow_heif").register_heif_opener()
    for name in ("phone.HEIC", "renamed.jpg"):
        Image.fromarray(encoded(colours(), DISPLAY_P3)).save(
            tmp_path / name, format="HEIF", quality=100, icc_profile=DISPLAY_P3
        )
        np.testing.assert_allclose(levels(tmp_path / name), colours(), atol=12)


def heic() -> bytes:
    return b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)


def test_damaged_heic_is_called_so(tmp_path):
    pytest.importorskip("pi_heif")
    (tmp_path / "phone.jpg").write_bytes(heic())
    with pytest.raises(InputError, match=r"phone\.jpg: not a readable picture \(.*damaged HEIF"):
        open_picture(tmp_path / "phone.jpg")


UNREADABLE = {
    "latents.png": (b"\x93NUMPY\x01\x00", "an array of NumPy; latents go to unlearn --latents"),
    "archive.png": (
        b"PK\x03\x04\x14\x00",
        "an archive; unpack the photos in it, or give latents to unlearn --latents",
    ),
    "IMG_1.HEIC": (heic(), r"HEIC; pip install '\.\[heif\]'"),
    "renamed.jpg": (heic(), r"HEIC; pip install '\.\[heif\]'"),
    "DSC_1.NEF": (b"II*\0" + bytes(60), "a camera's raw file"),
    "a.dng": (b"", "a camera's raw file"),
    "b.CR3": (b"\0\0\0\x18ftypcrx " + bytes(60), "a camera's raw file"),
    "raw.jpg": (b"\0\0\0\x18ftypcrx " + bytes(60), "a camera's raw file"),
    "c.jxl": (b"\xff\x0a" + bytes(60), "JPEG XL"),
    "jxl.jpg": (b"\xff\x0a" + bytes(60), "JPEG XL"),
    "d.psd": (b"8BPS", "an image editor"),
    "e.svg": (b"<svg/>", "vector drawing"),
    "svg.png": (b"\xef\xbb\xbf \n<SVG/>", "vector drawing"),
    "f.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "vector drawing"),
    "eps.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "vector drawing"),
    "page.jpg": (b"<!DOCTYPE html><html>", "a web page"),
    "g.MOV": (b"\0\0\0\x14ftypqt  " + bytes(60), "a video"),
    "h.tga": (bytes(64), "not read"),
    "pdf.png": (b"%PDF-1.7", "a document"),
    "nothing.png": (b"", "unknown kind"),
    "pcx.png": (b"\x0a\x05\x01\x08" + bytes(124), "unknown kind"),
}


def test_nothing_that_looks_like_a_photo_is_left_out_without_a_word(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    started = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_, **__: started.append("gs"))
    for name, (content, _) in UNREADABLE.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    for stray in ("notes.txt", ".DS_Store", "Thumbs.db", "._IMG_1.jpg", "IMG.AAE", "faces.json", "good.MOV"):
        (tmp_path / stray).write_bytes(b"\0")
    saved(tmp_path / "good.jpg", colours())
    found = read_photographs(tmp_path, SIDE)
    assert [photograph.name for photograph in found.photographs] == ["good.jpg"]
    reasons = {refused.name: refused.reason for refused in found.refused}
    assert set(reasons) == {*UNREADABLE, "torn.jpg", "pipe.png", "gone.png"}
    for name, reason in reasons.items():
        assert reason.startswith(f"{tmp_path / name}: ")
        assert "\n" not in reason
    for name, (_, reason) in UNREADABLE.items():
        with pytest.raises(InputError, match=reason):
            open_picture(tmp_path / name)
    assert "is a pipe" in reasons["pipe.png"]
    assert not started
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert len(list(iterate_images(tmp_path, SIDE))) == 1
    assert len(caught) == len([warning for warning in caught if "left out: " in str(warning.message)])
    assert {str(tmp_path / name) for name in reasons} == {
        str(warning.message).removeprefix("left out: ").split(": ")[0] for warning in caught
    }


def test_a_preview_in_a_raw_file_is_not_taken_for_the_photo(tmp_path):
    path = saved(tmp_path / "renamed.tif", colours(), tiffinfo={254: 1})
    with pytest.raises(InputError, match=r"renamed\.tif: holds a preview of a raw file"):
        open_picture(path)


def test_folders_of_people_are_searched_beside_strays_and_named_beside_photos(tmp_path):
    for person in ("ann", "bob"):
        (tmp_path / person).mkdir()
        saved(tmp_path / person / "1.png", colours())
    (tmp_path / "clip.mp4").write_bytes(b"\0")
    found = read_photographs(tmp_path, SIDE)
    assert [photograph.name for photograph in found.photographs] == ["ann/1.png", "bob/1.png"]
    assert [refused.name for refused in found.refused] == ["clip.mp4"]
    saved(tmp_path / "cover.png", colours())
    found = read_photographs(tmp_path, SIDE)
    assert [photograph.name for photograph in found.photographs] == ["cover.png"]
    assert [refused.name for refused in found.refused] == ["clip.mp4", "ann/", "bob/"]
    assert "is not searched, since there are pictures beside it" in found.refused[1].reason


@settings(max_examples=60, deadline=None)
@given(start=st.sampled_from([content for content, _ in UNREADABLE.values()]), rest=st.binary(max_size=80))
def test_any_bytes_are_a_picture_or_refused_in_one_line(tmp_path_factory, start, rest):
    path = tmp_path_factory.mktemp("any") / "any.png"
    path.write_bytes(start + rest)
    with pytest.raises(InputError) as refusal:
        open_picture(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert "\n" not in str(refusal.value)


def test_names_of_pictures():
    names = ["a.JPG", "a.heic", "a.AVIF", "a.nef", "a.jxl", "a.mov"]
    assert all(is_picture_name(Path(name)) for name in names)
    assert not any(is_picture_name(Path(name)) for name in [".a.jpg", "._a.jpg", "a.txt", "a", "jpg"])
