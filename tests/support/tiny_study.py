"""Tiny runs that were never trained, studies of them, and answers of participants."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jaxunlearn.methods.guide import presets
from jaxunlearn.models.adapters import save_unlearned
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import fingerprint_with_settings, save_generator
from jaxunlearn.models.renderer import latents_of_seeds
from jaxunlearn.reporting.study import StudySettings, make_study
from jaxunlearn.reporting.study.folder import RightJson, Study, read_study
from jaxunlearn.training.storage.request import Request
from jaxunlearn.training.storage.run_dir import RunFolder
from tests.support.tiny_models import tiny_models, tiny_unlearned


def tiny_run(path: Path, seeds: Sequence[int], *, together: bool) -> Path:
    """Make the folder of a finished run; its source generator lies beside it."""
    source = tiny_models().generator
    file = path.parent / "source.safetensors"
    if not file.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        save_generator(source, file, {})
    ws = np.asarray(latents_of_seeds(source, list(seeds), conditioning_view(source.config)))
    names = tuple(f"<b>person</b> {seed}" for seed in seeds)
    folder = RunFolder(path)
    request = Request(
        str(file),
        fingerprint_with_settings(source),
        names,
        "LPIPS AlexNet",
        "loss",
        "the generator's",
        shared=together,
        seeds=tuple(seeds),
    )
    folder.begin(request, presets.heads(), ws)
    folder.keep_targets(ws, ws)
    for copy in range(request.copies):
        save_unlearned(tiny_unlearned(), folder.generator(copy), {})
    return path


def tiny_study(path: Path, **settings: Any) -> Study:
    """Make a study of a run in which six people share a generator, and one of two with a copy each."""
    runs = [
        tiny_run(path / "together", range(6), together=True),
        tiny_run(path / "copies", [3, 77], together=False),
    ]
    chosen = StudySettings(**({"seed": 314159265, "questions": 12} | settings))
    page = make_study(runs, path / "study", settings=chosen, progress=False)
    return read_study(page.parent)


Chooses = Callable[[str, RightJson], int]
"""Name of a question and its key → the place that a participant chooses."""


def always_right(name: str, question: RightJson) -> int:
    """Choose the right picture."""
    return question["right"]


def answers_of(
    study: Study, number: int, choose: Chooses = always_right, /, **changes: Any
) -> dict[str, Any]:
    """Return the file of a participant, as the page saves it; `changes` replaces what it says."""
    part = number % len(study.shown["parts"])
    answers = [
        {"question": name, "choice": choose(name, study.key["questions"][name]), "seconds": 2.5}
        for name in study.shown["parts"][part]
    ]
    told = {"format": 1, "study": study.shown["study"], "participant": f"pseudonym {number}"}
    return told | {"token": f"{number:032x}", "part": part, "answers": answers} | changes


def written(path: Path, content: Any) -> Path:
    """Write JSON, and return the path."""
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
