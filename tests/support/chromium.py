"""Pages as a person sees them: Debian's Chromium without a window."""

import contextlib
import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright


@dataclasses.dataclass(frozen=True)
class Opened:
    """A page in a browser.

    Attributes:
      page: playwright's.
      complaints: what the browser's console said was wrong, also files that are not there.
    """

    page: Page
    complaints: list[str]

    def style(self, selector: str, rule: str) -> str:
        """Return a computed style of the first element that a selector matches."""
        return self.page.locator(selector).first.evaluate(
            "(element, rule) => getComputedStyle(element)[rule]", rule
        )

    def overhang(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser; skip the test where Chromium is not installed."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("Chromium is not installed (Debian's package `chromium`)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()


@contextlib.contextmanager
def opened(browser: Browser, path: Path, width: int) -> Iterator[Opened]:
    """Open the page of a file in a window of the given width in pixels."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type != "log" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"not loaded: {request.url}"))
    page.goto(path.absolute().as_uri(), wait_until="load")
    try:
        yield Opened(page, complaints)
    finally:
        page.close()
