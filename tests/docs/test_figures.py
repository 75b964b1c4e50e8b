"""Figures of README and docs that must be those of measurements and presets in the repository."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cells import by_judge, by_judge_head, forgotten_of_known, found_by_place
from benchmarks.many_people_heads.lines import Line as LineOfMany
from benchmarks.one_person_page import Line
from jaxunlearn.cli.main import parser
from jaxunlearn.evaluation.forgetting_by_judge import PLACES
from jaxunlearn.files.json_lines import read_json_lines
from jaxunlearn.methods.config.declaration import flat
from jaxunlearn.methods.registry import preset, preset_names
from tests.support.docs_pages import ROOT

BENCHMARKS = ROOT / "benchmarks"
OF_SCALE = ("surrogates.epochs", "surrogates.width", "surrogates.learning_rate", "pairs.alpha_max")
"""Settings that suit a model's size, whatever the method."""


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def row(page: str, start: str, nth: int = 0) -> list[str]:
    """Return the cells of the nth row of a page whose first cell begins so, without the first."""
    found = [line for line in read(page).splitlines() if line.startswith(f"| {start}")]
    return [cell.strip() for cell in found[nth].strip("| ").split(" | ")[1:]]


def counts(people: Sequence[dict]) -> dict[str, str]:
    """Return what the tables of README count of people: start of a row → its cell."""
    by_place = dict(zip(PLACES, found_by_place(people), strict=True))
    judged = dict(zip(by_judge_head(people), by_judge(people), strict=True))
    forgotten = sum(person["forgotten"] is True for person in people)
    return {
        "found by no judge anywhere": f"{forgotten} of {len(people)}",
        "found at their own latent": by_place["latent"],
        "found in another photo |": by_place["photos"],
        "found in another photo by dlib": judged["in a photo: dlib"],
        "forgotten, of the people whom all three judges": forgotten_of_known(people),
    }


def of_one_person(method: str) -> dict[str, str]:
    lines = read_json_lines(BENCHMARKS / "one_person_heads.jsonl", Line)
    return counts([each["figures"] for each in lines if (each["method"], each["draw"]) == (method, 0)])


def of_many(name: str, people: int) -> dict[str, str]:
    lines = read_json_lines(BENCHMARKS / "many_people_heads" / "results.jsonl", LineOfMany)
    (found,) = [each for each in lines if (each["row"], each["people"]) == (name, people)]
    return counts(found["persons"])


def test_the_readme_says_in_numbers_what_judges_can_say():
    alone = [of_one_person(method) for method in ("guide", "legato")]
    for start in alone[0]:
        assert [cell.split(" (")[0] for cell in row("README.md", start)] == [each[start] for each in alone]
    together = [of_many(name, people) for people in (5, 20) for name in ("GUIDE", "SUGAR")]
    for start in list(together[0])[:4]:
        assert row("README.md", start, 1) == [each[start] for each in together], start


def test_settings_in_which_the_bundled_sugar_is_not_the_papers_are_told():
    text = read("docs/explanation/sugar.md")
    for people in (10, 100):
        ours, theirs = (flat(preset(f"sugar/{name}", people)) for name in ("heads", "paper"))
        differ = [
            key for key in ours if key.startswith(("surrogates.", "pairs.")) and ours[key] != theirs[key]
        ]
        assert not [key for key in differ if f"`{key}`" not in text and key not in OF_SCALE]


def test_what_a_step_takes_alone_and_beside_other_work_is_told_rightly():
    cases = json.loads(read("benchmarks/copies_heads/results.json"))["cases"]
    alone = {
        case["case"]["config"]["method"]: case["step_seconds"]["p50"]
        for case in cases
        if case["case"]["copies"] == 1
    }
    for method, start in (("guide", "one person forgotten, others"), ("legato", "one person forgotten by")):
        assert f"300 steps of {alone[method]:.2f} s" in row("docs/index.md", start)[1]
    quickstart = read("docs/quickstart.md")
    steps, seconds = map(int, re.findall(r"The run took (\d+) steps in (\d+) s", quickstart)[0])
    beside = seconds / steps
    for page in ("docs/index.md", "docs/guides/one_person.md"):
        assert re.search(rf"\b{beside:.1f} s\b", read(page)), page
    assert (round(5 * alone["guide"]), round(5 * beside)) == (3, 10), "minutes of 300 steps"
    assert "300 steps: three minutes on two cores, ten beside other work" in quickstart


def test_the_demos_words_are_those_of_the_same_run_in_the_gallery_but_for_figures():
    said = json.loads(read("docs/gallery/made.json"))["one"]["said"]
    block = re.findall(r"```text\n(.*?)```", read("docs/quickstart.md"), re.DOTALL)[0].splitlines()
    number = re.compile(r"[-\d.]*\d")
    assert [number.sub("#", line) for line in block[: len(said)]] == [number.sub("#", line) for line in said]


def test_presets_that_measure_as_official_programs_do_are_named():
    text = (
        read("docs/guides/paper_tables.md").split("## As the official programs measure")[1].split("\n## ")[0]
    )
    named = [name for name in preset_names() if preset(name).evaluation.pivot == "origin"]
    assert len(named) == 4
    assert not [name for name in named if f"`{name}`" not in text]


def test_folders_that_commands_write_into_by_default_are_listed():
    text = read("docs/guides/troubles.md").split("## Remove jaxunlearn")[1]
    (commands,) = [each.choices for each in parser()._actions if isinstance(each.choices, dict)]
    folders = {command.get_default("out") for command in commands.values()}
    default = [folder for folder in folders if isinstance(folder, Path)]
    assert len(default) >= 4
    assert not [folder for folder in default if f"`{folder}/`" not in text]
