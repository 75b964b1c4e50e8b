"""Words that a stranger does not know are explained at their first use, and listed once at the end."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from jaxunlearn.reporting.page.glossary import Glossary
from jaxunlearn.reporting.page.terms import TERMS, Term
from tests.support.chromium import opened
from tests.support.page_folders import page_of_a_run

ASKED = ("latent", "median radius", "Fréchet distance", "LPIPS", "heads identity judge", "dlib")
"""What strangers did not understand."""


def test_only_the_first_use_is_marked():
    glossary = Glossary()
    first, second = glossary.explain("their latent, a latent"), glossary.explain("the latent")
    assert first.count("<a ") == 1
    assert first.startswith('their <a class="term"')
    assert first.endswith(">latent</a>, a latent")
    assert second == "the latent"
    assert [entry.term.name for entry in glossary.used] == ["latent"]


def test_a_longer_term_is_not_taken_for_a_shorter_one():
    glossary = Glossary()
    assert ">truncated latent</a>" in glossary.explain("at a truncated latent or at a latent")
    assert {entry.term.name for entry in glossary.used} == {"truncated latent", "latent"}
    assert Glossary().explain("a blatant latentness") == "a blatant latentness"


def test_a_name_is_text_and_a_meaning_cannot_leave_its_attribute():
    glossary = Glossary((Term("x", 'a "quoted" <b>', "x"),))
    text = glossary.explain("<i> x")
    assert text.startswith("&lt;i&gt; <a ")
    assert 'data-tip="a &#34;quoted&#34; &lt;b&gt;"' in text


def test_every_spelling_fits_its_own_term():
    for term in TERMS:
        glossary = Glossary()
        glossary.explain(term.name)
        assert term in [entry.term for entry in glossary.used], term.name


def test_meanings_are_short_and_plain():
    for term in TERMS:
        assert len(term.meaning) < 220
        assert term.meaning.endswith(".")
        assert len(re.findall(r"[.:](?= |$)", term.meaning)) <= 3


def test_what_strangers_asked_for_is_explained_once_and_listed(chromium: Browser, tmp_path: Path):
    with opened(chromium, page_of_a_run(tmp_path / "run"), 1200) as shown:
        names = shown.page.locator(".glossary dt").all_inner_texts()
        assert set(ASKED) <= set(names)
        marks = shown.page.locator("a.term")
        assert marks.count() == len(names)
        for mark in marks.all():
            target = str(mark.get_attribute("href"))
            meaning = shown.page.locator(f"dt{target} + dd").inner_text()
            assert str(mark.get_attribute("data-tip")) in meaning
            back = shown.page.locator(f"dt{target} + dd a").get_attribute("href")
            assert back == f"#{mark.get_attribute('id')}"


@pytest.mark.parametrize("width", [1200, 390])
def test_the_explanation_shows_at_the_keyboard_and_fits(chromium: Browser, tmp_path: Path, width: int):
    tip = "e => { const s = getComputedStyle(e, '::after'); return [s.content, parseFloat(s.width)]; }"
    with opened(chromium, page_of_a_run(tmp_path / "run"), width) as shown:
        for mark in shown.page.locator("a.term").all():
            mark.focus()
            content, wide = mark.evaluate(tip)
            assert content == f'"{mark.get_attribute("data-tip")}"'
            assert wide > 90
            assert shown.overhang() == 0


def test_the_list_of_words_is_on_paper(chromium: Browser, tmp_path: Path):
    with opened(chromium, page_of_a_run(tmp_path / "run"), 1200) as shown:
        shown.page.emulate_media(media="print")
        assert shown.page.locator(".glossary dd").first.is_visible()
        assert not shown.page.locator(".glossary .back").first.is_visible()
