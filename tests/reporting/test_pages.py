"""Pages of runs, work lists, sequences, comparisons and inversions, opened in a browser."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.chromium import Opened, opened
from tests.support.many_runs import page_of_a_sweep, page_of_paired_runs
from tests.support.page_folders import (
    page_of_a_comparison,
    page_of_a_run,
    page_of_a_run_going_on,
    page_of_a_sequence,
    page_of_a_shared_run,
    page_of_a_worklist,
    page_of_an_inversion,
)
from tests.support.paper_tables import page_of_a_table

DESK, PHONE = 1400, 390
_PICTURES = """Promise.all([...document.images].map(async image => {
  image.loading = 'eager';
  await image.decode();
  const names = ['alt', 'width', 'height', 'decoding'];
  return [image.naturalWidth, ...names.map(name => image.getAttribute(name))];
}))"""
_TABLES = """[...document.querySelectorAll('table:has(thead)')].map(
  table => [...table.rows].map(row => row.cells.length))"""
PAGES = [
    page_of_a_run,
    page_of_a_shared_run,
    page_of_a_run_going_on,
    page_of_a_worklist,
    page_of_a_sequence,
    page_of_a_comparison,
    page_of_an_inversion,
    page_of_a_sweep,
    page_of_paired_runs,
    page_of_a_table,
]


@pytest.fixture(scope="module", params=PAGES, ids=lambda make: make.__name__)
def shown(
    request: pytest.FixtureRequest, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Opened]:
    """A page, opened once for all tests of it; it does not load itself anew in the middle of a test."""
    path: Path = request.param(tmp_path_factory.mktemp("pages") / "folder")
    path.write_text(re.sub(r'<meta http-equiv="refresh"[^>]*>', "", path.read_text()))
    with opened(chromium, path, DESK) as page:
        page.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        yield page


def test_the_text_is_a_column_in_the_fonts_of_the_system(shown: Opened):
    assert "sans-serif" in shown.style("body", "fontFamily")
    assert shown.style("main", "maxWidth") == "960px"
    assert shown.style("body", "lineHeight") == "24px"
    column = shown.page.locator("main").bounding_box()
    assert column is not None
    assert column["x"] == pytest.approx((DESK - column["width"]) / 2, abs=10)


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_nothing_is_wider_than_the_window(shown: Opened, width: int):
    shown.page.set_viewport_size({"width": width, "height": 900})
    assert shown.overhang() == 0
    shown.page.set_viewport_size({"width": DESK, "height": 900})


def test_the_browser_has_nothing_to_complain_of(shown: Opened):
    pictures = shown.page.evaluate(_PICTURES)
    assert all(size > 0 for size, *_ in pictures)
    for _, *attributes in pictures:
        assert all(attributes)
    assert shown.complaints == []


def test_headings_and_landmarks_are_in_order(shown: Opened):
    assert [shown.page.locator(name).count() for name in ("h1", "main", "header", "footer")] == [1] * 4
    levels = shown.page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map(each => +each.tagName[1])"
    )
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    sections = """[...document.querySelectorAll('[aria-labelledby]')].map(
      each => document.querySelectorAll('#' + each.getAttribute('aria-labelledby')).length)"""
    ids = shown.page.evaluate("[...document.querySelectorAll('[id]')].map(each => each.id)")
    assert len(ids) == len(set(ids))
    assert set(shown.page.evaluate(sections)) <= {1}


def test_names_are_text_and_never_markup(shown: Opened):
    assert shown.page.locator("b").count() == 0
    assert "Zoë <b>O'Neill</b>" in shown.page.inner_text("body")


def test_tables_have_a_header_and_a_cell_for_each_column(shown: Opened):
    for rows in shown.page.evaluate(_TABLES):
        assert len(rows) > 1
        assert len(set(rows)) == 1


def test_no_markup_is_shown_as_text(shown: Opened):
    text = shown.page.inner_text("body").replace("Zoë <b>O'Neill</b>", "")
    assert not re.search("[<>]", text)


def test_figures_over_people_have_their_interval_and_number(chromium: Browser, tmp_path: Path):
    with opened(chromium, page_of_a_shared_run(tmp_path / "run"), DESK) as shown:
        table = shown.page.locator("table").filter(has_text="95 % interval")
        rows = [row.inner_text().split("\t") for row in table.locator("tr").all()]
        assert [row[0] for row in rows] == ["over people", "id", "forgotten people"]
        assert rows[1][1:] == ["0.100", "−0.300 to 0.400", "0.200", "0.500", "2"]  # noqa: RUF001
        assert rows[2][-1] == "1 of 2"


def test_the_page_of_requests_says_first_what_came_out(chromium: Browser, tmp_path: Path):
    with opened(chromium, page_of_a_sequence(tmp_path / "requests"), DESK) as shown:
        first = shown.page.locator("main h2").first
        assert first.inner_text() == "After request2: 6 of 6 people are forgotten, similarity 0.10."
        assert shown.page.locator("section.verdict").get_attribute("class") == "verdict good"
        assert shown.page.locator(".reasons dt").all_inner_texts() == ["After request0", "After request1"]
