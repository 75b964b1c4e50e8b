"""`jaxunlearn align`: which photos become crops, which are refused and why, and what is written."""

import json
import sys
from unicodedata import normalize

import numpy as np
import pytest
import skimage.data
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

import mtcnn_flax
from jaxunlearn.cli import main as cli
from jaxunlearn.models.files import pretrained
from jaxunlearn.photos.alignment import face_detector
from jaxunlearn.photos.alignment.align import AlignmentSettings, align_photo
from jaxunlearn.photos.alignment.landmarks import Landmarks, read_landmarks
from jaxunlearn.photos.folders import photos_in_folder
from jaxunlearn.reporting.overlay import overlay
from tests.support.photos import ASTRONAUT, astronaut

SMALL = ["--landmarks", "points.json", "--size", "64", "--min-sharpness", "0"]
FARTHER = 0.9 * ASTRONAUT + np.array([250.0, 200.0])


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    astronaut().save("in/anna.png")
    astronaut().filter(ImageFilter.GaussianBlur(4)).save("in/blurred.png")
    astronaut().save("in/two.png")
    Image.fromarray(skimage.data.coffee()).save("in/coffee.jpg")
    (tmp_path / "in" / "torn.png").write_text("no picture")
    points = {
        "anna.png": ASTRONAUT.tolist(),
        "blurred.png": {"points": ASTRONAUT.tolist()},
        "two.png": [ASTRONAUT.tolist(), FARTHER.tolist()],
    }
    (tmp_path / "points.json").write_text(json.dumps(points))
    return tmp_path


