"""Names of files that any text can be made into."""

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jaxunlearn.files.names import as_text, distinct_file_names, file_name

ANY = st.text(st.characters(exclude_categories=[]), max_size=400)
"""Lone surrogates too, as in names that are not UTF-8."""


@given(texts=st.lists(ANY, max_size=6), plain=st.booleans(), longest=st.integers(20, 200))
@example(texts=["a", "A", "a", "a-2"], plain=True, longest=20)
@example(texts=["x" * 300] * 12, plain=True, longest=20)
@example(texts=["", ".", "..", "-", "💖", "\udcff"], plain=True, longest=20)
@example(texts=["CON", "nul.txt", "com1.a.b", "LPT9", "aux "], plain=False, longest=20)
def test_any_texts_become_names_that_every_system_takes(texts, plain, longest):
    names = distinct_file_names(texts, plain=plain, longest=longest)
    assert len({name.casefold() for name in names}) == len(texts)
    for name in names:
        assert 0 < len(name.encode()) <= longest + 1
        assert not set(name) & set('<>:"/\\|?*\0\n\r\t\x1b')
        assert not name.startswith((".", "-", " "))
        assert not name.endswith((".", " "))
        stem = name.split(".")[0].strip().upper()
        assert stem not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT9"}


def test_names_that_are_taken_are_not_given():
    assert distinct_file_names(["anna", "bob"], taken=["Anna", "anna-2"]) == ["anna-3", "bob"]


@pytest.mark.parametrize("name", ["anna", "Zoë-2", "李小龍", "a.b", "x_1"])
def test_good_names_stay(name):
    assert file_name(name) == name


def test_spaces_stay_where_names_need_not_be_plain():
    assert file_name("bruce lee (2)!", plain=False) == "bruce lee (2)!"
    assert file_name("bruce lee (2)!") == "bruce-lee-2"


def test_both_ways_to_write_an_accent_are_one_name():
    assert file_name("Zoe\u0308") == file_name("Zo\u00eb")


@given(name=st.binary(max_size=50))
def test_names_of_files_become_text(name):
    text = as_text(os.fsdecode(name))
    assert text.encode().decode() == text
