"""Figures of README and docs that must be those of measurements and presets in the repository."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.cells import found_by_place
from benchmarks.forgotten_tables import forgotten_of_recognised, in_a_photo
from benchmarks.many_people_heads.cases import RANDOM
from benchmarks.many_people_heads.lines import Line as LineOfMany
from benchmarks.one_person_page import Line
from jaxunlearn.cli.main import parser
from jaxunlearn.evaluation.forgetting_by_judge import PLACES
from jaxunlearn.files.json_lines import read_json_lines
from jaxunlearn.methods.config.declaration import flat
from jaxunlearn.methods.registry import preset, preset_names
from jaxunlearn.reporting.verdict.others import MOST_LOST
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


def table(page: str, start: str) -> list[list[str]]:
    """Return the rows of cells of a page's table whose head begins so."""
    found = read(page).split(f"| {start}")[1].split("\n\n")[0].splitlines()[2:]
    return [line.strip("| ").split(" | ") for line in found]


def counts(people: Sequence[dict], others: Sequence[dict]) -> dict[str, str]:
    """Return what tables count of people: start of a row → its cell.

    Args:
      people: figures of each forgotten person.
      others: figures of everybody else, of each generator.
    """
    by_place = dict(zip(PLACES, found_by_place(people), strict=True))
    forgotten = sum(person["forgotten"] is True for person in people)
    return {
        "found by no judge anywhere": f"{forgotten} of {len(people)}",
        "found at their own latent": by_place["latent"],
        "found in another photo |": by_place["photos"],
        "found in another photo by dlib": in_a_photo(people)["dlib"],
        "forgotten, of the people whom all three judges": forgotten_of_recognised(people),
        "random other people": added([each["others_lost_counts"] for each in others]),
        "people near them": added([each["near"]["1.0"]["lost_counts"] for each in others]),
    }


def added(lost: Sequence[dict]) -> str:
    """Return how many people are lost, of how many, added up over generators."""
    return " of ".join(f"{sum(each[key] for each in lost):.0f}" for key in ("number", "people"))


def people_alone(method: str) -> list[dict]:
    lines = read_json_lines(BENCHMARKS / "one_person_heads.jsonl", Line)
    return [each["figures"] for each in lines if (each["method"], each["draw"]) == (method, 0)]


def of_one_person(method: str) -> dict[str, str]:
    return counts(people_alone(method), people_alone(method))


def of_many(name: str, people: int) -> dict[str, str]:
    lines = read_json_lines(BENCHMARKS / "many_people_heads" / "results.jsonl", LineOfMany)
    (found,) = [each for each in lines if (each["row"], each["people"]) == (name, people)]
    return counts(found["persons"], [found["others"]])


@pytest.mark.parametrize("page", ["README.md", "docs/results/index.md", "docs/results/one_person.md"])
def test_what_judges_say_of_people_alone_is_that_of_the_measurement(page: str):
    alone = [of_one_person(method) for method in ("guide", "legato")]
    for start in alone[0]:
        assert [cell.split(" (")[0] for cell in row(page, start)] == [each[start] for each in alone], start


def test_in_whose_photos_each_judge_finds_people_is_that_of_the_measurement():
    page, start = "docs/results/one_person.md", "of these, found in a photo after"
    for method in ("guide", "legato"):
        told = zip(
            row(page, f"{start} {method.upper()}"), row(page, "people whom it recognises"), strict=True
        )
        assert [" of ".join(each) for each in told] == list(in_a_photo(people_alone(method)).values())


@pytest.mark.parametrize(
    ("page", "nth", "of_five", "of_twenty"),
    [
        ("docs/results/index.md", 1, ("GUIDE", "SUGAR"), ("GUIDE", "SUGAR")),
        (
            "docs/results/many_people.md",
            0,
            ("GUIDE", "SUGAR", "SUGAR, one adapter", "LEGATO, composed", RANDOM),
            ("GUIDE", "SUGAR", RANDOM),
        ),
    ],
)
def test_what_judges_say_of_people_together_is_that_of_the_measurement(
    page: str, nth: int, of_five: Sequence[str], of_twenty: Sequence[str]
):
    together = [of_many(name, 5) for name in of_five] + [of_many(name, 20) for name in of_twenty]
    for start in together[0].keys() - {"forgotten, of the people whom all three judges"}:
        cells = [cell.split(" (")[0] for cell in row(page, start, nth)]
        assert cells == [each[start] for each in together], start


