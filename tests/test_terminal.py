import io
import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxunlearn.terminal import complain, escaped, say, say_lines


@given(st.text(st.characters()))
def test_one_line_without_control_characters(text: str):
    shown = escaped(text)
    assert len(shown.splitlines()) <= 1
    kinds = {unicodedata.category(character) for character in shown if character not in "\u200c\u200d"}
    assert kinds.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})


def test_names_people_have_are_left_as_they_are():
    for name in ("Zoë Müller", "李小龙", "Дмитрий", "a b-c.jpg", "👩‍👧"):
        assert escaped(name) == name


def test_what_moves_a_cursor_or_turns_text_round_is_escaped():
    assert escaped("a\x1b[2Jb") == "a\\x1b[2Jb"
    assert escaped("two\nlines") == "two\\nlines"
    assert escaped("gpj.\u202egnp") == "gpj.\\u202egnp"
    assert escaped(os.fsdecode(b"\xff.png")) == "\\udcff.png"


def test_a_terminal_that_knows_few_characters():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    say("Zoë", stream)
    assert raw.getvalue() == b"Zo\\xeb\n"


def test_lines_and_complaints(capsys: pytest.CaptureFixture[str]):
    say_lines("first\nsecond \x07")
    complain("bad\nnews")
    said = capsys.readouterr()
    assert said.out == "first\nsecond \\x07\n"
    assert said.err == "jaxunlearn: bad\\nnews\n"
