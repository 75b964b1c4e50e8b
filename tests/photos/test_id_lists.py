"""Photos of FFHQ from a list of their numbers."""

import pytest

from jaxunlearn.errors import InputError
from jaxunlearn.photos.id_lists import photos_of_ids


@pytest.fixture
def folder(tmp_path):
    for name in ("00000/00069.png", "01000/01234.png", "00007.png", "69999.jpg"):
        path = tmp_path / "ffhq" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "ffhq"


def test_numbers_are_found_in_both_layouts(folder, tmp_path):
    ids = tmp_path / "ids.txt"
    ids.write_text("# people of Table 1\n1234\n\n00069\n7  # in one folder\n69999\n")
    found = [str(path.relative_to(folder)) for path in photos_of_ids(folder, ids)]
    assert found == ["01000/01234.png", "00000/00069.png", "00007.png", "69999.jpg"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("69\n70\n1235\n", r"ffhq: has no photo 00070, 01235, listed in .*ids\.txt$"),
        ("\n".join(map(str, range(100, 107))), "has no photo 00100, 00101, 00102, 00103, 00104 and 2 more, "),
        ("69\n00069\n", "line 2: 00069 is listed twice"),
        ("69\n70000\n", "line 2: '70000' is not a number from 0 to 69999"),
        ("00069.png\n", r"line 1: '00069\.png' is not a number"),
        ("-1\n", "line 1: '-1' is not a number"),
        ("# nothing\n", "lists no numbers"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(folder, tmp_path, text, message):
    (tmp_path / "ids.txt").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        photos_of_ids(folder, tmp_path / "ids.txt")
    assert "\n" not in str(caught.value)


def test_a_missing_folder_or_list_is_refused(folder, tmp_path):
    with pytest.raises(InputError, match="needs a folder of photos"):
        photos_of_ids(folder / "none", tmp_path / "ids.txt")
    with pytest.raises(InputError, match=r"ids\.txt: no such file"):
        photos_of_ids(folder, tmp_path / "ids.txt")
