"""The scripts in examples/ run with few steps and few measurements, and leave their pictures and pages."""

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import jaxunlearn
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import preset
from tests.support.few_rays import loaded_with_few_rays

EXAMPLES = Path(__file__).parents[1] / "examples"
RUNS = {
    "one_person": ("one_person",),
    "many_people": ("many_people/first", "many_people/later"),
    "from_photos": ("from_photos/run",),
}


def quick_preset(name: str, people: int = 1) -> ConfigDict:
    """Return the preset with little to measure."""
    config = preset(name, people)
    config.evaluation.update(album=0, retained_people=4, frechet_samples=8, strangers=4, batch=8)
    if "surrogates" in config:
        config.surrogates.epochs = 1
    return config


@pytest.mark.parametrize("example", RUNS)
def test_an_example_keeps_the_preset(example: str):
    """Only the number of steps may be another, and only where one is given."""
    text = (EXAMPLES / f"{example}.py").read_text(encoding="utf-8")
    assert re.findall(r"^ *config\.(.*?)(?: +#.*)?$", text, re.MULTILINE) == ["steps = steps or config.steps"]
    assert "default=" not in text


MINUTES = ("from_photos", "many_people")
"""Examples that train or search for minutes even with few steps."""


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(name, marks=pytest.mark.slow if name in MINUTES else pytest.mark.must)
        for name in sorted(path.stem for path in EXAMPLES.glob("*.py"))
    ],
)
def test_an_example_runs(example: str, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(jaxunlearn, "preset", quick_preset, raising=False)
    monkeypatch.setattr(sys, "argv", [f"{example}.py", "--steps", "2"])
    with loaded_with_few_rays():
        runpy.run_path(str(EXAMPLES / f"{example}.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert "similarity" in printed
    for run in RUNS[example]:
        folder = tmp_path / "runs" / run
        assert f"runs/{run}/report.html" in printed
        assert (folder / "report.html").is_file()
        with Image.open(folder / "images" / "person0000.png") as picture:
            before, target, after = np.split(np.asarray(picture, np.float32), 3)
        assert abs(before - target).mean() > 2
        assert 0 < abs(before - after).mean() < abs(before - target).mean()