def test_the_batch_goes_on_past_what_is_refused(photos, capsys):
    assert cli.main(["align", "in", "--out", "out", "--landmarks", "points.json"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "1 of 5 aligned: out; pictures of what was found: out/overlays\n"
    refused = [line for line in printed.err.splitlines() if line.startswith("refused: ")]
    for line, reason in zip(
        refused,
        [
            "in/blurred.png: blurred",
            "in/coffee.jpg: has no entry in points.json",
            "in/torn.png: not a readable",
            "in/two.png: 2",
        ],
        strict=True,
    ):
        assert line.startswith(f"refused: {reason}")
    assert sorted(path.name for path in (photos / "out").iterdir()) == [
        "anna.png",
        "landmarks.json",
        "overlays",
    ]
    seen = sorted(path.name for path in (photos / "out" / "overlays").iterdir())
    assert seen == ["anna.png", "blurred.png", "coffee.png", "two.png"]
    with Image.open("out/anna.png") as crop:
        assert crop.size == (512, 512)
    assert json.loads((photos / "out" / "landmarks.json").read_text()).keys() == {"anna.png"}
    np.testing.assert_allclose(
        read_landmarks(photos / "out" / "landmarks.json").points["anna.png"], [ASTRONAUT]
    )


def test_what_was_written_makes_the_same_crop_again(photos):
    assert cli.main(["align", "in/anna.png", "--out", "out", "--landmarks", "points.json"]) == 0
    assert cli.main(["align", "in/anna.png", "--out", "again", "--landmarks", "out/landmarks.json"]) == 0
    assert (photos / "out/anna.png").read_bytes() == (photos / "again/anna.png").read_bytes()


def test_landmarks_of_other_photos_stay(photos, capsys):
    assert cli.main(["align", "in/anna.png", "in/two.png", "--out", "out", "--face", "1", *SMALL]) == 0
    file = photos / "out" / "landmarks.json"
    before = json.loads(file.read_text())
    before["anna.png"]["points"][0][0] += 3
    file.write_text(json.dumps(before))
    again = ["align", "in/anna.png", "--out", "out", "--landmarks", "out/landmarks.json", *SMALL[2:]]
    assert cli.main(again) == 0
    after = json.loads(file.read_text())
    assert after["two.png"] == before["two.png"]
    assert after["anna.png"]["points"] == before["anna.png"]["points"]
    assert after["anna.png"]["side"] != before["anna.png"]["side"]
    file.write_text("[3]")
    crop = (photos / "out" / "anna.png").read_bytes()
    assert cli.main(["align", "in/two.png", "--out", "out", "--face", "2", *SMALL]) == 2
    assert "out/landmarks.json: " in capsys.readouterr().err
    assert file.read_text() == "[3]"
    assert (photos / "out" / "anna.png").read_bytes() == crop


def test_crops_of_other_photos_stay(photos):
    """Also where a later photo has their name but for the suffix, whichever of the two comes again."""
    (photos / "more").mkdir()
    for name in ("anna.jpg", "ANNA.bmp"):
        astronaut().save(f"more/{name}")
    points = {name: (ASTRONAUT + k).tolist() for k, name in enumerate(("anna.png", "anna.jpg", "ANNA.bmp"))}
    (photos / "points.json").write_text(json.dumps(points))
    for pictures in (["in/anna.png"], ["more/anna.jpg"], ["more/ANNA.bmp", "more/anna.jpg"], ["in/anna.png"]):
        assert cli.main(["align", *pictures, "--out", "out", *SMALL]) == 0
    entries = json.loads((photos / "out" / "landmarks.json").read_text())
    crops = {name: entry["crop"] for name, entry in entries.items()}
    assert crops == {"anna.png": "anna.png", "anna.jpg": "anna-2.png", "ANNA.bmp": "ANNA-3.png"}
    for name, crop in crops.items():
        source = "in" if name == "anna.png" else "more"
        assert cli.main(["align", f"{source}/{name}", "--out", f"alone {name}", *SMALL]) == 0
        alone = photos / f"alone {name}" / f"{name.split('.')[0]}.png"
        assert (photos / "out" / crop).read_bytes() == alone.read_bytes()


def test_a_refusal_names_the_crop_of_an_earlier_call(photos, capsys):
    """It stays, and may show somebody else."""
    assert cli.main(["align", "in/two.png", "--out", "out", "--face", "1", *SMALL]) == 0
    crop = (photos / "out" / "two.png").read_bytes()
    assert cli.main(["align", "in/two.png", "in/anna.png", "--out", "out", *SMALL]) == 0
    stays = "out/two.png of an earlier call stays, so remove it if it is wrong"
    assert f"(overlays/ shows the numbers); {stays}\n" in capsys.readouterr().err
    (photos / "in" / "two.png").write_text("no picture")
    assert cli.main(["align", "in/two.png", "--out", "out", *SMALL]) == 2
    assert capsys.readouterr().err.endswith(f"; {stays}\n")
    assert (photos / "out" / "two.png").read_bytes() == crop


def test_a_person_called_overlays_is_told_from_the_overlays(photos):
    (photos / "in" / "people.csv").write_text("image,identity\nanna.png,overlays\n", encoding="utf-8")
    assert cli.main(["align", "in/people.csv", "--out", "out", *SMALL]) == 0
    assert [(photo.person, photo.path.name) for photo in photos_in_folder(photos / "out")] == [
        ("overlays-2", "anna.png")
    ]


@pytest.mark.parametrize("listed", [[0, 1], [1, 0]])
@pytest.mark.parametrize(("face", "left"), [("1", 204), ("2", 433), ("largest", 204)])
def test_one_of_several_faces(photos, face, left, listed):
    """Counted from the left, however the file lists them."""
    faces = [(ASTRONAUT.tolist(), FARTHER.tolist())[k] for k in listed]
    (photos / "points.json").write_text(json.dumps({"two.png": faces}))
    arguments = ["--landmarks", "points.json", "--face", face, "--size", "64", "--min-sharpness", "0"]
    assert cli.main(["align", "in/two.png", "--out", "out", *arguments]) == 0
    points = read_landmarks(photos / "out" / "landmarks.json").points["two.png"]
    assert round(points[0, 0, 0]) == left
    with Image.open("out/two.png") as crop:
        assert crop.size == (64, 64)


def test_the_wild_recipe_does_not_turn(photos):
    arguments = ["align", "in/anna.png", "--out", "out", "--landmarks", "points.json", "--recipe", "wild"]
    assert cli.main(arguments) == 0
    assert json.loads((photos / "out" / "landmarks.json").read_text())["anna.png"]["angle"] == 0


def test_a_folder_of_people_becomes_one(photos, capsys):
    for who in ("ann", "bob"):
        (photos / "people" / who).mkdir(parents=True)
        astronaut().save(f"people/{who}/1.png")
    points = dict.fromkeys(("ann/1.png", "bob/1.png"), ASTRONAUT.tolist())
    (photos / "points.json").write_text(json.dumps(points))
    assert cli.main(["align", "people", "--out", "out", "--landmarks", "points.json"]) == 0
    assert (photos / "out" / "ann" / "1.png").is_file()
    assert (photos / "out" / "overlays" / "bob" / "1.png").is_file()
    assert "2 of 2 aligned" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["in/anna.png", "--out", "in"],
        ["in", "--out", "in/../in"],
        ["people", "--out", "people"],
        ["link.png", "--out", "in"],
        ["in/anna.png", "--out", "alias"],
    ],
)
def test_no_photo_is_replaced_by_its_crop(photos, capsys, arguments):
    (photos / "people" / "ann").mkdir(parents=True)
    astronaut().save("people/ann/anna.png")
    (photos / "link.png").symlink_to(photos / "in" / "anna.png")
    (photos / "alias").symlink_to(photos / "in", target_is_directory=True)
    before = {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}
    assert cli.main(["align", *arguments, *SMALL]) == 2
    assert "pictures would be written into its folder" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()} == before


