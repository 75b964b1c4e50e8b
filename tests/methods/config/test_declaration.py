"""Settings that are declared once: defaults, ranges, hints, and what a run may resume with."""

import ast
import dataclasses
import math
import re
from collections.abc import Iterator
from pathlib import Path

import ml_collections
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxunlearn.baking.settings import Baking
from jaxunlearn.errors import InputError
from jaxunlearn.methods.config.check_config import check
from jaxunlearn.methods.config.declaration import (
    changed,
    check_declared,
    completed,
    declared,
    default_config,
    flat,
    section,
    setting,
    table,
)
from jaxunlearn.methods.registry import METHODS, named, preset, preset_names

DECLARATIONS = {label: each for name in METHODS for label, each in named(name).declarations().items()}


@dataclasses.dataclass(frozen=True)
class Part:
    share: float = setting(0.5, "A share.", least=0, most=1)


@dataclasses.dataclass(frozen=True)
class Whole:
    steps: int = setting(10, "Steps.", least=1, most=100, may_change=True)
    kind: str = setting("this", "Which.", choices=("this", "that"))
    loud: bool = setting(False, "Whether it is loud.")
    file: str = setting("", "A file.", file=True)
    part: Part = section(Part)


def test_names_and_defaults():
    assert list(declared(Whole)) == ["steps", "kind", "loud", "file", "part.share"]
    assert flat(default_config(Whole)) == {
        "steps": 10,
        "kind": "this",
        "loud": False,
        "file": "",
        "part.share": 0.5,
    }


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("steps", 0, "config.steps must be a whole number from 1 to 100, not 0"),
        ("steps", 2.5, "config.steps must be a whole number from 1 to 100, not 2.5"),
        ("steps", True, "config.steps must be a whole number from 1 to 100, not True"),
        ("kind", "those", "config.kind is 'those'; choose from this, that"),
        ("loud", 1, "config.loud must be True or False, not 1"),
        ("part.share", 1.5, "config.part.share must be a number from 0 to 1, not 1.5"),
        ("part.share", math.nan, "config.part.share must be"),
        ("part.share", math.inf, "config.part.share must be"),
        ("part.share", "half", "config.part.share must be"),
        ("file", 3, "config.file must be the name of a file or empty, not 3"),
        ("file", "gs://bucket/name", "gs://"),
    ],
)
def test_values_out_of_range(name, value, message):
    config = default_config(Whole)
    values = flat(config) | {name: value}
    with config.ignore_type():
        config.update_from_flattened_dict(values)
    with pytest.raises(InputError) as caught:
        check_declared(config, Whole)
    assert message in str(caught.value)


def test_unknown_and_missing_settings():
    config = default_config(Whole)
    config.stepz = 3
    with pytest.raises(InputError, match=r"unknown setting config\.stepz \(did you mean config\.steps\?\)"):
        check_declared(config, Whole)
    del config["stepz"], config["kind"]
    with pytest.raises(InputError, match=r"config\.kind is missing"):
        check_declared(config, Whole)
    with pytest.raises(InputError, match=f"config.{min(declared(Whole))} is missing"):
        check_declared(ml_collections.ConfigDict(), Whole)  # always the same one of several


def test_what_a_run_may_resume_with():
    before, now = default_config(Whole), default_config(Whole)
    now.steps = 20
    assert changed(before, now, Whole) == []
    assert changed(before, now, Whole, fixed=["steps"]) == ["steps"]
    now.part.share = 0.25
    assert changed(before, now, Whole) == ["part.share"]


def test_settings_that_a_config_lacks_are_as_declared():
    older = default_config(Whole)
    older.steps = 7
    del older["loud"], older["part"]
    whole = completed(older, Whole)
    assert flat(whole) == flat(default_config(Whole)) | {"steps": 7}
    assert changed(whole, default_config(Whole), Whole) == []
    assert "loud" not in older


