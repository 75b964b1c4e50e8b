"""Folders of runs, work lists, sequences and inversions as their pages need them, without any training."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from jaxunlearn.evaluation.pictures.picture_change import change_of_all
from jaxunlearn.evaluation.strength import STRENGTHS
from jaxunlearn.images import save_png
from jaxunlearn.methods.guide import presets
from jaxunlearn.reporting.page.inversion_page import write_inversion_page
from jaxunlearn.reporting.page.many.compare_page import write_comparison
from jaxunlearn.reporting.page.run_page import write_run_page
from jaxunlearn.reporting.sheets.sheet import SheetFolder
from jaxunlearn.training.storage.networks_of_run import Origin
from jaxunlearn.training.storage.request import Request
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.workflows.batch_dir import DONE, Worklist, WorklistFolder
from jaxunlearn.workflows.batch_report import write_worklist_page
from jaxunlearn.workflows.continual_report import write_requests_page
from jaxunlearn.workflows.registry import Entry, Registry
from tests.support.figures import nobody_seen, of_person

LONG = "Zoë <b>O'Neill</b> " + "of_a_name_without_a_single_space_" * 4
YAWS = (-30.0, -15.0, 0.0, 15.0, 30.0)
_ROWS, _PAIR = ("before", "target", "after"), ("before", "after")
_JUDGES = ("heads identity judge", "dlib")


def picture(width: int) -> np.ndarray:
    """Return a picture with a slope of grey, `[64, width, 3]`."""
    return np.tile(np.linspace(0, 255, width).astype(np.uint8)[None, :, None], (64, 1, 3))


def cells(rows: int, columns: int, side: int = 32, *, noise: bool = False) -> np.ndarray:
    """Return images `[rows, columns, side, side, 3]`, each of another grey, or of noise."""
    if noise:
        random = np.random.default_rng(0)
        return random.integers(0, 256, (rows, columns, side, side, 3)).astype(np.uint8)
    levels = np.linspace(20, 235, rows * columns).astype(np.uint8).reshape(rows, columns, 1, 1, 1)
    return np.broadcast_to(levels, (rows, columns, side, side, 3)).copy()


def strangers() -> dict[str, Any]:
    """Return how alike strangers are to each judge, as a summary has it."""
    setup = {
        "people": 400,
        "pairs": 79800,
        "quantiles": np.linspace(-0.8, 0.95, 201).round(4).tolist(),
        "threshold": 0.71234,
        "interval": [0.7, 0.73],
    }
    return {judge: {"views": setup, "single": setup, "wide": setup} for judge in _JUDGES}


def begun(path: Path, names: tuple[str, ...], *, together: bool, steps: int = 5) -> RunFolder:
    """Begin a run with some logged losses, not yet finished."""
    folder = RunFolder(path)
    config = presets.heads()
    config.steps = steps
    folder.begin(
        Request(
            "heads", "0" * 64, names, "LPIPS AlexNet", "heads identity", "the generator's", shared=together
        ),
        config,
        np.zeros((len(names), 4, 8), np.float32),
    )
    for step in range(1, 6):
        line = {"step": step, "seconds": 7.0 * step, "loss": 1 / step, "identity": [1 / step, 0.0]}
        folder.log(line)
    return folder


def finish(
    folder: RunFolder,
    *,
    side: int = 32,
    noise: bool = False,
    photos: int = 0,
    other: int = 12,
    strengths: bool = False,
) -> None:
    """Add what a finished run has: generators, pictures, and what it cost."""
    sheets, request = SheetFolder(folder.images), folder.request
    people = len(request.subjects)
    for copy in range(request.copies):
        folder.generator(copy).touch()
        if other:
            columns = [{"number": number} for number in range(other)]
            sheets.write(f"far-{copy:04d}", _PAIR, columns, cells(2, other, side, noise=noise))
            near = [{"radius": 0.5, "number": number} for number in range(4)]
            sheets.write(f"near-{copy:04d}", _PAIR, near, cells(2, len(near), side, noise=noise))
    if request.together:
        everybody = cells(3, people, side, noise=noise)
        sheets.write("everybody", _ROWS, [{"person": k} for k in range(people)], everybody)
    for k in range(min(people, 4) if request.together else people):
        views = [{"yaw": yaw} for yaw in YAWS]
        sheets.write(f"person-{k:04d}", _ROWS, views, cells(3, len(YAWS), side, noise=noise))
        if photos:
            columns = [{"photo": number} for number in range(photos)]
            sheets.write(f"photos-{k:04d}", ("photo", *_PAIR), columns, cells(3, photos, side, noise=noise))
        if strengths:
            sheets.write(
                f"strength-{k:04d}", ("person",), at_strengths(), cells(1, len(STRENGTHS), side, noise=noise)
            )
    memory = {"bytes": 3 * 2**30, "of": "process"}
    folder.add_to_summary(
        {"steps": 5, "steps_per_second": 0.5, "compile_seconds": 61.25, "devices": "1 x cpu", "loss": 0.2}
        | {"peak_memory": memory}
    )


def at_strengths() -> list[dict[str, Any]]:
    """Return the columns of a sheet of strengths: the more, the less alike; one judge saw no face at 1.25."""
    columns: list[dict[str, Any]] = [
        {"strength": s, "judges": dict.fromkeys(_JUDGES, 1 - 0.5 * s), "others": 1 - 0.1 * s}
        for s in STRENGTHS
    ]
    columns[5]["judges"][_JUDGES[1]] = None
    return columns


def figure_lines(copies: int = 1) -> list[dict[str, Any]]:
    """Return lines of `figures.jsonl` about other people, far and near."""
    lines: list[dict[str, Any]] = []
    for copy in range(copies):
        for number in range(16):
            similarity = 0.6 + 0.02 * number
            judged = {"judges": dict.fromkeys(_JUDGES, similarity), "lost": number < 2, "nearest": 0}
            about = {"copy": copy, "number": number}
            lines.append({"kind": "retained", **about, **judged, "groups": [], "distance": 1 + number / 10})
            lines.append({"kind": "near", **about, **judged, "radius": 0.5, "same": number > 3})
    return lines


def write_lines(folder: RunFolder, lines: list[dict[str, Any]]) -> None:
    """Write `figures.jsonl`."""
    folder.figures_file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def a_run(path: Path, name: str = LONG) -> RunFolder:
    """Make the folder of a finished and measured run of one person."""
    folder = begun(path, (name,), together=False)
    finish(folder, photos=2, strengths=True)
    figures = of_person() | {"strangers": strangers()}
    write_lines(folder, figure_lines())
    folder.add_to_summary(figures | {"people": {"0": figures}})
    return folder


def page_of_a_run(path: Path) -> Path:
    """Write the page of a run of one person."""
    return write_run_page(a_run(path))


def alone(figures: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of a person without those of other people, as of people who share a generator."""
    of_all = ("others_", "retained_", "near", "fid_", "networks")
    return {name: value for name, value in figures.items() if not name.startswith(of_all)}


