"""The built pages: without a warning, no wider than a window, every link and name leads somewhere."""

import importlib
import re

import pytest

from jaxunlearn.cli.main import COMMANDS
from tests.support.chromium import browser, opened
from tests.support.docs_pages import ROOT


@pytest.mark.must
def test_the_pages_build_without_a_warning(built):
    commands_page = (built / "reference" / "command_line.html").read_text(encoding="utf-8")
    assert all(f"jaxunlearn {name}" in commands_page for name in COMMANDS)
    assert "jaxunlearn.unlearn" in (built / "reference" / "api.html").read_text(encoding="utf-8")


@pytest.mark.must
@pytest.mark.parametrize("width", [1400, 390])
def test_no_page_is_wider_than_its_window(built, width):
    with browser() as chromium:
        for page in sorted(built.rglob("*.html")):
            with opened(chromium, page, width) as window:
                assert window.overhang() <= 0, f"{page.relative_to(built)} is wider than {width} pixels"


@pytest.mark.must
def test_no_page_takes_words_for_an_address(built):
    """`FILE:ARGUMENT` looks like one."""
    for page in sorted(built.rglob("*.html")):
        schemes = set(re.findall(r'href="([A-Za-z][\w+.-]*):', page.read_text(encoding="utf-8")))
        assert schemes <= {"https", "http", "mailto"}, page.relative_to(built)


@pytest.mark.must
def test_names_on_the_page_of_python_are_explained_on_it(built):
    """Functions and classes that docstrings name, such as `models.latent_io.read_latents`."""
    text = (built / "reference" / "api.html").read_text(encoding="utf-8")
    explained = set(re.findall(r'id="(jaxunlearn\.[\w.]+)"', text))
    named = set(re.findall(r'<span class="pre">(\w+(?:\.\w+)+)</span>', text))
    assert not [name for name in sorted(named) if is_ours(name) and f"jaxunlearn.{name}" not in explained]


def is_ours(name: str) -> bool:
    """Return True for a name such as `models.loading.load_models`, of something in a module here."""
    module, _, last = name.rpartition(".")
    file = ROOT / "jaxunlearn" / module.replace(".", "/")
    if not (file.is_dir() or file.with_suffix(".py").is_file()):
        return False
    return hasattr(importlib.import_module(f"jaxunlearn.{module}"), last)


@pytest.mark.must
def test_a_sentence_about_a_property_is_not_taken_for_its_type(built):
    """Napoleon takes what stands before a colon in the first line for a type."""
    for page in ("api.html", "ports.html"):
        assert "Type<span" not in (built / "reference" / page).read_text(encoding="utf-8"), page
