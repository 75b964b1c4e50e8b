"""Tables of the people of CelebA-HQ and FFHQ, from the authors' lists and a folder of pictures."""

from pathlib import Path

import pytest
from PIL import Image

from jaxunlearn.photos.sources import read_photographs
from tests.support.programs import run_tool

MAPPING = """\
idx     orig_idx    orig_file
0         4     000005.jpg
1         0     000001.jpg
2         6     000007.jpg
10        2     000003.jpg
3         3     000004.jpg
"""
IDENTITIES = "000001.jpg 2880\n000003.jpg 8\n000004.jpg 8\n000005.jpg 8\n000006.jpg 8\n000007.jpg 2880\n"
CELEBAHQ = ("celebahq", "--mapping", "mapping.txt", "--identities", "identity.txt")
FFHQ = ("ffhq", "--ids", "ids.txt")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("mapping.txt").write_text(MAPPING)
    Path("identity.txt").write_text(IDENTITIES)
    Path("ids.txt").write_text("# forget\n00069\n\n70\n1003.png\n2004\n")
    return tmp_path


def picture(path: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16)).save(path)


def table(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, list[str]]:
    """Write a table and read it as `unlearn` does: person → names of the pictures."""
    assert run_tool("people_table.py", monkeypatch, *arguments, "--out", "people.csv") == 0
    people = read_photographs("people.csv", 16).by_identity()
    return {person: [Path(photo.name).name for photo in photos] for person, photos in people.items()}


def test_people_of_celebahq_are_found_through_celeba(folder, monkeypatch, capsys):
    for name in ("00000.jpg", "1.jpg", "2.png", "00003.jpg", "10.jpg"):
        picture(f"hq/{name}")
    command = (*CELEBAHQ, "--photos", "hq")
    assert table(monkeypatch, *command) == {
        "8": ["00000.jpg", "00003.jpg", "10.jpg"],
        "2880": ["1.jpg", "2.png"],
    }
    assert capsys.readouterr().out == "people.csv: 5 pictures of 2 people\n"
    assert table(monkeypatch, *command, "--least", "3", "--most", "2") == {"8": ["00000.jpg", "00003.jpg"]}


def test_pictures_may_have_their_names_of_celeba(folder, monkeypatch):
    for name in ("000001", "000007"):
        picture(f"hq/{name}.jpg")
    Path("mapping.txt").write_text("idx orig_idx orig_file\n1 0 000001.jpg\r\n2 6 000007.jpg\r\n")
    command = (*CELEBAHQ, "--photos", "hq", "--named-by", "original")
    assert table(monkeypatch, *command) == {"2880": ["000001.jpg", "000007.jpg"]}


def test_people_are_drawn_by_a_seed(folder, monkeypatch):
    rows = [f"{k} {k} {k + 1:06d}.jpg" for k in range(40)]
    Path("mapping.txt").write_text("\n".join(["idx orig_idx orig_file", *rows]))
    Path("identity.txt").write_text("\n".join(f"{k + 1:06d}.jpg {k // 2}" for k in range(40)))
    for k in range(40):
        picture(f"hq/{k}.jpg")
    command = (*CELEBAHQ, "--photos", "hq", "--people", "5")
    first, again = (table(monkeypatch, *command) for _ in range(2))
    other = table(monkeypatch, *command, "--seed", "1")
    assert len(first) == len(other) == 5
    assert list(first) == list(again)
    assert list(first) != list(other)
    assert all(len(photos) == 2 for photos in first.values())


def test_pictures_of_ffhq_are_found_under_each_of_their_names(folder, monkeypatch):
    for name in ("00069.png", "00000/00070.png", "01000/01003.png", "00002/img00002004.png"):
        picture(f"ffhq/{name}")
    assert table(monkeypatch, *FFHQ, "--photos", "ffhq") == {
        "00069": ["00069.png"],
        "00070": ["00070.png"],
        "01003": ["01003.png"],
        "02004": ["img00002004.png"],
    }


@pytest.mark.parametrize(
    ("file", "text", "arguments", "message"),
    [
        ("mapping.txt", "0 4 000005.jpg\n", CELEBAHQ, "its first line must be idx orig_idx orig_file"),
        ("mapping.txt", "idx orig_idx orig_file\n", CELEBAHQ, "mapping.txt: lists no pictures"),
        (
            "mapping.txt",
            MAPPING + "x 1 000001.jpg\n",
            CELEBAHQ,
            "line 7 is not an index, a number and a name",
        ),
        ("mapping.txt", MAPPING + "1 1 000001.jpg\n", CELEBAHQ, "line 7: index 1 is listed twice"),
        ("mapping.txt", MAPPING + "30000 1 000001.jpg\n", CELEBAHQ, "index 30000 is above 29999"),
        ("mapping.txt", MAPPING + "4 1 000099.jpg\n", CELEBAHQ, "000099.jpg is not in identity.txt"),
        ("identity.txt", "000001.jpg\n", CELEBAHQ, "line 1 is not a picture and a person"),
        ("identity.txt", IDENTITIES + "000001.jpg 3\n", CELEBAHQ, "line 7: 000001.jpg is listed twice"),
        ("identity.txt", "", CELEBAHQ, "identity.txt: lists no pictures"),
        ("none.txt", "", (*CELEBAHQ, "--least", "4"), "only 0 people have at least 4 pictures"),
        ("none.txt", "", (*CELEBAHQ, "--people", "3"), "only 2 people have at least 2 pictures"),
        (
            "none.txt",
            "",
            CELEBAHQ,
            "no: has no picture 00000 (000005.jpg), 00003 (000004.jpg), 00010 (000003.jpg) and 2 more",
        ),
        ("ids.txt", "70000\n", FFHQ, "line 1: '70000' is not a number of FFHQ"),
        ("ids.txt", "1\n2 3\n", FFHQ, "line 2: '2 3' is not a number of FFHQ"),
        ("ids.txt", "69\n00069\n", FFHQ, "line 2: 00069 is listed twice"),
        ("ids.txt", "# nothing\n", FFHQ, "ids.txt: lists no pictures"),
        ("ids.txt", "5\n", FFHQ, "no: has no picture 00005"),
    ],
)
def test_wrong_input_is_one_line(file, text, arguments, message, folder, monkeypatch, capsys):
    Path(file).write_text(text)
    command = (*arguments, "--photos", "no", "--out", "people.csv")
    assert run_tool("people_table.py", monkeypatch, *command) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert not Path("people.csv").exists()