def test_a_damaged_section_stays_for_the_check_to_refuse():
    config = completed(ml_collections.ConfigDict({"part": 3}), Whole)
    with pytest.raises(InputError, match=r"config\.part\.share is missing"):
        check_declared(config, Whole)


def test_a_setting_of_several_numbers_is_refused():
    """JSON would return it as a list, which is another value."""
    with pytest.raises(TypeError, match=r"True or False, a number or a text, not \(1, 2\)"):
        setting((1, 2), "Two.")


@pytest.mark.parametrize("name", preset_names())
@pytest.mark.parametrize("people", [1, 10, 200])
def test_every_preset_is_within_its_ranges(name, people):
    check(preset(name, people))


@given(st.data())
def test_no_number_of_a_method_may_be_nan_or_infinite(data):
    config = preset(data.draw(st.sampled_from(preset_names())))
    numbers = [name for name, value in flat(config).items() if isinstance(value, float)]
    name = data.draw(st.sampled_from(numbers))
    config.update_from_flattened_dict({name: data.draw(st.sampled_from([math.nan, math.inf, -math.inf]))})
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        check(config)


def test_every_setting_says_what_it_is():
    for declaration in (*DECLARATIONS.values(), Baking):
        for name, about in declared(declaration).items():
            assert about.help.endswith("."), name
            if isinstance(about.default, float) and about.choices == ():
                assert about.least <= about.default <= about.most, name


def test_the_table_in_the_docs():
    """`python tools/settings_table.py` writes it."""
    text = (Path(__file__).parents[3] / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    assert table(DECLARATIONS) in text, "run python tools/settings_table.py"
    assert text.endswith(table({"bake": Baking})), "run python tools/settings_table.py"


def by_label(cell: str) -> dict[str, list[str]]:
    """Return what the lines of a cell of the table say of each method."""
    said: dict[str, list[str]] = {label: [] for label in DECLARATIONS}
    for line in cell.split("<br>"):
        names, _, text = line.partition(": ")
        own = set(names.split(", ")) <= set(said)
        for label in names.split(", ") if own else said:
            said[label].append(text if own else line)
    return said


def rows_of_the_table() -> Iterator[tuple[str, str, str, str]]:
    """Yield setting, method, what the table says that it is, and its default with the allowed values."""
    for line in table(DECLARATIONS).splitlines()[2:]:
        name, cell = line[2:-2].split(" | ")
        for label, said in by_label(cell).items():
            if name.strip("`") in declared(DECLARATIONS[label]):
                help, allowed = said
                yield name.strip("`"), label, help, allowed


def test_defaults_in_the_table_are_among_the_values_beside_them():
    for name, label, _, allowed in rows_of_the_table():
        line = re.fullmatch(r"Default `(.*?)`(?:; (?!may)([^;]+))?(?:; may change)?\.", allowed)
        assert line is not None, (name, label)
        value, values = ast.literal_eval(line[1]), line[2]
        if isinstance(value, str):
            assert not value or f"`{value}`" in values.removeprefix("one of ").split(", "), (name, label)
        elif not isinstance(value, bool):
            limits = re.fullmatch(r"a (?:whole )?number from (\S+) to (\S+)", values)
            assert limits is not None, (name, label)
            assert float(limits[1]) <= value <= float(limits[2]), (name, label)


def test_the_table_says_of_each_method_what_is_its_own():
    rows = {(name, label): (help, allowed) for name, label, help, allowed in rows_of_the_table()}
    for label, each in DECLARATIONS.items():
        for name, about in declared(each).items():
            help, allowed = rows[name, label]
            assert help.startswith(about.help), (name, label)
            assert allowed.endswith("; may change.") == about.may_change, (name, label)
            choices = ", ".join(f"`{choice}`" for choice in about.choices)
            assert f"; {'one of ' * (len(about.choices) > 1)}{choices}" in allowed or not choices, (
                name,
                label,
            )
