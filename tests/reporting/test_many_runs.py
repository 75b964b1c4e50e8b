"""Pages of several runs in use: the dial of a sweep, and differences over the same people."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from jaxunlearn.evaluation import compare_runs
from jaxunlearn.files.json_lines import write_json_lines
from jaxunlearn.reporting.page.many.compare_page import comparison_values, write_comparison
from jaxunlearn.reporting.page.many.fronts import common_people
from jaxunlearn.reporting.page.many.paired_section import WIDTH, paired_section
from jaxunlearn.reporting.page.sections.run_data import RunData
from jaxunlearn.reporting.sheets.sheet import SheetFolder
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.workflows.remake import remake_page
from tests.support import many_runs
from tests.support.chromium import Opened, opened
from tests.support.many_runs import DLIB, MAIN, a_sweep, page_of_paired_runs, two_runs
from tests.support.page_folders import a_run, begun, finish

DESK = 1200
DISTANCES = ["\N{MINUS SIGN}0.5", "0.35", "0.7"]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_sweep(tmp_path_factory.mktemp("sweep") / "folder")


def steps(shown: Opened) -> list[str]:
    """Headings of the runs that are to be seen."""
    return [each.inner_text() for each in shown.page.locator(".step h3").all() if each.is_visible()]


def test_the_dial_goes_from_run_to_run_by_keyboard(chromium: Browser, sweep: Path):
    with opened(chromium, sweep / "report.html", DESK) as shown:
        assert steps(shown) == [f"d = {DISTANCES[0]}"]
        dial = shown.page.get_by_role("slider")
        dial.focus()
        before = shown.page.locator(".triples > figure img").first.get_attribute("src")
        for distance in DISTANCES[1:]:
            shown.page.keyboard.press("ArrowRight")
            assert steps(shown) == [f"d = {distance}"]
            assert dial.get_attribute("aria-valuetext") == distance
            assert shown.page.locator("output").inner_text() == distance
            captions = shown.page.locator(".pair figcaption:visible").all_inner_texts()
            assert len(captions) == 2 * 12
            assert all(f"d = {distance}" in text for text in captions)
        assert shown.page.locator(".triples > figure img").first.get_attribute("src") == before
        assert shown.complaints == []


def test_without_script_and_on_paper_all_runs_are_there(chromium: Browser, sweep: Path):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((sweep / "report.html").absolute().as_uri())
    assert [each.inner_text() for each in page.locator(".step h3").all()] == [f"d = {d}" for d in DISTANCES]
    assert not page.locator(".step-dial").is_visible()
    context.close()
    with opened(chromium, sweep / "report.html", DESK) as shown:
        shown.page.emulate_media(media="print")
        assert steps(shown) == [f"d = {d}" for d in DISTANCES]
        assert not shown.page.locator(".step-dial").is_visible()


def test_the_page_of_a_sweep_leads_to_the_pages_of_its_runs(chromium: Browser, sweep: Path):
    with opened(chromium, sweep / "report.html", DESK) as shown:
        shown.page.get_by_role("link", name="Page of this run").first.click()
        assert shown.page.url.endswith("/d-0.5/report.html")
        assert shown.page.title().startswith("Forgetting 12 people")


def test_similarities_over_the_distance_are_drawn(sweep: Path):
    page = (sweep / "report.html").read_text()
    (summary,) = re.findall(r"Forgotten people go from [^<]*?\.(?= Across)", page)
    assert "from 0.35 at d \N{MINUS SIGN}0.5 to 0.17 at d 0.7" in summary


def test_the_page_of_a_sweep_is_made_anew(sweep: Path):
    page = sweep / "report.html"
    before = page.read_text()
    page.unlink()
    assert remake_page(sweep) == page
    assert page.read_text() == before


def test_differences_are_those_of_the_statistics(tmp_path: Path):
    first, second = two_runs(tmp_path)
    runs = {path.name: RunData.read(RunFolder(path)) for path in (first, second)}
    (paired,) = paired_section(runs)
    rows = {row.label: row for row in paired.rows}
    found = compare_runs(first, second).judges[MAIN]["id"]
    row = rows[f"similarity of the forgotten, {MAIN}"]
    assert row.difference == f"{found.difference:+.2f} ({found.low:+.2f} to {found.high:+.2f})".replace(
        "-", "\N{MINUS SIGN}"
    )
    assert (row.answer, row.state, row.people) == ("better", "good", 12)  # less alike is more forgotten
    assert row.bar is not None
    assert 0 < row.bar.low <= row.bar.at <= row.bar.high < row.bar.zero == WIDTH / 2
    kept = rows[f"similarity of other people, {MAIN}"]
    assert (kept.answer, kept.state, kept.people) == ("no clear difference", "unknown", 32)


def test_the_first_run_is_worse_if_it_comes_second(tmp_path: Path):
    second, first = two_runs(tmp_path)
    runs = {path.name: RunData.read(RunFolder(path)) for path in (first, second)}
    (paired,) = paired_section(runs)
    assert (paired.first, paired.second) == ("second", "first")
    (row,) = [row for row in paired.rows if row.label == f"similarity of the forgotten, {MAIN}"]
    assert (row.answer, row.state) == ("worse", "bad")


@pytest.mark.parametrize(("people", "answer"), [(5, "no clear difference"), (6, "better")])
def test_few_people_who_differ_alike_may_be_chance(tmp_path: Path, monkeypatch, people, answer):
    """The interval leaves out 0 for both; of five people all signs are alike in one of sixteen cases."""
    monkeypatch.setattr(many_runs, "NAMES", many_runs.NAMES[:people])
    (paired,) = paired_section({path.name: RunData.read(RunFolder(path)) for path in two_runs(tmp_path)})
    (row,) = [row for row in paired.rows if row.label == f"similarity of the forgotten, {MAIN}"]
    assert row.bar is not None
    assert row.bar.high < row.bar.zero
    assert (row.answer, row.people) == (answer, people)


def test_curves_of_other_judges_are_not_drawn_together(tmp_path: Path):
    """Then each run is a point."""
    folders = [RunFolder(path) for path in two_runs(tmp_path)]
    judged = {"id": [0.5], "others_id": 0.9, "others_kept": 0.9, "others": 32, "threshold": 0.7}
    for names, title in (((MAIN, MAIN), "Frontier"), ((MAIN, DLIB), "Forgotten against others kept")):
        for folder, name in zip(folders, names, strict=True):
            write_json_lines(
                folder.frontier_file, [{"step": 5, "judges": {name: judged}, "measured_with": {}}]
            )
        values = comparison_values({folder.path.name: RunData.read(folder) for folder in folders})
        assert values["chart_data"].title == title


def test_figures_of_other_judges_and_networks_are_never_set_against_each_other(tmp_path: Path):
    """Not in a chart; in a table each has its network; and what differs in the measurement is told."""
    runs = {path.name: RunData.read(RunFolder(path)) for path in two_runs(tmp_path)}
    alike = comparison_values(runs)
    assert (alike["chart_data"] is None, alike["same_judge"], alike["measurement"]) == (False, True, None)
    assert not any("not comparable" in label for label, *_ in alike["figures"].rows)
    others = {"identity": DLIB, "judges": [DLIB], "frechet": "inception"}
    runs["second"].folder.add_to_summary({"networks": others, "threshold": 0.79, "fid_pre": 45.0})
    runs["second"] = RunData.read(runs["second"].folder)
    values = comparison_values(runs)
    assert (values["chart_data"], values["same_judge"]) == (None, False)
    rows = {label: cells for label, *cells in values["figures"].rows}
    assert rows["Fréchet distance, other people (not comparable)"] == [
        "1.380 (alexnet, 64 pictures)",
        "45.000 (inception, 64 pictures)",
    ]
    assert rows["change of other people's pictures, LPIPS"] == ["0.005", "0.005"]
    differences = {name: cells for name, *cells in values["measurement"].rows}
    assert differences == {
        "main judge": [MAIN, DLIB],
        "judges": [f"{MAIN}, {DLIB}", DLIB],
        "network of the Fréchet distances": ["alexnet", "inception"],
        "threshold of the main judge": ["0.7", "0.79"],
    }
    page = write_comparison([run.folder.path for run in runs.values()], tmp_path / "c.html").read_text()
    assert "All settings of the training are the same." in page
    assert "not measured by one" in page


def test_other_people_of_the_same_names_are_not_shown_together(tmp_path: Path):
    runs = {name: RunData.read(a_run(tmp_path / name)) for name in ("first", "second")}
    assert len(common_people(runs)) == 1
    ws = np.ones((1, 4, 8), np.float32)
    runs["second"].folder.keep_targets(ws, ws)
    assert common_people(runs) == []


@pytest.mark.parametrize("alike", [False, True])
def test_two_people_of_one_name_have_their_own_pictures(tmp_path: Path, *, alike: bool):
    """By their latents, in whatever order; by their order where even these are alike."""
    runs = {}
    ws = np.random.default_rng(0).standard_normal((2, 4, 8)).astype(np.float32)
    for name, order in (("first", [0, 1]), ("second", [0, 1] if alike else [1, 0])):
        folder = begun(tmp_path / name, ("1.png", "1.png"), together=False)
        finish(folder)
        own = np.zeros_like(ws) if alike else ws[order]
        folder.keep_targets(own, own)
        for k, person in enumerate(order):
            images = np.full((3, 1, 32, 32, 3), 50 + 100 * person, np.uint8)
            SheetFolder(folder.images).write(
                f"person-{k:04d}", ("before", "target", "after"), [{"yaw": 0.0}], images
            )
        runs[name] = RunData.read(folder)
    people = common_people(runs)
    pictures_before = [person.before.source for person in people]
    assert len(pictures_before) == len(set(pictures_before)) == 2
    for person in people:
        assert {each.after.source for each in person.runs} == {person.before.source}


def test_runs_that_were_measured_otherwise_are_not_paired(chromium: Browser, tmp_path: Path):
    first, second = two_runs(tmp_path)
    RunFolder(second).add_to_summary({"settings": {"views": 3}})
    path = write_comparison([first, second], tmp_path / "comparison.html")
    with opened(chromium, path, DESK) as shown:
        text = shown.page.inner_text("section[aria-labelledby=paired]")
        assert "Not compared person by person." in text
        assert "was measured with views 3" in text


def test_intervals_are_on_the_page(chromium: Browser, tmp_path: Path):
    with opened(chromium, page_of_paired_runs(tmp_path), DESK) as shown:
        table = shown.page.locator("table.paired")
        row = table.locator("tr").filter(has_text="similarity of the forgotten, heads identity judge")
        assert "better" in row.inner_text()
        assert row.locator("svg.bar").count() == 1
        assert shown.overhang() == 0


def test_a_single_run_is_compared_with_nobody(tmp_path: Path):
    runs = {"one": RunData.read(a_run(tmp_path / "one"))}
    assert paired_section(runs) == []
