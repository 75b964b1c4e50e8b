"""`jaxunlearn report`: pages anew from what folders hold."""

import itertools
import json
import re
import time
from types import SimpleNamespace

import numpy as np
import pytest

from jaxunlearn.cli import main as cli
from jaxunlearn.cli.commands import report
from jaxunlearn.files.lock import is_locked, locked
from jaxunlearn.images import save_png
from jaxunlearn.reporting import remake
from jaxunlearn.reporting.live_page import LivePage
from jaxunlearn.reporting.page import picture
from jaxunlearn.reporting.sheets.rendering import missing_sheets
from jaxunlearn.training.callbacks import Diverged, Divergence
from jaxunlearn.training.trainer import Callback, Moment, Trainer
from jaxunlearn.workflows.registry import Registry
from tests.support.page_folders import (
    LONG,
    a_run,
    begun,
    page_of_a_sequence,
    page_of_a_worklist,
    page_of_an_inversion,
    page_of_an_inversion_in_one_file,
)
from tests.support.page_folders import picture as grey


def test_the_page_of_a_finished_run_is_made_anew(tmp_path, capsys):
    folder = a_run(tmp_path / "run", "ada")
    assert cli.main(["report", str(folder.path)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(folder.report)]
    assert "<title>Forgetting ada</title>" in folder.report.read_text()


def test_a_run_that_goes_on_and_one_that_was_cut_off(tmp_path):
    folder = begun(tmp_path / "run", ("ada",), together=False, steps=40)
    with locked(folder.path):
        assert is_locked(folder.path)
        assert cli.main(["report", str(folder.path)]) == 0
    page = folder.report.read_text()
    assert 'http-equiv="refresh"' in page
    assert "Step 5 of 40" in page
    assert not is_locked(folder.path)
    assert cli.main(["report", str(folder.path)]) == 0
    page = folder.report.read_text()
    assert 'http-equiv="refresh"' not in page
    assert "To resume it, give the command that began it once more" in page


def test_the_page_is_written_while_the_run_goes_on(tmp_path, monkeypatch):
    folder = begun(tmp_path / "run", ("ada",), together=False, steps=40)
    page, now = LivePage(5, folder), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    written = []
    for step in (4, 5, 10, 15):
        now[0] += 6
        page.after_step(Moment(step, 40, None, {}, 0.0, lambda k: None))  # type: ignore[arg-type]
        written.append(folder.report.exists())
        folder.report.unlink(missing_ok=True)
    assert written == [False, True, False, True]  # 4 is not logged, 10 comes too soon


def test_the_page_after_the_last_step_goes_on_until_the_command_ends(tmp_path):
    """Generators, pictures and figures take longer than some trainings."""
    folder = begun(tmp_path / "run", ("ada",), together=False, steps=5)
    page = LivePage(5, folder)
    page.at_end()
    text = folder.report.read_text()
    assert 'http-equiv="refresh"' in text
    assert "All 5 steps are taken." in text
    assert not re.search("No command is working on this run|not finished", text)
    folder.generator(0).touch()
    with pytest.raises(KeyboardInterrupt), page:
        raise KeyboardInterrupt
    text = folder.report.read_text()
    assert 'http-equiv="refresh"' not in text
    assert "Not measured yet." in text
    assert f"<code>jaxunlearn evaluate {folder.path}</code>" in text


def test_the_page_of_a_command_that_ended_well_is_not_written_again(tmp_path):
    """Only the command itself knows the last page, with pictures and figures."""
    folder = begun(tmp_path / "run", ("ada",), together=False, steps=5)
    with LivePage(5, folder) as page:
        page.at_end()
        folder.report.write_text("the last page")
    assert folder.report.read_text() == "the last page"


def test_the_page_of_a_run_that_an_error_ends(tmp_path):
    """It no longer says that the run goes on; an error that is for people is on it."""
    folder = begun(tmp_path / "run", ("ada",), together=False, steps=40)
    losses, pages = iter([1.0, np.nan]), []

    class Reads(Callback):
        def after_step(self, moment: Moment) -> None:
            pages.append(folder.report.read_text())

    def advance(state):
        return state, {"loss": np.array([next(losses)]), "gradient_norm": np.ones(1)}

    callbacks = (Divergence(1, 1, set()), live := LivePage(1, folder), Reads())
    with pytest.raises(Diverged):
        Trainer(advance, lambda measured: measured, 1, lambda *_: None, callbacks).run(None, 0, 40)  # type: ignore[arg-type]
    pages.append(folder.report.read_text())
    live.at_error(OSError("in 90 lines"))
    pages.append(folder.report.read_text())
    assert ['http-equiv="refresh"' in page for page in pages] == [True, False, False]
    assert "An error ended this run: step 2: the loss or its gradient is no longer finite" in pages[1]
    assert "No command is working on this run now" in pages[2]


def test_a_picture_is_encoded_once_until_its_file_changes(tmp_path, monkeypatch):
    """A run waits while its page is written."""
    folder = begun(tmp_path / "run", ("ada",), together=False, steps=40)
    page, encoded, original = LivePage(5, folder), [], picture.encoded

    def encode(image, alt, most):
        encoded.append(image.shape[1])
        return original(image, alt, most)

    monkeypatch.setattr(picture, "encoded", encode)
    monkeypatch.setattr(time, "monotonic", itertools.count(0, 100).__next__)
    for step, width in ((5, 192), (10, 192), (15, 96), (20, 96)):
        if width not in encoded:
            save_png(folder.images / "step000005.png", grey(width))
        folder.log({"step": step, "seconds": 7.0 * step, "loss": 0.1})
        page.after_step(Moment(step, 40, None, {}, 0.0, lambda k: None))  # type: ignore[arg-type]
        assert f"Progress at step {step}" in folder.report.read_text()
        assert f'width="{width}"' in folder.report.read_text()
    page.at_end()
    assert encoded == [192, 96]


def test_runs_side_by_side(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folders = [a_run(tmp_path / name / "run").path for name in ("first", "second")]
    config = json.loads((folders[1] / "config.json").read_text())
    (folders[1] / "config.json").write_text(json.dumps(config | {"seed": 77}))
    assert cli.main(["report", "--compare", *map(str, folders)]) == 0
    assert capsys.readouterr().out.splitlines() == ["comparison.html"]
    page = (tmp_path / "comparison.html").read_text()
    assert all(f">{name}</h3>" in page for name in ("first/run", "second/run"))
    assert '<th scope="row">seed</th><td>0</td><td>77</td>' in page
    assert page.count("data:image/webp;base64,") == 3  # before, and after in each run
    assert LONG not in page  # but escaped


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["report"], "one of the arguments RUN --compare is required"),
        (["report", "run", "--out", "page.html"], "--out needs --compare"),
        (["report", "nowhere"], "nowhere: no such folder"),
        (["report", "--compare", "run", "--out", "x.txt"], "x.txt: give a file that ends in .html"),
        (["report", "--compare", "run"], "run: the run is not finished"),
        (["report", "--compare", "nowhere", "neither"], "nowhere: no such folder"),
        (["report", "odd/inversion.json"], "odd/inversion.json: is a file; give a folder"),
        (["report", "--compare", "odd/inversion.json"], "odd/inversion.json: is a file; give a folder"),
        (
            ["report", "."],
            "not the folder of a run, a sweep, a sequence of requests, a work list, a paper's table or an "
            "inversion",
        ),
        (["report", "none.npz"], "none.npz: has no page, because there is no none.json of jaxunlearn invert"),
        (["report", "odd"], "inversion.json: mean.identity is missing"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(tmp_path, monkeypatch, capsys, arguments, line):
    monkeypatch.chdir(tmp_path)
    begun(tmp_path / "run", ("ada",), together=False)
    page_of_an_inversion(tmp_path / "odd")
    odd = json.loads((tmp_path / "odd" / "inversion.json").read_text())
    del odd["mean"]["identity"]
    (tmp_path / "odd" / "inversion.json").write_text(json.dumps(odd))
    try:
        code = cli.main(arguments)
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert line in errors[0]


def test_a_damaged_picture_is_named(tmp_path, capsys):
    folder = a_run(tmp_path / "run")
    file = folder.images / "page" / "person-0000.png"
    file.write_bytes(b"no picture")
    assert cli.main(["report", str(folder.path)]) == 2
    assert f"{file}: is not readable as a picture" in capsys.readouterr().err


def test_a_picture_that_was_removed_is_rendered_anew(tmp_path, monkeypatch):
    """But not other photos, which only `evaluate` has: the page is then without them."""
    folder = a_run(tmp_path / "run")
    person, photos = (folder.images / "page" / f"{name}-0000.png" for name in ("person", "photos"))
    rendered = []
    monkeypatch.setattr(remake, "models_again", lambda *_, **__: SimpleNamespace(generator=None))
    monkeypatch.setattr(remake, "finished", lambda *_: None)
    monkeypatch.setattr(remake, "write_pictures", lambda *_, **__: rendered.append(missing_sheets(folder)))
    photos.unlink()
    assert cli.main(["report", str(folder.path)]) == 0
    assert rendered == []
    assert "In their other photos" not in folder.report.read_text()
    person.unlink()
    assert cli.main(["report", str(folder.path)]) == 0
    assert rendered == [["person-0000"]]


def test_a_run_whose_generator_has_moved(tmp_path, monkeypatch):
    """Each run gets its own --model, in the order of the runs; a single one is for all."""
    monkeypatch.chdir(tmp_path)
    folders = [str(a_run(tmp_path / name).path) for name in ("first", "second")]
    asked = []

    def remake_run_page(folder, *, model, adapters, w_avg):
        assert not adapters
        assert w_avg is None
        asked.append((folder.path, model))

    monkeypatch.setattr(report, "remake_run_page", remake_run_page)
    compare = ["report", "--compare", *folders]
    assert cli.main([*compare, "--model", "a.safetensors", "--model", "heads"]) == 0
    assert cli.main([*compare, "--model", "heads"]) == 0
    assert cli.main(compare) == 0
    assert [model for _, model in asked] == ["a.safetensors", "heads", "heads", "heads", None, None]
    assert [str(path) for path, _ in asked] == folders * 3


def test_too_many_generators_are_refused(tmp_path, capsys):
    folder = str(a_run(tmp_path / "run").path)
    assert cli.main(["report", folder, "--model", "a.safetensors", "--model", "heads"]) == 2
    assert "--model: is there 2 times for 1 run; give it once" in capsys.readouterr().err


def test_a_work_list_and_a_sequence_that_were_cut_off(tmp_path):
    """Their pages load themselves anew only while a process has the lock."""
    lists = page_of_a_worklist(tmp_path / "list").parent
    requests = page_of_a_sequence(tmp_path / "requests").parent
    Registry.read(requests).ask(5)
    for folder, title in ((lists, "1 of 2 people done"), (requests, "3 of 5 requests carried out")):
        with locked(folder):
            assert cli.main(["report", str(folder)]) == 0
        assert 'http-equiv="refresh"' in (folder / "report.html").read_text()
        assert cli.main(["report", str(folder)]) == 0
        page = (folder / "report.html").read_text()
        assert 'http-equiv="refresh"' not in page
        assert f"<title>{title}</title>" in page
        assert re.search("To resume (it|them), give the command that began", page)


@pytest.mark.parametrize(
    "make",
    [page_of_a_worklist, page_of_a_sequence, page_of_an_inversion, page_of_an_inversion_in_one_file],
    ids=lambda make: make.__name__,
)
def test_other_pages_are_made_anew(tmp_path, capsys, make):
    """Of a work list, a sequence and an inversion, without a generator."""
    of = "folder.npz" if make is page_of_an_inversion_in_one_file else "folder"
    page = make(tmp_path / "folder")
    before = page.read_text()
    page.unlink()
    assert cli.main(["report", str(tmp_path / of)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(page)]
    assert page.read_text() == before
    assert cli.main(["report", str(tmp_path / of), "--model", "heads"]) == 2
    assert "needs no generator; leave it out" in capsys.readouterr().err
