"""`tools/celebahq_identities.py`: who is in CelebA-HQ's photos, from the authors' two text files."""

import runpy
import sys
from pathlib import Path

import pytest

from jaxunlearn.photos.tables import read_photo_table

TOOL = str(Path(__file__).parents[2] / "tools" / "celebahq_identities.py")

MAPPING = """idx    orig_idx    orig_file
0        5        000006.jpg
1        2        000003.jpg
2        0        000001.jpg
3        9        000010.jpg
12       7        000008.jpg
"""
IDENTITIES = """000001.jpg 2880
000003.jpg 17
000006.jpg 2880
000008.jpg 17
000010.jpg 5
000011.jpg 2880
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mapping.txt").write_text(MAPPING)
    (tmp_path / "identities.txt").write_text(IDENTITIES)
    (tmp_path / "photos").mkdir()
    for name in ("0.jpg", "00001.png", "2.png", "3.jpg", "00012.jpg"):
        (tmp_path / "photos" / name).touch()
    return tmp_path


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    files = [str(folder / name) for name in ("mapping.txt", "identities.txt")]
    where = ["--images", str(folder / "photos"), "--out", str(folder / "people.csv")]
    monkeypatch.setattr(sys, "argv", [TOOL, *files, *where, *options])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(TOOL, run_name="__main__")
    return int(stop.value.code or 0)


def people(folder: Path) -> dict[str, list[str]]:
    """Return the table as `unlearn --identities` reads it, by person; every file is there."""
    theirs: dict[str, list[str]] = {}
    for photo in read_photo_table(folder / "people.csv"):
        assert photo.path.is_file()
        theirs.setdefault(photo.person, []).append(photo.path.name)
    return theirs


def test_photos_are_found_by_way_of_celeba(folder, monkeypatch, capsys):
    assert run(folder, monkeypatch, "--people", "2") == 0
    assert people(folder) == {"2880": ["0.jpg", "2.png"], "17": ["00001.png", "00012.jpg"]}
    assert "4 photos of 2 people" in capsys.readouterr().out


def test_the_seed_draws_people(folder, monkeypatch):
    drawn = set()
    for seed in range(8):
        run(folder, monkeypatch, "--people", "1", "--seed", str(seed), "--most", "1")
        drawn.add(str(people(folder)))
    assert drawn == {"{'2880': ['0.jpg']}", "{'17': ['00001.png']}"}


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("mapping.txt", "idx ", "index ", "mapping.txt: its first line must be idx orig_idx orig_file"),
        ("mapping.txt", MAPPING, "", "mapping.txt: its first line must be"),
        ("mapping.txt", "1        2 ", "1 ", "mapping.txt: line 3 is not a row such as"),
        ("mapping.txt", "\n1 ", "\n0 ", "mapping.txt: line 3 has the number 0 a second time"),
        ("mapping.txt", "000010.jpg", "000099.jpg", "000099.jpg: photo 3 of CelebA-HQ is not in the list"),
        ("identities.txt", "17\n000006", "x\n000006", "identities.txt: line 2 is not a row such as"),
        ("identities.txt", "000003", "000001", "identities.txt: line 2 has 000001.jpg a second time"),
        ("identities.txt", IDENTITIES, "", "identities.txt: is empty"),
    ],
)
def test_damaged_files_are_refused_in_one_line(folder, monkeypatch, capsys, file, old, new, message):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    refused(folder, monkeypatch, capsys, message, "--people", "2")


def test_missing_people_and_photos_are_named(folder, monkeypatch, capsys):
    refused(folder, monkeypatch, capsys, "--people 3: only 2 people have 2 photos or more", "--people", "3")
    (folder / "photos" / "2.png").unlink()
    refused(folder, monkeypatch, capsys, "photos: has no photo 2 (", "--people", "2")
    (folder / "mapping.txt").unlink()
    refused(folder, monkeypatch, capsys, "mapping.txt: no such file", "--people", "2")


def refused(folder, monkeypatch, capsys, message: str, *options: str) -> None:
    assert run(folder, monkeypatch, *options) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("celebahq_identities.py: ")
    assert message in printed
    assert printed.count("\n") == 1
    assert not (folder / "people.csv").exists()
