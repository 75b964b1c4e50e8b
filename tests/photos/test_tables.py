"""Tables as spreadsheets, editors and scripts write them list the same people."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jaxunlearn.errors import InputError
from jaxunlearn.photos.sources import read_photographs
from jaxunlearn.photos.tables import read_photo_table

PEOPLE = {"pics/zoë.png": "Zoë Müller", "pics/bruce lee.png": "Bruce Lee", "pics/anna.png": "O'Neil, Anna"}
SIDE = 8


def rows(delimiter: str = ",", header: str = "image,identity", quote: str = '"') -> list[str]:
    names = [(image, who if delimiter != "," else f"{quote}{who}{quote}") for image, who in PEOPLE.items()]
    return [header.replace(",", delimiter), *(delimiter.join(row) for row in names)]


def text(lines: list[str], end: str = "\r\n") -> str:
    return "".join(line + end for line in lines)


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "pics").mkdir()
    for shade, image in enumerate(PEOPLE):
        Image.new("L", (SIDE, SIDE), 50 * shade).save(tmp_path / image)
    return tmp_path


KINDS = {
    "plain.csv": text(rows()).encode(),
    "mark.csv": text(rows()).encode("utf-8-sig"),
    "unix.csv": text(rows(), "\n").encode(),
    "mac.csv": text(rows(), "\r").encode(),
    "no end.csv": text(rows()).rstrip().encode(),
    "german.csv": text(rows(";")).encode("utf-8-sig"),
    "windows.csv": text(rows()).encode("cp1252"),
    "german windows.csv": text(rows(";")).encode("cp1252"),
    "unicode text.txt": text(rows("\t")).encode("utf-16"),
    "big end.csv": text(rows()).encode("utf-16-be"),
    "little end.tsv": text(rows("\t")).encode("utf-16-le"),
    "marked big end.csv": b"\xfe\xff" + text(rows()).encode("utf-16-be"),
    "tabs.tsv": text(rows("\t")).encode(),
    "tabs.csv": text(rows("\t")).encode(),
    "commas.TSV": text(rows()).encode(),
    "backslashes.csv": text(rows()).replace("/", "\\").encode(),
    "capitals.csv": text(rows(header="Image,IDENTITY")).encode(),
    "quoted header.csv": text(rows(header='"image","identity"')).encode(),
    "spaces.csv": text(rows(header=" image , identity "))
    .replace(",", ", ", 1)
    .replace('"\r', '"  \r')
    .encode(),
    "blank rows.csv": text([row for line in rows() for row in ("", line, "  ", "")]).encode(),
    "empty rows.csv": text([*rows(), ",", ",,", '"",""']).encode(),
    "empty columns.csv": text([f"{line},," for line in rows()]).encode(),
    "more columns.csv": text(
        [f"{note};{line}" for note, line in zip(["note", "a", "b", "c"], rows(";"), strict=True)]
    ).encode(),
    "separator.csv": text(["sep=;", *rows(";")]).encode(),
    "decomposed.csv": unicodedata.normalize("NFD", text(rows())).encode(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_table_lists_the_same_people(folder, kind):
    (folder / kind).write_bytes(KINDS[kind])
    found = read_photographs(folder / kind, SIDE)
    assert found.refused == ()
    people = [unicodedata.normalize("NFC", photograph.identity) for photograph in found.photographs]
    assert people == list(PEOPLE.values())
    shades = [round(float((photograph.image.mean() + 1) * 127.5)) for photograph in found.photographs]
    assert shades == [0, 50, 100]


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("in_table", ["NFC", "NFD"])
def test_accents_are_found_either_way_in_folders_too(tmp_path, on_disk, in_table):
    place = tmp_path / unicodedata.normalize(on_disk, "Fotos für Zoë")
    place.mkdir()
    Image.new("L", (SIDE, SIDE)).save(place / unicodedata.normalize(on_disk, "Ångström.png"))
    table = tmp_path / "people.csv"
    listed = unicodedata.normalize(in_table, "Fotos für Zoë/Ångström.png")
    table.write_text(f"image,identity\n{listed},Zoë\n", encoding="utf-8")
    assert len(read_photographs(table, SIDE).photographs) == 1


def test_home_and_absolute_paths(folder, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    table = tmp_path_factory.mktemp("elsewhere") / "people.csv"
    table.write_text(f"image,identity\n~/pics/anna.png,Anna\n{folder}/pics/zoë.png,Zoë\n", encoding="utf-8")
    assert len(read_photographs(table, SIDE).photographs) == 2


def test_a_row_that_cannot_be_used_leaves_the_others(folder):
    table = folder / "people.csv"
    lines = ["gs://bucket/a.png,Ann", "~nobody-of-this-name/b.png,Bob", f"{'x' * 300}.png,Cid", "pics,Dan"]
    table.write_text(text(["image,identity", *lines, "pics/anna.png,Anna"]), encoding="utf-8")
    found = read_photographs(table, SIDE)
    assert [photograph.identity for photograph in found.photographs] == ["Anna"]
    for refused, reason in zip(
        found.refused,
        [
            "gs:// cannot be used",
            "home folder does not exist",
            "cannot be read (File name too long)",
            "is a folder",
        ],
        strict=True,
    ):
        assert reason in refused.reason
        assert "\n" not in refused.reason


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("people.xlsx", b"PK\x03\x04...", "is a spreadsheet, not a table in text; save it as CSV UTF-8"),
        ("people.ods", b"", "is a spreadsheet"),
        ("renamed.csv", b"PK\x03\x04...", "is a spreadsheet"),
        ("old.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a spreadsheet"),
        ("bytes.csv", b"image,identity\n\x81\x8d,Ann\n", "is not text in .*; save it as CSV UTF-8"),
        ("zero.csv", b"image,identity\na.png,A\0nn\n", "is not text in .*; save it as CSV UTF-8"),
        ("odd.csv", b"\xff\xfei\0m\0a", "is not text"),
        ("quote.csv", b'image,identity\na.png,"Ann\nb.png,Bob\n', "line 3 is not readable as CSV"),
        (
            "comma.csv",
            b"image,identity\na.png,O'Neil, Anna\n",
            "line 2 has 3 fields under 2 columns; put quotes",
        ),
        ("none.csv", b"\n\n,\n", "lists no photos"),
        ("header.csv", b"image;identity\n;\n", "lists no photos"),
        ("no header.csv", b"a.png,Ann\n", "has no column 'image'; its first line must be image,identity"),
        ("long.csv", b"image,identity\na.png," + b"x" * 200_000, "line 2 is not readable as CSV"),
    ],
)
def test_what_cannot_be_read_says_what_to_save_it_as(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=reason) as refusal:
        read_photographs(tmp_path / name, SIDE)
    assert str(refusal.value).startswith(f"{tmp_path / name}: ")
    assert "\n" not in str(refusal.value)


@settings(max_examples=60, deadline=None)
@given(content=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
def test_any_bytes_are_a_table_or_refused_in_one_line(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "people.csv"
    path.write_bytes(b"image,identity\n" + content)
    try:
        listed = read_photo_table(path)
    except InputError as error:
        message = str(error)  # either outcome is right
    else:
        message = f"{path}: "
        assert all(photo.name for photo in listed)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message


@settings(max_examples=40, deadline=None)
@given(
    names=st.lists(
        st.text(
            st.characters(codec="utf-16", exclude_characters="\0\r\n", exclude_categories=["Cs"]), min_size=1
        )
        .map(str.strip)
        .filter(bool),
        min_size=1,
        max_size=4,
    ),
    delimiter=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_whoever_is_written_is_read(tmp_path_factory, names, delimiter, encoding):
    path = tmp_path_factory.mktemp("names") / "people.csv"
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    lines = [f"image{delimiter}identity", *(f"{k}.png{delimiter}{name}" for k, name in enumerate(quoted))]
    path.write_bytes(text(lines).encode(encoding))
    assert [photo.person for photo in read_photo_table(path)] == names


def test_a_table_of_many_rows_is_read_at_once(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(text(["image,identity", *(f"{k}.png,person {k}" for k in range(20_000))]))
    listed = read_photo_table(path)
    assert (len(listed), listed[-1].person) == (20_000, "person 19999")
    assert len({photo.path for photo in listed}) == 20_000