def test_which_method_is_told_with_the_figures_of_the_measurements():
    alone = {f"[{method}](": [of_one_person(method.lower())] for method in ("GUIDE", "LEGATO")}
    together = {
        start: [of_many(name, people) for people in groups]
        for start, name, groups in (
            ("[SUGAR](", "SUGAR", (5, 20)),
            ("[SUGAR with adapters](", "SUGAR, one adapter", (5,)),
            ("[GUIDE with a shared generator](", "GUIDE", (5, 20)),
        )
    }
    for start, counted in (alone | together).items():
        (cells,) = [each for each in table("docs/index.md", "You want") if each[1].startswith(start)]
        for cell, key in zip(cells[2:4], ("found by no judge anywhere", "random other people"), strict=True):
            assert cell == ", ".join(each[key] for each in counted), start


def test_how_many_may_be_lost_is_told_as_the_verdict_counts():
    assert f'"stay the same" if at most {MOST_LOST:.0%} of them'.replace("%", " %") in read("docs/index.md")


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
    for method, start in (("guide", "GUIDE, one person"), ("legato", "LEGATO, one person")):
        assert f"300 steps of {alone[method]:.2f} s" in row("docs/index.md", start)[0]
    said = json.loads(read("docs/gallery/made.json"))["one"]["said"]
    steps, seconds = map(int, re.findall(r"The run took (\d+) steps in (\d+) s", said[-1])[0])
    beside = seconds / steps
    for page in ("docs/index.md", "docs/guides/one_person.md"):
        assert re.search(rf"\b{beside:.1f} s\b", read(page)), page
    assert (round(5 * alone["guide"]), round(5 * beside)) == (3, 6), "minutes of 300 steps"
    assert "300 steps: three minutes on two cores, six while other work runs" in read("docs/quickstart.md")


def test_the_demos_words_are_those_of_the_same_run_in_the_gallery_but_for_figures():
    said = json.loads(read("docs/gallery/made.json"))["one"]["said"]
    block = re.findall(r"```text\n(.*?)```", read("docs/quickstart.md"), re.DOTALL)[0].splitlines()
    number = re.compile(r"[-\d.]*\d")
    assert [number.sub("#", line) for line in block[: len(said)]] == [number.sub("#", line) for line in said]


def test_the_words_of_the_guide_to_attacks_are_those_of_the_run_in_the_gallery():
    said = json.loads(read("docs/gallery/made.json"))["attacked"]["said"]
    (block,) = re.findall(r"```text\n(.*?)```", read("docs/guides/attacks.md"), re.DOTALL)
    assert block.splitlines() == said


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


def test_each_part_of_guide_is_told_as_its_table_counts():
    cells = json.loads(read("benchmarks/paper_tables/guide-1.json"))["cells"]
    counts = {cell["row"]: cell["judged"] for cell in cells}
    lost = {row: judged["others_lost"]["number"] for row, judged in counts.items()}
    text = " ".join(
        read("docs/results/one_person.md").split("## Each part of GUIDE")[1].split("```")[0].split()
    )
    assert (
        f"{lost['baseline']} of 240 random others by the baseline, {lost['extrapolated']} with the "
        f"extrapolated target, {lost['adjacent']} with `L_adj`, but {lost['guide']} with GUIDE as a whole"
    ) in text
    means = [f"{cell['figures']['id']['mean']:.3f}" for cell in cells]
    assert f"ID {means[2]} with it, {means[1]} without" in text
    forgotten = [judged["forgotten"]["number"] for judged in counts.values()]
    assert (
        "It forgets fewer people: {3} of 5, where the others forget {0}, {1} and {2}".format(*forgotten)
        in text
    )
