"""The page of 200 people, each with a generator: not too long to look at, and written in little time."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from jaxunlearn.reporting.page.picture import LARGEST_PAGE
from jaxunlearn.reporting.page.run_page import write_run_page
from jaxunlearn.reporting.page.sections import others_section, people_section
from jaxunlearn.reporting.page.sections.run_data import RunData
from jaxunlearn.reporting.sheets import sheet
from jaxunlearn.training.storage.run_dir import RunFolder
from tests.support.chromium import opened
from tests.support.page_folders import figure_lines, many_generators, write_lines

PEOPLE = 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = many_generators(tmp_path_factory.mktemp("many") / "run", PEOPLE)
    write_run_page(folder)
    return folder


def test_the_page_is_small_and_short(chromium: Browser, folder: RunFolder):
    assert folder.report.stat().st_size < LARGEST_PAGE
    with opened(chromium, folder.report, 1200) as shown:
        assert shown.page.evaluate("document.documentElement.scrollHeight") < 20_000
        assert shown.complaints == []
        assert all(shown.page.evaluate("[...document.images].map(each => each.loading === 'lazy')"))


def test_everybody_is_there_for_those_who_ask(chromium: Browser, folder: RunFolder):
    names = "section[aria-labelledby=people] h3"
    with opened(chromium, folder.report, 1200) as shown:
        assert shown.page.locator(names).count() == PEOPLE
        assert shown.page.locator(f"{names}:visible").count() == people_section.WHOLE + people_section.CARDS
        more = shown.page.get_by_text("172 more people, from the front")
        more.focus()
        shown.page.keyboard.press("Enter")
        assert shown.page.locator(f"{names}:visible").count() == PEOPLE
        visible = shown.page.locator(names).first.inner_text()
        assert visible == "seed 190"  # not forgotten, and most alike of these
        groups = shown.page.locator("section[aria-labelledby=others] h3")
        assert groups.count() == 2 * PEOPLE
        assert shown.page.locator("section[aria-labelledby=others] h3:visible").count() == 8


def test_generators_that_changed_others_most_come_first(folder: RunFolder):
    lines = figure_lines(PEOPLE)
    for line in lines:
        if line["kind"] == "retained":
            line["lost"] = line["copy"] == 123
    write_lines(folder, lines)
    first, *_ = others_section.others_section(RunData.read(folder), lambda image, alt: alt)  # type: ignore
    assert first.title == "People chosen at random, generator of seed 123"


def test_the_index_of_pictures_is_read_once(folder: RunFolder, monkeypatch: pytest.MonkeyPatch):
    """With 600 sheets, reading it for each sheet took two minutes."""
    asked, read = [], sheet.read_json
    monkeypatch.setattr(sheet, "read_json", lambda path: asked.append(path) or read(path))
    write_run_page(folder)
    assert len(asked) == 1


def test_pictures_get_the_room_of_those_that_are_shown(folder: RunFolder):
    run = RunData.read(folder)
    html = folder.report.read_text()
    used = html.count("<img")
    counted = people_section.people_pictures(run) + others_section.others_pictures(run)
    # A person who is seen from all sides has their front twice: counted, but encoded once for the slider.
    assert used <= counted <= used + 3 * PEOPLE


def test_sheets_are_written_and_dropped(tmp_path: Path):
    many_generators(tmp_path / "run", 2)
    sheets = sheet.SheetFolder(tmp_path / "run" / "images")
    assert sheets.size("person-0001") == (3, 5)
    assert sheets.size("nobody") == (0, 0)
    sheets.drop("person-0001")
    assert "person-0001" not in sheet.SheetFolder(tmp_path / "run" / "images").names()
    assert sheets.read("person-0001") is None
