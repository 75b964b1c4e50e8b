import contextlib
import json
from typing import Any, Literal, NotRequired, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxunlearn.errors import InputError
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.json_lines import drop_cut_off_line, read_json_lines, write_json_lines
from jaxunlearn.training.storage.folder_forms import (
    MetricsLine,
    ResultLine,
    RunJson,
    SummaryJson,
    WorklistJson,
)


class Stage(TypedDict):
    name: str
    members: list[int]
    rate: NotRequired[float | None]
    kind: NotRequired[Literal["a", "b"]]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
RESULT: dict[str, Any] = {
    "subject": "ada",
    "status": "done",
    "wave": 0,
    "steps": 4,
    "learning_rate": 1e-4,
    "loss": 0.5,
}


def test_right_form_is_returned():
    stage = {"name": "x", "members": [1, 2], "rate": 1, "kind": "b", "more": [None]}
    assert check_form(stage, Stage, "file") is stage
    assert check_form([stage], list[Stage], "file") == [stage]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": 3}, "name must be a text, not 3"),
        ({"members": {}}, "members must be a list, not {}"),
        ({"members": [1, "2"]}, "members[1] must be a whole number, not '2'"),
        ({"members": [True]}, "members[0] must be a whole number, not True"),
        ({"rate": "fast"}, "rate must be a number or null, not 'fast'"),
        ({"kind": "c"}, "kind must be 'a' or 'b', not 'c'"),
        ({"name": "x" * 999}, None),
        ({"members": "x" * 999}, "members must be a list, not 'xxxxxxxxxx"),
    ],
)
def test_other_forms_are_refused_by_field(change, problem):
    stage = {"name": "x", "members": [1]} | change
    if problem is None:
        check_form(stage, Stage, "file")
        return
    with pytest.raises(InputError) as caught:
        check_form(stage, Stage, "file")
    assert str(caught.value).startswith(f"file: {problem}")
    assert len(str(caught.value)) < 120


def test_missing_field_is_named_with_its_place():
    with pytest.raises(InputError, match=r"^file: \[1\].name is missing$"):
        check_form([{"name": "x", "members": []}, {"members": []}], list[Stage], "file")


@pytest.mark.parametrize("form", [RunJson, SummaryJson, MetricsLine, WorklistJson, ResultLine, Stage])
@given(value=ANYTHING)
def test_anything_is_accepted_or_refused(form, value):
    try:
        accepted = check_form(value, form, "file")
    except InputError:
        return
    assert accepted is value
    assert isinstance(value, dict)
    assert form.__required_keys__ <= value.keys()


@given(lines=st.integers(1, 4), cut=st.integers(0, 400))
def test_only_the_line_that_was_cut_off_is_lost(lines, cut, tmp_path_factory):
    path = tmp_path_factory.mktemp("lines") / "results.jsonl"
    write_json_lines(path, [RESULT | {"wave": k} for k in range(lines)])
    whole = path.read_bytes()
    left = whole[: max(0, len(whole) - cut)]
    path.write_bytes(left)
    per_line = len(whole) // lines
    # a line is whole without its line break, too
    remaining = min(lines, (len(left) + 1) // per_line)
    assert [line["wave"] for line in read_json_lines(path, ResultLine)] == list(range(remaining))
    cut_off = len(left) > per_line * remaining
    with pytest.warns(match="was cut off") if cut_off else contextlib.nullcontext():
        assert drop_cut_off_line(path, ResultLine) == cut_off
    assert path.read_bytes() == whole[: per_line * remaining]
    assert not drop_cut_off_line(path, ResultLine)


def test_a_damaged_line_amid_others_is_named(tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps(RESULT) + "\n{\n" + json.dumps(RESULT) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 2"):
        read_json_lines(path, ResultLine)


def test_a_file_that_does_not_exist_has_no_lines(tmp_path):
    assert read_json_lines(tmp_path / "results.jsonl", ResultLine) == []
    assert not drop_cut_off_line(tmp_path / "results.jsonl", ResultLine)
