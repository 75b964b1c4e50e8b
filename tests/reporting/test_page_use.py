"""A run's page in use: by mouse, by keyboard, without script, on paper."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from jaxunlearn.files.door import write_json
from jaxunlearn.reporting.page.run_page import write_run_page
from jaxunlearn.reporting.page.sections.run_data import RunData
from jaxunlearn.reporting.page.sections.verdict_section import verdict_section
from jaxunlearn.workflows.batch_dir import WorklistFolder
from jaxunlearn.workflows.batch_report import write_worklist_page
from jaxunlearn.workflows.continual_report import write_requests_page
from tests.support.chromium import opened
from tests.support.figures import of_person
from tests.support.many_runs import page_of_paired_runs
from tests.support.page_folders import (
    LONG,
    a_run,
    a_sequence,
    begun,
    finish,
    many_generators,
    page_of_a_run,
    page_of_a_run_going_on,
    page_of_a_worklist,
)

DESK = 1200


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page_of_a_run(tmp_path_factory.mktemp("page") / "run")


def share(page: Page) -> str:
    """Where the line between before and after is."""
    return page.locator(".compare .stage").first.evaluate("e => e.style.getPropertyValue('--at')")


def test_the_slider_moves_by_keyboard(chromium: Browser, path: Path):
    with opened(chromium, path, DESK) as shown:
        assert share(shown.page) == "50%"
        slider = shown.page.get_by_role("slider").first
        slider.focus()
        for _ in range(3):
            shown.page.keyboard.press("ArrowRight")
        assert share(shown.page) == "53%"
        shown.page.keyboard.press("End")
        assert share(shown.page) == "100%"
        assert slider.get_attribute("aria-valuetext") == "100 percent before, 0 percent after"
        assert shown.style(".dial input", "outlineStyle") == "solid"


def test_the_slider_moves_by_mouse_on_the_picture(chromium: Browser, path: Path):
    with opened(chromium, path, DESK) as shown:
        stage = shown.page.locator(".compare .stage").first
        stage.scroll_into_view_if_needed()
        box = stage.bounding_box()
        assert box is not None
        shown.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 50)
        shown.page.mouse.down()
        shown.page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 60, steps=4)
        shown.page.mouse.up()
        assert share(shown.page) == "20%"
        clip = stage.locator(".after").evaluate("e => getComputedStyle(e).clipPath")
        assert clip == "inset(0px 0px 0px 20%)"
        assert shown.page.get_by_role("slider").first.input_value() == "20"


def test_a_button_shows_another_side(chromium: Browser, path: Path):
    with opened(chromium, path, DESK) as shown:
        image = shown.page.locator(".viewer .compare .after img")
        assert "after, seen from the front" in str(image.get_attribute("alt"))
        front = image.get_attribute("src")
        button = shown.page.get_by_role("button", name="30° from their left")
        button.focus()
        shown.page.keyboard.press("Enter")
        assert "after, seen 30° from their left" in str(image.get_attribute("alt"))
        assert image.get_attribute("src") != front
        assert button.get_attribute("aria-pressed") == "true"


def test_a_dial_shows_other_strengths_with_their_figures(chromium: Browser, path: Path):
    with opened(chromium, path, DESK) as shown:
        chosen = shown.page.locator(".strengths .chosen")
        image, words = chosen.locator("img"), chosen.locator("figcaption")
        assert "at strength 1," in str(image.get_attribute("alt"))
        assert words.inner_text() == (
            "Strength 1: similarity before and after 0.50 to heads identity judge, not found; "
            "0.50 to dlib, not found."
        )
        trained = image.get_attribute("src")
        dial = chosen.get_by_role("slider")
        dial.focus()
        shown.page.keyboard.press("Home")
        assert "at strength 0," in str(image.get_attribute("alt"))
        assert image.get_attribute("src") != trained
        assert "1.00 to heads identity judge, found" in words.inner_text()
        assert dial.get_attribute("aria-valuetext") == words.inner_text()
        shown.page.locator(".strengths .at-strengths li").nth(5).click()
        assert dial.input_value() == "5"
        assert "not measured to dlib." in words.inner_text()
        assert shown.page.locator(".strengths .now figcaption").inner_text() == "1.25"


def test_the_chart_of_a_single_judge_fills_its_card(chromium: Browser, tmp_path: Path):
    folder = a_run(tmp_path / "run")
    summary = folder.summary
    for figures in (summary, summary["people"]["0"]):
        del figures["judges"]["dlib"]
    folder.add_to_summary(summary)
    with opened(chromium, write_run_page(folder), DESK) as shown:
        (card,) = shown.page.locator(".judges .card").all()
        (outer, inner) = (each.bounding_box() for each in (card, card.locator(".chart")))
    assert outer is not None
    assert inner is not None
    assert 400 < inner["width"] > 0.9 * outer["width"]


def test_without_script_the_strengths_are_a_strip(chromium: Browser, path: Path):
    context = chromium.new_context(java_script_enabled=False, viewport={"width": DESK, "height": 900})
    page = context.new_page()
    page.goto(path.absolute().as_uri())
    assert not page.locator(".strengths .chosen").is_visible()
    assert [each.inner_text() for each in page.locator(".strengths .at-strengths figcaption").all()] == [
        "0", "0.25", "0.5", "0.75", "1", "1.25", "1.5",
    ]  # fmt: skip
    context.close()


def test_without_script_both_pictures_are_side_by_side(chromium: Browser, path: Path):
    context = chromium.new_context(java_script_enabled=False, viewport={"width": DESK, "height": 900})
    page = context.new_page()
    page.goto(path.absolute().as_uri())
    before, after = (page.locator(f".viewer .compare .{when}").bounding_box() for when in ("before", "after"))
    assert before is not None
    assert after is not None
    assert before["x"] + before["width"] <= after["x"]
    assert not page.locator(".dial input").first.is_visible()
    context.close()


def test_on_paper_both_pictures_are_side_by_side(chromium: Browser, path: Path):
    with opened(chromium, path, DESK) as shown:
        shown.page.emulate_media(media="print")
        before, after = (
            shown.page.locator(f".viewer .compare .{when}").bounding_box() for when in ("before", "after")
        )
        assert before is not None
        assert after is not None
        assert before["x"] + before["width"] <= after["x"]
        assert not shown.page.locator(".dial").first.is_visible()


def test_the_page_of_a_run_that_goes_on_loads_itself_anew(chromium: Browser, tmp_path: Path):
    path = page_of_a_run_going_on(tmp_path / "run")
    with opened(chromium, path, DESK) as shown:
        assert shown.page.locator("meta[http-equiv=refresh]").get_attribute("content") == "10"
        assert shown.page.get_by_role("progressbar").get_attribute("value") == "5"
        assert "About 4 minutes left" in shown.page.inner_text("main")
        assert "Step 5 of 40" in shown.page.inner_text("main")


def test_the_page_needs_nothing_from_outside_and_may_load_nothing(
    chromium: Browser, path: Path, tmp_path: Path
):
    """Even a script that came into the page would not run."""
    text = path.read_text()
    assert "://" not in text
    changed = tmp_path / "changed.html"
    changed.write_text(text.replace("</main>", "<script>document.title = 'taken'</script></main>"))
    with opened(chromium, changed, DESK) as shown:
        assert shown.page.title().startswith("Forgetting")
        assert any("Content Security Policy" in each for each in shown.complaints)


def test_a_name_in_the_title_is_text(chromium: Browser, tmp_path: Path):
    path = write_run_page(a_run(tmp_path / "run", "</title><script>alert(1)</script>"))
    with opened(chromium, path, DESK) as shown:
        assert shown.page.title() == "Forgetting </title><script>alert(1)</script>"
        assert shown.complaints == []


def test_a_wide_name_stays_in_the_card_of_its_judge(chromium: Browser, tmp_path: Path):
    """A drawing is as wide as 24 Chinese letters, and text runs out of it on either side."""
    folder = begun(tmp_path / "run", ("漢字" * 12, "ada"), together=True)
    finish(folder)
    people = {str(k): of_person({"id": value}) for k, value in enumerate((0.6, 0.1))}
    folder.add_to_summary(of_person() | {"forgotten": 2, "people": people})
    for width in (DESK, 390):
        with opened(chromium, write_run_page(folder), width) as shown:
            assert shown.page.locator(".judges .card").first.inner_text().count("漢") == 12
            assert shown.page.evaluate(
                "[...document.querySelectorAll('.judges .card')].every(card => {"
                " const room = card.getBoundingClientRect();"
                " return [...card.querySelectorAll('text')].every(text => {"
                "  const own = text.getBoundingClientRect();"
                "  return own.left >= room.left && own.right <= room.right; }); })"
            )


def page_of_requests(path: Path) -> Path:
    """Write the page of five requests."""
    path.mkdir()
    return write_requests_page(a_sequence(path, 5))


def page_of_measured_people(path: Path) -> Path:
    """Write the page of a work list of two people, of whom the second is not forgotten."""
    page_of_a_worklist(path)
    folder = WorklistFolder(path)
    folder.add([folder.last()[LONG] | {"subject": "somebody else"}])
    nobody = {"others_lost": None, "others_lost_counts": {"share": None, "number": 0, "people": 0}}
    for subject, figures in ((LONG, of_person()), ("somebody else", of_person({"found": {"latent": True}}))):
        how = {"seed": 0, "judges": ["dlib"]}
        figures = figures | (nobody if subject == LONG else {})
        folder.add_measured({"subject": subject, "wave": 0, "measured_with": how, "figures": figures})
    return write_worklist_page(folder)


@pytest.mark.parametrize("make", [page_of_requests, page_of_paired_runs, page_of_measured_people])
def test_on_paper_tables_have_all_their_columns(chromium: Browser, tmp_path: Path, make):
    """A sheet of A4 between its margins is 680 pixels wide."""
    with opened(chromium, make(tmp_path / "folder"), 680) as shown:
        shown.page.emulate_media(media="print")
        tables = "[...document.querySelectorAll('.scroll')].map(each => each.scrollWidth - each.clientWidth)"
        assert set(shown.page.evaluate(tables)) == {0}
        assert shown.overhang() == 0


def test_whoever_is_not_forgotten_is_the_first_of_a_work_list(chromium: Browser, tmp_path: Path):
    with opened(chromium, page_of_measured_people(tmp_path / "list"), DESK) as shown:
        rows = [row.inner_text().split("\t") for row in shown.page.locator("tbody tr").all()]
        assert [(row[0], row[2].split("\n")[0], row[3]) for row in rows] == [
            ("somebody else", "not forgotten", "2 of 64"),
            (LONG, "forgotten", "unknown"),
        ]


def test_the_meaning_of_a_word_in_a_table_opens_at_its_column(chromium: Browser, tmp_path: Path):
    """Not at the left edge of a wide window: the column of the text is what it is placed in."""
    with opened(chromium, page_of_paired_runs(tmp_path / "runs"), 1920) as shown:
        word = shown.page.locator(".scroll .term").first
        word.focus()
        inside = "e => { let at = e.parentElement; while (getComputedStyle(at).position === 'static')"
        inside += " at = at.parentElement; return at.getBoundingClientRect().left; }"
        assert word.evaluate(inside) > 400


def test_an_attack_that_brings_many_back_names_some_of_them(tmp_path: Path):
    folder = many_generators(tmp_path / "run", 20)
    person = {"relearn_steps": 4, "more_than": None, "steps": [0, 4]}
    curves = {"person": person, "strangers": [{"relearn_steps": 33, "more_than": None}]}
    people = {str(k): {"relearning": curves} for k in range(20)}
    names = {str(k): f"seed {k}" for k in range(20)}
    write_json(
        folder.path / "attack.json",
        {"version": "0.1.0", "people": people, "subjects": names, "seconds": {}},
    )
    assert (
        "An attack brings back seed 0, seed 1, seed 2, seed 3, seed 4 and 15 more."
        in verdict_section(RunData.read(folder)).rest
    )


def test_a_command_on_a_page_can_be_pasted(tmp_path: Path):
    """A hyphen before a number is no minus sign there."""
    folder = begun(tmp_path / "-5 runs", ("ada", "bea"), together=False)
    finish(folder)
    page = write_run_page(folder).read_text()
    assert f"<code>jaxunlearn evaluate &#39;{folder.path}&#39;</code>" in page
    assert "People who are not forgotten come first" not in page  # nobody knows who that is
