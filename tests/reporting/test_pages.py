"""Pages of runs, work lists and sequences, opened in a browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from jaxunlearn.evaluation.papers.picture_change import change_of_all
from jaxunlearn.images import save_png
from jaxunlearn.methods.guide import presets
from jaxunlearn.reporting.page.run_page import write_report
from jaxunlearn.training.storage.run_dir import Request, RunFolder
from jaxunlearn.workflows.batch_dir import DONE, WorklistFolder
from jaxunlearn.workflows.batch_report import write_worklist_page
from jaxunlearn.workflows.continual_report import write_requests_page
from jaxunlearn.workflows.registry import Entry, Registry
from tests.support.chromium import browser, opened
from tests.support.figures import nobody_seen, of_person

DESK, PHONE = 1400, 390
LONG = "Zoë <b>O'Neill</b> " + "of_a_name_without_a_single_space_" * 4


def picture(width: int) -> np.ndarray:
    return np.tile(np.linspace(0, 255, width).astype(np.uint8)[None, :, None], (64, 1, 3))


FIGURES = of_person()


def begun(path: Path, names: tuple[str, ...], *, together: bool) -> RunFolder:
    """A run with pictures and losses, not yet measured."""
    folder = RunFolder(path)
    networks = ("LPIPS AlexNet", "heads identity")
    folder.begin(
        Request("heads", "0" * 64, names, *networks, "the generator's", together=together),
        presets.heads(),
        np.zeros((len(names), 4, 8)),
    )
    save_png(folder.person_picture(), picture(1500))
    save_png(folder.others_picture(), picture(1500))
    for step in range(1, 6):
        folder.log({"step": step, "seconds": float(step), "loss": 1 / step})
    folder.add_to_summary({"steps": 5, "devices": "1 x cpu", "loss": 0.2})
    return folder


def page_of_a_run(path: Path) -> Path:
    folder = begun(path, (LONG,), together=False)
    folder.add_to_summary({"people": {"0": FIGURES}})
    return write_report(folder)


def page_of_a_shared_run(path: Path) -> Path:
    """Two people in one generator; in the pictures of the second no face was found."""
    folder = begun(path, (LONG, "somebody else"), together=True)
    people = {"0": FIGURES, "1": nobody_seen()}
    change = change_of_all([figures["picture_change"] for figures in people.values()])
    interval = {"mean": 0.1, "std": 0.2, "low": -0.3, "high": 0.4, "n": 2, "worst": 0.5}
    alone = interval | {"std": None, "low": None, "high": None, "n": 1}
    share = {"share": 0.5, "low": 0.1, "high": 0.9, "number": 1, "people": 2}
    folder.add_to_summary(
        FIGURES
        | {"forgotten": 1, "people": people, "picture_change": change, "shares": {"forgotten": share}}
        | {"intervals": {"id": interval, "id_others": alone}}
    )
    return write_report(folder)


def page_of_a_worklist(path: Path) -> Path:
    folder = WorklistFolder(path)
    folder.begin("0" * 64, [LONG, "somebody else"], presets.heads())
    shown = folder.picture(0, LONG)
    save_png(shown, picture(600))
    done = {"subject": LONG, "status": DONE, "wave": 0, "steps": 5, "learning_rate": 1e-3, "loss": 0.2}
    folder.add([done | {"generator": "generators/0.safetensors", "picture": str(shown.relative_to(path))}])
    return write_worklist_page(folder)


def page_of_a_sequence(path: Path) -> Path:
    path.mkdir()
    stages = [{"people": 2, "id": 0.1, "id_highest": 0.2, "forgotten": 2}] * 3
    figures = {"stages": stages, "others_id": None, "fid_pre": 3.0, "fid_forget": 60.0}
    entries = [
        Entry(f"request{k}", f"{k}", (LONG, "b"), "2026-11-01T00:00:00+00:00", "0", figures) for k in range(3)
    ]
    registry = Registry(path, "heads", "0" * 64, entries)
    for name in ("people", "others"):
        save_png(path / f"{name}.png", picture(1500))
    return write_requests_page(registry)


def test_pages_say_how_far_the_pictures_moved(tmp_path: Path):
    alone, shared = (
        make(tmp_path / make.__name__).read_text() for make in (page_of_a_run, page_of_a_shared_run)
    )
    assert "<td>MSE, levels 0 to 255</td><td>1022.8</td><td>235.0</td></tr>" in alone
    assert "<td>SSIM, Gaussian window</td><td>0.7156</td><td>one only</td></tr>" in alone
    assert "deviation over people" in shared
    assert "<td>LPIPS</td><td>0.2936</td><td>0.0138</td><td>0.0000</td></tr>" in shared
    assert "22 pictures." in shared


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(
    scope="module", params=[page_of_a_run, page_of_a_shared_run, page_of_a_worklist, page_of_a_sequence]
)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return request.param(tmp_path_factory.mktemp("pages") / "folder")


def test_the_text_is_a_column_in_the_fonts_of_the_system(chromium: Browser, page: Path):
    with opened(chromium, page, DESK) as shown:
        assert "sans-serif" in shown.style("body", "fontFamily")
        assert shown.style("body", "maxWidth") == "960px"
        assert shown.style("body", "lineHeight") == "24px"
        column = shown.page.locator("body").bounding_box()
        assert column is not None
        assert column["x"] == pytest.approx((DESK - column["width"]) / 2, abs=10)
        assert column["width"] < 1000


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_nothing_is_wider_than_the_window(chromium: Browser, page: Path, width: int):
    with opened(chromium, page, width) as shown:
        assert shown.overhang() == 0


def test_the_browser_has_nothing_to_complain_of(chromium: Browser, page: Path):
    with opened(chromium, page, DESK) as shown:
        assert shown.complaints == []
        for picture in shown.page.locator("img").all():
            assert picture.evaluate("image => image.naturalWidth") > 0
            assert picture.get_attribute("alt")


def test_figures_over_people_have_their_interval_and_number(chromium: Browser, tmp_path: Path):
    with opened(chromium, page_of_a_shared_run(tmp_path / "run"), DESK) as shown:
        table = shown.page.locator("table").filter(has_text="95 % interval")
        rows = [row.inner_text().split("\t") for row in table.locator("tr").all()]
        assert [row[0] for row in rows] == ["over people", "id", "forgotten people"]
        assert rows[1][1:] == ["0.100", "-0.300 to 0.400", "0.200", "0.500", "2"]
        assert rows[2][-1] == "1 of 2"


def test_names_are_text_and_never_markup(chromium: Browser, page: Path):
    with opened(chromium, page, DESK) as shown:
        assert shown.page.locator("b").count() == 0
        assert "Zoë <b>O'Neill</b>" in shown.page.inner_text("body")


def test_tables_have_a_header_and_a_cell_for_each_column(chromium: Browser, page: Path):
    with opened(chromium, page, DESK) as shown:
        headed = shown.page.locator("table").filter(has=shown.page.locator("th"))
        assert headed.count() > 0
        for table in headed.all():
            rows = [row.locator("th, td").count() for row in table.locator("tr").all()]
            assert len(rows) > 1
            assert len(set(rows)) == 1


def test_no_markup_is_shown_as_text(chromium: Browser, page: Path):
    with opened(chromium, page, DESK) as shown:
        text = shown.page.inner_text("body").replace("Zoë <b>O'Neill</b>", "")
        assert not re.search("[<>]", text)