def page_of_a_shared_run(path: Path) -> Path:
    """Write the page of two people in one generator; in the pictures of the second no face was found."""
    folder = begun(path, (LONG, "somebody else"), together=True)
    finish(folder)
    people = {"0": alone(of_person()), "1": alone(nobody_seen())}
    change = change_of_all([figures["picture_change"] for figures in people.values()])
    interval = {"mean": 0.1, "std": 0.2, "low": -0.3, "high": 0.4, "n": 2, "worst": 0.5}
    single = interval | {"std": None, "low": None, "high": None, "n": 1}
    share = {"share": 0.5, "low": 0.1, "high": 0.9, "number": 1, "people": 2}
    folder.add_to_summary(
        of_person()
        | {"forgotten": 1, "people": people, "picture_change": change, "shares": {"forgotten": share}}
        | {"intervals": {"id": interval, "id_others": single}}
    )
    return write_run_page(folder)


def many_generators(path: Path, people: int = 200, side: int = 16) -> RunFolder:
    """Make the folder of a run that gave each of many people a generator; every tenth is not forgotten."""
    folder = begun(path, tuple(f"seed {k}" for k in range(people)), together=False)
    finish(folder, side=side, photos=1, other=4)
    each = {
        str(k): of_person({"id": k / people, "found": {"latent": k % 10 == 0}}) | {"strangers": strangers()}
        for k in range(people)
    }
    write_lines(folder, figure_lines(people))
    folder.add_to_summary(each["0"] | {"people": each})
    return folder