def test_an_entry_serves_one_photo(photos, capsys):
    """By its file's name alone; two people's photos would be cut at the same place."""
    for who in ("ann", "bob"):
        (photos / "people" / who).mkdir(parents=True)
    astronaut().save("people/ann/1.png")
    (photos / "points.json").write_text(json.dumps({"1.png": ASTRONAUT.tolist()}))
    assert cli.main(["align", "people", "--out", "out", *SMALL]) == 0
    astronaut().save("people/bob/1.png")
    capsys.readouterr()
    assert cli.main(["align", "people", "--out", "both", *SMALL]) == 2
    assert (
        "points.json: ann/1.png and bob/1.png would share the entry 1.png; give each"
        in capsys.readouterr().err
    )
    assert not (photos / "both").exists()


def test_people_of_a_table_become_folders_whatever_they_are_called(photos, capsys):
    long = "x" * 300
    rows = ["anna.png;ann", f"again.png;{long}", "two.png;..", "anna.heic;ann", "torn.png;CON"]
    for name in ("again.png", "anna.heic", "torn.png"):
        astronaut().save(f"in/{name}", format="PNG")
    (photos / "in" / "people.csv").write_text("\n".join(["image;identity", *rows]), encoding="utf-8")
    names = [row.split(";")[0] for row in rows]
    (photos / "points.json").write_text(json.dumps(dict.fromkeys(names, ASTRONAUT.tolist())))
    assert cli.main(["align", "in/people.csv", "--out", "out", *SMALL]) == 0
    assert "5 of 5 aligned" in capsys.readouterr().out
    crops = {str(path.relative_to(photos / "out")) for path in (photos / "out").glob("*/*.png")}
    crops = {crop for crop in crops if not crop.startswith("overlays")}
    assert crops == {
        "ann/anna.png",
        "ann/anna-2.png",
        f"{long[:120]}/again.png",
        "unnamed/two.png",
        "_CON/torn.png",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep no such names")
def test_names_that_are_hard_to_write_cost_nothing(photos, capsys):
    names = [b"caf\xe9.png", b"y" * 251 + b".png", "Ångstro\u0308m 李.png".encode(), b"a\nb.png"]
    (photos / "odd").mkdir()
    for name in names:
        with open(b"odd/" + name, "wb") as file:
            file.write((photos / "in" / "anna.png").read_bytes())
    (photos / "odd" / "y.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    known = ["caf\\xe9.png", "y" * 251 + ".png", "Ångstro\u0308m 李.png", "a\nb.png"]
    (photos / "points.json").write_text(json.dumps(dict.fromkeys(known, ASTRONAUT.tolist())))
    assert cli.main(["align", "odd", "--out", "out", *SMALL]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("4 of 5 aligned")
    assert "refused: odd/y.HEIC: " in printed.err
    assert len(list((photos / "out").glob("*.png"))) == 4
    for crop in (photos / "out").glob("*.png"):
        crop.name.encode()
    found = read_landmarks(photos / "out" / "landmarks.json")
    assert set(found.points) == {normalize("NFC", name) for name in known}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.png", "--landmarks", "points.json"], "no.png: no such file"),
        (["in/coffee.jpg", "--landmarks", "points.json"], "in/coffee.jpg: has no entry in points.json"),
        (["in/anna.png", "--landmarks", "points.json", "--min-side", "400"], "156 pixels wide, below 400"),
        (["in/two.png", "--landmarks", "points.json", "--face", "3"], "has 2 faces, but no number 3"),
        (["in/two.png", "--landmarks", "points.json"], "2 faces; choose with --face largest or --face N"),
        (["in", "in/anna.png", "--landmarks", "points.json"], "align each with an --out of its own"),
        (["in/anna.png", "--landmarks", "no.json"], "no.json: no such file"),
        (["in/anna.png", "--landmarks", "in/coffee.jpg"], "in/coffee.jpg: is not text in UTF-8"),
        (["in/anna.png", "--detector", "no.whl"], "no.whl: no such file"),
        (["in/anna.png", "--detector", "points.json"], "points.json: is neither a folder nor a zip"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(photos, capsys, arguments, message):
    assert cli.main(["align", *arguments, "--out", "out"]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("jaxunlearn: ")]
    assert len(lines) == 1
    assert message in lines[0]
    assert not (photos / "out" / "landmarks.json").exists()


def test_where_no_photo_can_be_aligned_each_has_its_reason(photos, capsys):
    pictures = ["in/blurred.png", "in/coffee.jpg", "in/torn.png", "in/two.png"]
    assert cli.main(["align", *pictures, "--out", "out", "--landmarks", "points.json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = [line for line in printed.err.splitlines() if line.startswith(("refused: ", "jaxunlearn: "))]
    for line, picture in zip(lines, pictures, strict=False):
        assert line.startswith(f"refused: {picture}: ")
    assert lines[4:] == [
        "jaxunlearn: none of 4 photos could be aligned; pictures of what was found: out/overlays"
    ]
    assert not (photos / "out" / "landmarks.json").exists()


@pytest.mark.parametrize(
    ("out", "file"),
    [("points.json", "points.json"), ("out", "out/overlays")],
)
def test_an_out_that_cannot_be_written_is_named(photos, capsys, out, file):
    """Before anything is written."""
    (photos / "out").mkdir()
    (photos / "out" / "overlays").touch()
    before = sorted(photos.rglob("*"))
    assert cli.main(["align", "in/anna.png", "--out", out, "--landmarks", "points.json"]) == 2
    assert f": cannot be written, {file} is a file\n" in capsys.readouterr().err
    assert sorted(photos.rglob("*")) == before


@pytest.mark.parametrize(
    "option",
    [["--face", "0"], ["--face", "left"], ["--min-side", "nan"], ["--min-score", "-1"], ["--size", "7"]],
)
def test_options_that_make_no_sense(option, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["align", "photo.jpg", "--out", "out", *option])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("[[1, 2]]", "need 5 or 68 points"),
        ("{}", "need 5 or 68 points"),
        ('"x"', "need 5 or 68 points"),
        ("null", "need 5 or 68 points"),
        ("[[1, 2], [3]]", "need 5 or 68 points"),
        ("[[1, NaN], [2, 3], [4, 5], [6, 7], [8, 9]]", "NaN or infinity"),
        ("[[1, Infinity], [2, 3], [4, 5], [6, 7], [8, 9]]", "NaN or infinity"),
        ("[[1, 1e9], [2, 3], [4, 5], [6, 7], [8, 9]]", "pixels away"),
        ("[[1, 1], [1, 1], [1, 1], [1, 1], [1, 1]]", "one point or line"),
        (json.dumps((ASTRONAUT * [-1, 1]).tolist()), "are mirrored"),
        (json.dumps((ASTRONAUT * [1, -1]).tolist()), "are mirrored"),
        (json.dumps(ASTRONAUT[:, ::-1].tolist()), "are mirrored"),
        (json.dumps(ASTRONAUT[[1, 0, 2, 4, 3]].tolist()), "are mirrored"),
        ('[["1", "2"], ["3", "4"], ["5", "6"], ["7", "8"], ["9", "0"]]', "must be numbers"),
        ("[[true, false], [true, true], [false, true], [true, true], [true, false]]", "must be numbers"),
    ],
)
def test_bad_entries_are_refused_by_themselves(tmp_path, entry, reason):
    good = json.dumps(ASTRONAUT.tolist())
    (tmp_path / "points.json").write_text(f'{{"good.png": {good}, "bad.png": {entry}}}', encoding="utf-8")
    found = read_landmarks(tmp_path / "points.json")
    assert found.points.keys() == {"good.png"}
    assert found.refused.keys() == {"bad.png"}
    assert reason in found.refused["bad.png"]


def test_a_bad_entry_refuses_one_photo(photos, capsys):
    """The others are aligned."""
    far = [[0, 0], [90000, 0], [45000, 45000], [0, 90000], [90000, 90000]]
    listed = {"anna.png": ASTRONAUT.tolist(), "coffee.jpg": [[1, 2]], "two.png": far}
    (photos / "points.json").write_text(json.dumps(listed), encoding="utf-8")
    pictures = ["in/coffee.jpg", "in/two.png", "in/anna.png"]
    assert cli.main(["align", *pictures, "--out", "out", "--landmarks", "points.json"]) == 0
    error = capsys.readouterr().err
    assert "refused: in/coffee.jpg: its landmarks need 5 or 68 points" in error
    assert "refused: in/two.png: the landmarks lie farther apart than any face" in error
    assert (photos / "out" / "anna.png").is_file()


@pytest.mark.parametrize("value", ["[]", "{}", "[", "3", "[" * 9999])
def test_files_that_are_no_landmarks(photos, capsys, value):
    (photos / "points.json").write_text(value)
    assert cli.main(["align", "in/anna.png", "--out", "out", "--landmarks", "points.json"]) == 2
    assert capsys.readouterr().err.startswith("jaxunlearn: points.json: ")


def test_without_a_detector_it_says_how_to_get_one(photos, monkeypatch, capsys):
    monkeypatch.setattr(mtcnn_flax, "installed_weights", lambda: None)
    monkeypatch.delenv(pretrained.FOLDERS_VARIABLE, raising=False)
    assert cli.main(["align", "in/anna.png", "--out", "out"]) == 2
    assert capsys.readouterr().err == f"jaxunlearn: {face_detector.HOW_TO_GET_ONE}\n"


def test_the_installed_detector(photos, capsys):
    """Two astronauts in one photo, found without landmarks from a file."""
    both = Image.new("RGB", (560, 256))
    both.paste(astronaut().crop((80, 0, 336, 256)).transpose(Image.Transpose.FLIP_LEFT_RIGHT), (300, 0))
    both.paste(astronaut().crop((80, 0, 336, 256)), (0, 0))
    both.save("in/two.png")
    assert cli.main(["align", "in/two.png", "--out", "out"]) == 2
    assert "in/two.png: 2 faces" in capsys.readouterr().err
    assert cli.main(["align", "in/two.png", "--out", "out", "--face", "1"]) == 0
    found = read_landmarks(photos / "out" / "landmarks.json").points["two.png"]
    np.testing.assert_allclose(found[0] + [80, 0], ASTRONAUT, atol=2.0)


@given(sides=st.lists(st.floats(20, 400), max_size=4), least=st.floats(50, 300))
def test_the_face_that_is_meant(sides, least):
    """Alone among those large enough it is taken, otherwise the photo is refused with a reason."""
    photo = Image.new("RGB", (64, 64), "white")
    spread = ASTRONAUT - ASTRONAUT.mean(axis=0)
    faces = [spread * side / 155.56 + 32 for side in sides]
    wanted = AlignmentSettings(min_side=least, min_sharpness=0, size=16)
    alignment = align_photo(photo, lambda _: np.array(faces).reshape(-1, 5, 2), wanted)
    large = [square.side >= least for square in alignment.squares]
    assert (alignment.crop is not None) == (sum(large) == 1) == (alignment.reason == "")
    if alignment.chosen is not None:
        assert large[alignment.chosen]


COORDINATES = st.one_of(
    st.floats(-40, 120),
    st.floats(-2e6, 2e6),
    st.sampled_from([np.nan, np.inf, -np.inf, 1e308, 0.0]),
)


@example(faces=[[0.0] * 9 + [1e-23]], upright=False, border="mirror", face=None)
@example(faces=[(ASTRONAUT / 1000).ravel().tolist()], upright=True, border="black", face="largest")
@settings(max_examples=150, deadline=None)
@given(
    faces=st.lists(st.lists(COORDINATES, min_size=10, max_size=10), max_size=3),
    upright=st.booleans(),
    border=st.sampled_from(["mirror", "black"]),
    face=st.sampled_from([None, 1, "largest"]),
)
def test_no_landmarks_stop_the_batch(faces, upright, border, face):
    photo = Image.new("RGB", (96, 64), "white")
    points = np.array(faces).reshape(-1, 5, 2)
    wanted = AlignmentSettings(face, min_side=0, min_sharpness=0, upright=upright, border=border, size=16)
    alignment = align_photo(photo, lambda _: points, wanted)
    assert (alignment.crop is None) == bool(alignment.reason)
    assert "\n" not in alignment.reason
    assert max(overlay(photo, alignment).size) <= 1024


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (1, 1)])
def test_a_thin_picture_is_refused_like_others(photos, capsys, size):
    Image.new("RGB", size).save("in/line.png")
    assert cli.main(["align", "in/line.png", "in/anna.png", "--out", "out", *SMALL]) == 0
    assert "refused: in/line.png: has no entry in points.json" in capsys.readouterr().err
    with Image.open("out/overlays/line.png") as drawn:
        assert max(drawn.size) == min(max(size), 1024)


@pytest.mark.parametrize("points", [[[5, 5]] * 5, [[float("nan")] * 2] * 5, [[1e300, 0], *[[0, 1]] * 4]])
def test_one_bad_entry_leaves_the_other_photos(photos, capsys, points, monkeypatch):
    """Whatever the file of landmarks lets through."""
    known = {"anna.png": np.array([ASTRONAUT]), "two.png": np.array([points])}
    monkeypatch.setattr(
        "jaxunlearn.photos.alignment.landmarks.read_landmarks", lambda _: Landmarks(known, {})
    )
    command = ["align", "in/two.png", "in/anna.png", "--out", "out", "--landmarks", "points.json"]
    assert cli.main(command) == 0
    printed = capsys.readouterr()
    assert "refused: in/two.png: " in printed.err
    assert "1 of 2 aligned" in printed.out
