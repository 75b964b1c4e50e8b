"""The page of requests: while some are still to come, and when all are carried out."""

import re
from pathlib import Path

import pytest

from jaxunlearn.errors import InputError
from jaxunlearn.workflows.continual_report import write_requests_page
from jaxunlearn.workflows.registry import Entry, Registry
from jaxunlearn.workflows.remake import remake_page


def registry(path: Path, asked: int = 1, forgotten: int = 1) -> Registry:
    """Return a registry of one finished request, of so many that were asked for."""
    request = {"people": 2, "id": 0.1, "id_highest": 0.2, "forgotten": forgotten}
    figures = {
        "requests": [request],
        "forgotten": forgotten,
        "id": 0.1,
        "others_id": 0.9,
        "others_lost": 0.9,
        "others_lost_counts": {"share": 0.9, "low": 0.8, "high": 0.95, "number": 58, "people": 64},
        "near": {},
        "fid_pre": 3.0,
        "fid_forget": 60.0,
    }
    entry = Entry("january", "01-january", ("seed 3", "seed 4"), "2026-11-01T00:00:00+00:00", "0", figures)
    made = Registry(path, "heads", "0" * 64, [entry], asked)
    made.write()
    return made


def test_a_sequence_that_is_going_on_says_so(tmp_path: Path) -> None:
    page = write_requests_page(registry(tmp_path, asked=3), going=True).read_text()
    assert "1 of 3 requests carried out" in page
    assert '<progress max="3" value="1"' in page
    assert 'http-equiv="refresh"' in page
    assert "To resume them" not in page


def test_a_sequence_that_was_cut_off_says_so(tmp_path: Path) -> None:
    """Its registry knows how many requests were asked for."""
    registry(tmp_path).ask(3)
    page = write_requests_page(Registry.read(tmp_path)).read_text()
    assert "1 of 3 requests carried out" in page
    assert "No command is working on the other requests now" in page
    assert 'http-equiv="refresh"' not in page


def test_a_finished_sequence_stays_as_it_is(tmp_path: Path) -> None:
    page = write_requests_page(registry(tmp_path)).read_text()
    assert "Forgotten in 1 request<" in page
    assert 'http-equiv="refresh"' not in page
    assert "Before, and after each request" not in page  # there is no picture


def test_a_registry_without_requests(tmp_path: Path) -> None:
    Registry(tmp_path, "heads", "0" * 64).write()
    with pytest.raises(InputError, match=r"registry\.json: lists no finished request"):
        remake_page(tmp_path)


def test_a_request_leads_to_the_page_of_its_run(tmp_path: Path) -> None:
    made = registry(tmp_path)
    assert "01-january/report.html" not in write_requests_page(made).read_text()
    (tmp_path / "01-january").mkdir()
    (tmp_path / "01-january" / "report.html").write_text("a page")
    assert '<a href="01-january/report.html">january</a>' in write_requests_page(made).read_text()


def test_columns_are_named_in_words(tmp_path: Path) -> None:
    page = write_requests_page(registry(tmp_path)).read_text()
    assert "other people: similarity" in page
    assert "fid_pre" not in page


def test_people_who_are_lost_are_the_price_of_forgetting(tmp_path: Path) -> None:
    page = write_requests_page(registry(tmp_path, forgotten=2)).read_text()
    assert '<section class="verdict mixed"' in page
    assert "do NOT stay the same: 58 of 64 are somebody else" in page
    assert '<div class="tile bad"><dt>Other people' in page
    assert re.search("other people: lost</th>.*<td>58 of 64</td>", page, re.DOTALL)
