"""The page of a study in use, in a browser: keys, clicks, a closed tab, and the file that it saves."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from jaxunlearn.reporting.study import count_answers
from jaxunlearn.reporting.study.folder import Study
from jaxunlearn.reporting.study.results import write_results
from tests.support.chromium import opened
from tests.support.tiny_study import answers_of, tiny_study, written

DESK, PHONE = 1200, 390
_PICTURES = """Promise.all([...document.images].map(async image => {
  image.loading = 'eager';
  await image.decode();
  return image.alt;
}))"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return tiny_study(tmp_path_factory.mktemp("page"), people=1, retained=1, controls=1, given=2, questions=3)


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser that remembers nothing from other tests, with the storage of one participant."""
    made = chromium.new_context(viewport={"width": DESK, "height": 900}, accept_downloads=True)
    yield made
    made.close()


def page_of(context: BrowserContext, study: Study, part: str = "#1") -> Page:
    page = context.new_page()
    page.goto((study.folder / "study.html").absolute().as_uri() + part)
    return page


def now(page: Page) -> str:
    """The heading of what is shown."""
    return page.locator("section:not([hidden]) h2").inner_text()


def saved(page: Page, button: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def right_keys(study: Study, part: int) -> list[str]:
    return [str(study.key["questions"][name]["right"]) for name in study.shown["parts"][part]]


def test_answers_by_keyboard_are_saved_and_counted_as_right(context: BrowserContext, study: Study, tmp_path):
    page = page_of(context, study)
    page.get_by_label("Name or pseudonym").fill("Ada B./")
    page.keyboard.press("1")  # goes into the name
    page.get_by_role("button", name="Start").focus()
    page.keyboard.press("Enter")
    keys = right_keys(study, 0)
    for number, key in enumerate(keys, 1):
        assert now(page) == f"Question {number} of {len(keys)}"
        assert page.locator("#ask-title").evaluate("e => e === document.activeElement")
        page.keyboard.press("7")  # no such picture
        page.wait_for_timeout(20)
        page.keyboard.press(key)
    assert now(page) == "Thank you"
    path = saved(page, "Save my answers", tmp_path)
    assert path.name == "answers-Ada-B-1.json"
    assert "Saved as answers-Ada-B-1.json" in page.locator("#saved").inner_text()
    assert json.loads(page.locator("#text").input_value()) == json.loads(path.read_text())
    counts = count_answers(study.folder, path)
    assert {each.recognised.share for each in counts.counted} <= {1.0, None}
    assert sum(each.recognised.number for each in counts.counted) == len(keys)
    assert counts.participants[0].name == "Ada B./1"
    assert 0.01 < counts.participants[0].answers[0].seconds < 60


def test_a_closed_tab_loses_nothing(context: BrowserContext, study: Study, tmp_path):
    page = page_of(context, study)
    page.get_by_role("button", name="Start").click()
    page.keyboard.press(right_keys(study, 0)[0])
    page.close()
    page = page_of(context, study, "#2")  # the part stays
    assert now(page).startswith("Question 2 of ")
    assert page.locator("#progress").evaluate("e => e.value") == 1
    page.keyboard.press("Backspace")
    pressed = page.locator("[aria-pressed=true]")
    assert pressed.get_attribute("data-choice") == right_keys(study, 0)[0]
    page.get_by_role("button", name="Next").click()
    path = saved(page, "Stop and save what I have so far", tmp_path)
    counts = count_answers(study.folder, path)
    assert counts.participants[0].partial
    assert sum(each.recognised.number for each in counts.counted) == 1
    page.get_by_role("button", name="Back to the questions").click()
    assert now(page).startswith("Question 2 of ")


def test_an_answer_is_changed_by_mouse(context: BrowserContext, study: Study, tmp_path):
    page = page_of(context, study, "#2")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="None of these").click()
    page.get_by_role("button", name="Back").click()
    assert page.locator("#none").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Picture 3").dblclick()  # the second click answers nothing
    assert now(page).startswith("Question 2 of ")
    path = saved(page, "Stop and save what I have so far", tmp_path)
    told = json.loads(path.read_text())
    assert [each["choice"] for each in told["answers"]] == [3]
    assert told["part"] == 1
    assert path.name == f"answers-{told['token'][:8]}.json"


def test_the_next_participant_begins_anew(context: BrowserContext, study: Study):
    page = page_of(context, study)
    page.get_by_role("button", name="Start").click()
    first = page.evaluate("state.token")
    for key in right_keys(study, 0):
        page.keyboard.press(key)
    page.get_by_text("Somebody else is next").click()
    page.get_by_role("button", name="Remove my answers").click()
    assert now(page) == "What to do"
    assert page.evaluate("state.token") != first
    assert page.evaluate("Object.keys(state.answers).length") == 0


def test_parts_are_drawn_by_chance(context: BrowserContext, study: Study):
    page = page_of(context, study, "")
    drawn = page.evaluate("[...Array(60)].map(() => fresh().part)")
    assert set(drawn) == set(range(len(study.shown["parts"])))


def test_without_storage_it_warns_and_works(context: BrowserContext, study: Study):
    context.add_init_script("Storage.prototype.setItem = () => { throw new Error('none') }")
    page = page_of(context, study)
    assert page.get_by_text("do not close it before you have saved").is_visible()
    page.get_by_role("button", name="Start").click()
    page.keyboard.press("0")
    assert now(page).startswith("Question 2 of ")


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_questions_fit_and_the_browser_has_nothing_to_complain_of(
    chromium: Browser, study: Study, width: int
):
    with opened(chromium, study.folder / "study.html", width) as shown:
        assert shown.overhang() == 0
        shown.page.get_by_role("button", name="Start").click()
        assert shown.overhang() == 0
        sizes = shown.page.evaluate(
            "[...document.querySelectorAll('#ask img')].map(each => [each.alt, each.naturalWidth > 0])"
        )
        alts = [
            "The person, from the front",
            "The person, from a side",
            *(f"Picture {k}" for k in range(1, 6)),
        ]
        assert sizes == [[alt, True] for alt in alts]
        for button in shown.page.locator(".choice, #none, #back").all():
            box = button.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44
        assert shown.complaints == []


def test_the_page_of_results(chromium: Browser, study: Study, tmp_path: Path):
    files = [written(tmp_path / f"{n}", answers_of(study, n)) for n in range(6)]
    page = write_results(count_answers(study.folder, files))
    with opened(chromium, page, PHONE) as shown:
        assert shown.overhang() == 0
        assert shown.page.get_by_role("heading", name="What people recognised").is_visible()
        pictures = shown.page.evaluate(_PICTURES)
        assert pictures[0].endswith(", as the source draws them")
        assert shown.page.locator("b").count() == 0
        assert shown.complaints == []