def page_of_a_run_going_on(path: Path) -> Path:
    """Write the page of a run after 5 of 40 steps."""
    folder = begun(path, (LONG,), together=False, steps=40)
    save_png(folder.images / "step000005.png", picture(192))
    return write_run_page(folder, going=True)


def page_of_a_worklist(path: Path) -> Path:
    """Write the page of a work list of which one person is done."""
    folder = WorklistFolder(path)
    listed = Worklist((LONG, "somebody else"), lambda some: np.empty((len(some), 0, 0)))
    folder.begin(Origin("heads", "0" * 64), listed, presets.heads())
    file = folder.picture(0, LONG)
    save_png(file, picture(600))
    done = {"subject": LONG, "status": DONE, "wave": 0, "steps": 5, "learning_rate": 1e-3, "loss": 0.2}
    folder.add([done | {"generator": "generators/0.safetensors", "picture": str(file.relative_to(path))}])
    return write_worklist_page(folder)


def page_of_a_sequence(path: Path) -> Path:
    """Write the page of three requests."""
    path.mkdir()
    registry = a_sequence(path, 3)
    for name in ("people", "others"):
        save_png(path / f"{name}.png", picture(1500))
    return write_requests_page(registry)


def a_sequence(path: Path, requests: int, **figures: Any) -> Registry:
    """Write the registry of requests of two people each, who are all forgotten; nobody else had a face.

    Args:
      path: the folder.
      requests: their number.
      **figures: other figures of each request.
    """
    entries = []
    for k in range(requests):
        own = [{"people": 2, "id": 0.1, "id_highest": 0.2, "forgotten": 2}] * (k + 1)
        everybody = {"requests": own, "forgotten": 2 * (k + 1), "id": 0.1}
        of_others = {"others_id": None, "fid_pre": 3.0, "fid_forget": 60.0, "near": {}}
        nobody = {"others_lost": None, "others_lost_counts": {"share": None, "number": 0, "people": 0}}
        made = everybody | of_others | nobody | figures
        entries.append(Entry(f"request{k}", f"{k}", (LONG, "b"), "2026-11-01T00:00:00+00:00", "0", made))
    registry = Registry(path, "heads", "0" * 64, entries)
    registry.write()
    return registry


def page_of_a_comparison(path: Path) -> Path:
    """Write the page of two runs with the same person."""
    folders = [a_run(path / name).path for name in ("first", "second")]
    RunFolder(folders[1]).add_to_summary({"id": 0.3, "others_id": 0.97})
    return write_comparison(folders, path / "comparison.html")


def page_of_an_inversion(path: Path) -> Path:
    """Write the page of two inverted photos."""
    path.mkdir()
    return _inversion(path / "inversion.json", "")


def page_of_an_inversion_in_one_file(path: Path) -> Path:
    """Write the page of two photos that were inverted with `--out PATH.npz`."""
    path.with_suffix(".npz").touch()
    return _inversion(path.with_suffix(".json"), f"{path.name}_")


def _inversion(file: Path, prefix: str) -> Path:
    photographs = [
        {"name": name, "file": LONG, "lpips": 0.12345, "mse": 0.02, "identity": identity}
        for name, identity in (("a", 0.8), ("b", 0.4))
    ]
    for name in ("a", "b"):
        save_png(file.with_name(f"{prefix}{name}.png"), picture(320))
    content = {
        "model": "heads",
        "fingerprint": "0" * 64,
        "latent_space": "1" * 64,
        "mean_latent": "the generator's",
        "method": "hybrid",
        "encoder": "heads",
        "encoder_sha256": "2" * 64,
        "encoder_input": "crop",
        "settings": {"steps": 40, "yaws": [-0.45, 0.45]},
        "perceptual": "LPIPS AlexNet",
        "identity": "heads identity loss",
        "judge": "heads identity judge",
        "judge_sha256": "3" * 64,
        "threshold": 0.7,
        "jaxunlearn_version": "0.1.0",
        "seconds": 85.39,
        "mean": {"lpips": 0.1, "mse": 0.02, "identity": 0.6},
        "photographs": photographs,
        "left_out": [f"{LONG}: no face"],
    }
    file.write_text(json.dumps(content))
    return write_inversion_page(file)
