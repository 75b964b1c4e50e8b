"""The gallery of the docs: made from commands, by a script, in few bytes."""

import importlib.util
import json
import re
import shlex
import shutil
import types
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from jaxunlearn.cli.main import parse
from jaxunlearn.errors import InputError
from jaxunlearn.images import save_png
from tests.support.docs_pages import ROOT
from tests.support.page_folders import cells, page_of_a_run

MOST_BYTES = 150_000
"""Of all pictures of the gallery in the repository."""


def loaded(path: Path) -> types.ModuleType:
    """A program that is not in a package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = loaded(ROOT / "tools" / "make_gallery.py")
RUNS = {run.name: run for run in TOOL.gallery_runs(ROOT)}


@pytest.mark.parametrize("name", RUNS)
def test_commands_of_the_gallery_parse(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    for command in RUNS[name].commands:
        program, *arguments = shlex.split(command)
        assert program == "jaxunlearn"
        parse(arguments)
    out = Path(RUNS[name].page).parent
    assert f"--out {out}" in RUNS[name].commands[0]
    assert Path(RUNS[name].picture).is_relative_to(out)


def test_what_was_made_is_of_these_runs_and_small():
    made = json.loads((ROOT / "docs" / "gallery" / "made.json").read_text())
    pictures = {path.stem: path for path in (ROOT / "docs" / "images" / "gallery").glob("*")}
    assert set(made) <= set(RUNS)
    assert set(pictures) == set(made)
    assert sum(path.stat().st_size for path in pictures.values()) <= MOST_BYTES
    assert TOOL.LARGEST_PICTURE * len(RUNS) <= MOST_BYTES


def test_words_of_another_version_say_so():
    """Words that the present program cannot say, such as `0.5 median radii away`, stand beside a note."""
    made = json.loads((ROOT / "docs" / "gallery" / "made.json").read_text())
    for name, run in made.items():
        old = any("0.5 median radii away" in line for line in run["said"])
        assert old <= ("note" in run), name


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one run in its gallery, which was not made yet."""
    folder = tmp_path / "docs" / "gallery"
    folder.mkdir(parents=True)
    (folder / "runs.toml").write_text(
        '[one]\ntitle = "One"\npage = "runs/one/report.html"\npicture = "runs/one/p.png"\nshare = 0.5\n'
        'shows = "Rows"\ncommands = ["jaxunlearn unlearn --seed 7", "jaxunlearn evaluate one"]\n'
    )
    (folder / "made.json").write_text("{}")
    return tmp_path


def carry_out(root: Path, carried_out: list[list[str]]):
    """Stand in for the commands: they make a page and a picture."""

    def command(arguments: Sequence[str]) -> str:
        carried_out.append(list(arguments))
        if arguments[0] == "unlearn":
            shutil.rmtree(root / "runs", ignore_errors=True)
            (root / "runs").mkdir()
            page_of_a_run(root / "runs" / "one")
            picture = cells(3, 5, 160, noise=True)
            save_png(root / "runs" / "one" / "p.png", picture.swapaxes(1, 2).reshape(480, 800, 3))
        table = "| d | lost |\n| - | - |\n| 1 | 0 |\n"
        return f"ada is forgotten.\n\n{table}\nLook at runs/one/report.html\nruns/one/0000.safetensors\n"

    return command


def test_a_run_is_made_once(root: Path):
    carried_out: list[list[str]] = []
    (run,) = TOOL.gallery_runs(root)
    for _ in range(2):
        TOOL.make(run, root, carry_out(root, carried_out))
    assert carried_out == [["unlearn", "--seed", "7"], ["evaluate", "one"]]
    made = json.loads((root / "docs" / "gallery" / "made.json").read_text())
    assert made["one"]["said"] == ["ada is forgotten.", "| d | lost |", "| - | - |", "| 1 | 0 |"]
    assert made["one"]["commands"] == list(run.commands)
    page = root / "docs" / "_pages" / "gallery" / "one" / "report.html"
    assert page.read_bytes() == (root / run.page).read_bytes()
    assert made["one"]["megabytes"] == round(page.stat().st_size / 1e6, 1)
    shown = root / "docs" / "images" / "gallery" / "one.webp"
    assert shown.stat().st_size <= TOOL.LARGEST_PICTURE
    with Image.open(shown) as image:
        assert image.width / image.height == pytest.approx(800 / 240, rel=0.02)


def test_other_commands_make_a_run_anew(root: Path):
    carried_out: list[list[str]] = []
    (run,) = TOOL.gallery_runs(root)
    TOOL.make(run, root, carry_out(root, carried_out))
    file = root / "docs" / "gallery" / "runs.toml"
    file.write_text(file.read_text().replace("--seed 7", "--seed 8"))
    (run,) = TOOL.gallery_runs(root)
    TOOL.make(run, root, carry_out(root, carried_out))
    assert [command[-1] for command in carried_out] == ["7", "one", "8", "one"]


def test_pages_that_a_page_leads_to_come_along(root: Path):
    (run,) = TOOL.gallery_runs(root)
    command = carry_out(root, [])

    def with_a_request(arguments: Sequence[str]) -> str:
        said = command(arguments)
        (root / "runs" / "one" / "01-january").mkdir(exist_ok=True)
        (root / "runs" / "one" / "01-january" / "report.html").write_text("january")
        return said

    TOOL.make(run, root, with_a_request)
    kept = root / "docs" / "_pages" / "gallery" / "one" / "01-january" / "report.html"
    assert kept.read_text() == "january"


def test_commands_that_make_no_page_are_named(root: Path):
    (run,) = TOOL.gallery_runs(root)
    with pytest.raises(InputError, match=r"report\.html: is not there after the commands of one"):
        TOOL.make(run, root, lambda arguments: "")
    assert json.loads((root / "docs" / "gallery" / "made.json").read_text()) == {}


def test_a_command_that_fails_is_named():
    with pytest.raises(InputError, match="jaxunlearn report nowhere-at-all: failed with exit code 2"):
        TOOL.execute(["report", "nowhere-at-all"])


def test_the_docs_show_what_was_made_and_say_what_was_not(root: Path):
    pytest.importorskip("sphinx", reason="the extra `docs` is not installed")
    extension = loaded(ROOT / "docs" / "extensions" / "gallery.py")
    text = "\n".join(extension.lines(root / "docs", "../"))
    assert "This run was not made yet." in text
    assert "python tools/make_gallery.py --only one" in text
    (run,) = TOOL.gallery_runs(root)
    TOOL.make(run, root, carry_out(root, []))
    text = "\n".join(extension.lines(root / "docs", "../"))
    assert "\n## One\n\n```{figure} /images/gallery/one.webp\n:alt: Rows\n" in text
    assert "\n- ada is forgotten.\n\n| d | lost |\n| - | - |\n| 1 | 0 |\n" in text
    assert "\n.. " not in text  # the page is in Markdown
    made = root / "docs" / "gallery" / "made.json"
    made.write_text(made.read_text().replace('"megabytes"', '"note": "Of an older version.",\n"megabytes"'))
    assert "\nOf an older version.\n" in "\n".join(extension.lines(root / "docs", "../"))
    link = r'<a href="\.\./gallery/one/report\.html">Look at the page of this run</a> \(0\.\d MB\)'
    assert re.search(link, text)
    file = root / "docs" / "gallery" / "runs.toml"
    file.write_text(file.read_text().replace("--seed 7", "--seed 8"))
    assert "This run was not made yet." in "\n".join(extension.lines(root / "docs", "../"))
