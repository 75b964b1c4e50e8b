"""`--others`: files of latents, and whose they are."""

import numpy as np
import pytest

from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.other_photos import OtherPhotos, read_others
from tests.support.tiny_models import CONFIG, tiny_people

PEOPLE = ("ada", "bob/1.png", "seed 7")


@pytest.fixture
def ws(tmp_path, monkeypatch) -> np.ndarray:
    """Write 3 latents into `0.npy` and one into each of two more files."""
    ws = tiny_people(3)
    np.save(tmp_path / "0.npy", ws)
    np.save(tmp_path / "bob-1.png.npy", ws[:1])
    np.savez(tmp_path / "a=b.npz", ws=ws[1:2])
    monkeypatch.chdir(tmp_path)
    return ws


def rows(found: dict[int, OtherPhotos]) -> dict[int, int]:
    assert all(photos.images is None for photos in found.values())
    return {k: len(photos.ws) for k, photos in found.items()}


def test_one_person_needs_no_name(ws):
    np.testing.assert_array_equal(read_others(["0.npy"], PEOPLE[:1], CONFIG)[0].ws, ws)
    assert rows(read_others(["a=b.npz"], PEOPLE[:1], CONFIG)) == {0: 1}
    assert read_others([], PEOPLE, CONFIG) == {}


def test_people_by_number_and_by_name(ws):
    assert rows(read_others(["2=0.npy", "ada=a=b.npz"], PEOPLE, CONFIG)) == {2: 3, 0: 1}
    assert rows(read_others(["seed 7=0.npy", "bob/1.png=a=b.npz"], PEOPLE, CONFIG)) == {2: 3, 1: 1}


def test_a_folder_has_a_file_for_each_person(ws, tmp_path):
    (tmp_path / "a=b.npz").rename(tmp_path / "0002.npz")
    (tmp_path / "notes.txt").write_text("not latents")
    assert rows(read_others([str(tmp_path)], PEOPLE, CONFIG)) == {0: 3, 1: 1, 2: 1}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["0.npy"], "the run forgot 3 people; say whose it is, such as --others 0=0.npy"),
        (["3=0.npy"], "nobody called '3' was forgotten; give a number from 0 to 2, or a name such as 'ada'"),
        (["eve=0.npy"], "nobody called 'eve'"),
        (["-1=0.npy"], "nobody called '-1'"),
        (["0=0.npy", "ada=a=b.npz"], "ada is named twice"),
        (["0=missing.npy"], "missing.npy: "),
        (["."], r"nobody called 'a=b' was forgotten"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(ws, given, message):
    with pytest.raises(InputError, match=message) as caught:
        read_others(given, PEOPLE, CONFIG)
    assert "\n" not in str(caught.value)


def test_a_folder_without_latents_is_refused(tmp_path):
    with pytest.raises(InputError, match="has no files of latents"):
        read_others([str(tmp_path)], PEOPLE, CONFIG)
