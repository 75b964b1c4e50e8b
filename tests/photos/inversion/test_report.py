"""The files of `jaxunlearn invert` after each batch, and the same command after an interruption."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxunlearn.cli import main as cli
from jaxunlearn.cli.commands import invert as command
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.photos.inversion import report
from jaxunlearn.photos.inversion.latent_search import Rendered, Search
from jaxunlearn.photos.inversion.report import InversionReport
from jaxunlearn.process import signals
from tests.support.tiny_models import CONFIG, tiny_models

SIDE = CONFIG.img_resolution
OUTS = ("out", "out/all.npz")


@pytest.fixture
def searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Numbers of the photos of each batch that was searched, of three photos."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "models_of", lambda _: tiny_models())
    monkeypatch.setattr(signals, "_received", signals._Received())  # which says why it ends only once
    for number in range(3):
        save_photo(f"photos/{number}.png", number)
    batches: list[list[int]] = []
    add = InversionReport.add

    def noted(report: InversionReport, rows: Sequence[int], inversion: Any) -> None:
        batches.append(list(rows))
        add(report, rows, inversion)

    monkeypatch.setattr(InversionReport, "add", noted)
    return batches


def save_photo(path: str, seed: int) -> None:
    Path(path).parent.mkdir(exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), np.uint8)).save(path)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find latents that depend on the photo alone, without a search."""

    def quickly(_: Search, images: np.ndarray, c: None, x: np.ndarray, tick: Any) -> Rendered:
        level = jnp.asarray(images.mean(axis=(1, 2, 3)))
        cameras = conditioning_view(CONFIG, len(images))
        return Rendered(
            jnp.asarray(x) + level[:, None, None], cameras, jnp.asarray(images / 2), level, level**2, level
        )

    monkeypatch.setattr(Search, "__call__", quickly)


def invert(out: str, *arguments: str, steps: int = 2) -> int:
    words = ["photos", "--method", "optimize", "--steps", str(steps), "--batch", "2", "--out", out]
    return cli.main(["invert", *words, *arguments])


def stop_at(monkeypatch: pytest.MonkeyPatch, name: str, call: int) -> Callable[[], None]:
    """Interrupt the `call`th call of a function of the report; return what ends that."""
    calls, function = [], getattr(report, name)

    def stopping(*arguments: Any, **options: Any) -> Any:
        calls.append(name)
        if len(calls) == call:
            raise KeyboardInterrupt
        return function(*arguments, **options)

    monkeypatch.setattr(report, name, stopping)
    return lambda: monkeypatch.setattr(report, name, function)


def contents(folder: Path) -> dict[str, Any]:
    """Return all that files say but how long the inversion took."""
    found: dict[str, Any] = {}
    for path in folder.iterdir():
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                found[path.name] = {name: array.tolist() for name, array in arrays.items()}
        elif path.suffix == ".json":
            found[path.name] = json.loads(path.read_text()) | {"seconds": None}
        elif path.suffix == ".png":
            found[path.name] = path.read_bytes()
    return found


@pytest.mark.parametrize("out", OUTS)
def test_an_interrupted_inversion_resumes_bit_for_bit(searched, monkeypatch, capsys, out):
    whole = out.replace("out", "whole")
    assert invert(whole) == 0
    go_on = stop_at(monkeypatch, "measure", 2)
    assert invert(out) == 130
    assert "what is finished is kept, and the same command resumes it" in capsys.readouterr().err
    pictures = {"out": {"0.png", "1.png", "0.npz", "1.npz", "inversion.json"}}
    pictures["out/all.npz"] = {"all_0.png", "all_1.png", "all.npz", "all.json"}
    assert {path.name for path in Path("out").iterdir()} == pictures[out]
    go_on()
    searched.clear()
    assert invert(out) == 0
    assert searched == [[2]]
    assert "inverted before: 2 of 3 photos\n" in capsys.readouterr().out
    assert contents(Path("out")) == contents(Path("whole"))


@pytest.mark.parametrize(
    ("out", "function", "call", "again"),
    [
        ("out", "save_png", 2, [[0, 1], [2]]),
        ("out", "write_latents", 2, [[0, 1], [2]]),
        ("out/all.npz", "write_latents", 1, [[0, 1], [2]]),
        ("out/all.npz", "write_latents", 2, [[2]]),
    ],
)
@pytest.mark.usefixtures("quick")
def test_files_that_were_cut_off_are_written_anew(searched, monkeypatch, out, function, call, again):
    """Whatever was written last, the same command goes on, and a batch is searched as a whole."""
    assert invert(out.replace("out", "whole")) == 0
    go_on = stop_at(monkeypatch, function, call)
    assert invert(out) == 130
    go_on()
    searched.clear()
    assert invert(out) == 0
    assert searched == again
    assert contents(Path("out")) == contents(Path("whole"))


@pytest.mark.parametrize("out", OUTS)
@pytest.mark.usefixtures("quick")
def test_what_is_finished_is_not_searched_again(searched, out):
    assert invert(out) == 0
    before = contents(Path("out"))
    searched.clear()
    assert invert(out) == 0
    assert searched == []
    assert contents(Path("out")) == before
    save_photo("photos/3.png", 3)
    save_photo("photos/4.png", 4)
    assert invert(out) == 0
    assert searched == [[2, 3], [4]]
    assert len(json.loads(next(Path("out").glob("*.json")).read_text())["photographs"]) == 5


@pytest.mark.parametrize("out", OUTS)
@pytest.mark.usefixtures("quick")
def test_other_settings_and_other_networks_search_all_again(searched, monkeypatch, capsys, out):
    assert invert(out) == 0
    searched.clear()
    assert invert(out, steps=3) == 0
    assert searched == [[0, 1], [2]]
    assert json.loads(next(Path("out").glob("*.json")).read_text())["settings"]["steps"] == 3
    models = tiny_models()
    judge = dataclasses.replace(models.identity, name=models.judge.name)
    other = dataclasses.replace(models, judge=judge, judges=())
    monkeypatch.setattr(command, "models_of", lambda _: other)
    assert invert(out, steps=3) == 0
    assert searched == 2 * [[0, 1], [2]]
    assert "inverted before" not in capsys.readouterr().out


@pytest.mark.parametrize("out", OUTS)
@pytest.mark.usefixtures("quick")
def test_a_changed_photo_is_refused_and_a_lost_file_made_again(searched, capsys, out):
    assert invert(out) == 0
    searched.clear()
    next(Path("out").glob("*2.png")).unlink()
    assert invert(out) == 0
    assert searched == [[2]]
    save_photo("photos/1.png", 7)
    assert invert(out) == 2
    assert "has the result of 1.png, which would be lost; give another --out" in capsys.readouterr().err
    assert searched == [[2]]


@pytest.mark.usefixtures("quick")
def test_photos_without_files_are_not_resumed(searched, monkeypatch, capsys):
    plan_inversion = command.plan_inversion

    def without_files(*arguments: Any, **options: Any) -> Any:
        plan = plan_inversion(*arguments, **options)
        photos = tuple(dataclasses.replace(photo, sha256=None) for photo in plan.photos.photographs)
        return dataclasses.replace(plan, photos=dataclasses.replace(plan.photos, photographs=photos))

    monkeypatch.setattr(command, "plan_inversion", without_files)
    stop_at(monkeypatch, "measure", 2)
    assert invert("out") == 130
    assert "Photos of TFDS are not resumed: give another --out" in capsys.readouterr().err
    assert invert("out") == 2
