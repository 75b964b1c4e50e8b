"""`jaxunlearn evaluate`: what it says, and what it refuses."""

import os
from pathlib import Path

import numpy as np
import pytest

from jaxunlearn.cli import main as cli
from jaxunlearn.cli import readers
from jaxunlearn.cli.commands import evaluate as command
from jaxunlearn.methods.sugar import presets
from jaxunlearn.photos.people import People
from jaxunlearn.training.result import Result
from tests.support.figures import of_person
from tests.support.tiny_adapters import tiny_adapted
from tests.support.tiny_models import tiny_models

OF_EVERYBODY = ("others_id", "others_id_p5", "others_lost", "others_lost_counts", "near", "retained_lpips")
"""Figures that a generator has once, however many people it forgot."""


def test_people_who_share_a_generator_have_one_verdict_at_another_strength(tmp_path, monkeypatch, capsys):
    ws = np.zeros((2, 4, 8), np.float32)
    result = Result(People("two", ("ada", "bea"), ws), ws, (tiny_adapted(),), {}, None)
    own = {name: value for name, value in of_person().items() if name not in OF_EVERYBODY}
    figures = of_person() | {"forgotten": 2, "people": {"0": own, "1": own}}
    asked = []

    def evaluate_strength(_models, measured, _config, strength, **_) -> tuple[Path, dict]:
        asked.append((measured, strength))
        return tmp_path / "strength" / "0.5.json", figures

    monkeypatch.setattr(command, "read_run", lambda _: (result, presets.heads(2), tiny_models()))
    monkeypatch.setattr(command, "measure_reference", lambda *_, **__: None)
    monkeypatch.setattr(command, "evaluate_strength", evaluate_strength)
    assert cli.main(["evaluate", str(tmp_path), "--strength", "0.5"]) == 0
    assert asked == [(result, 0.5)]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2 of 2 people are forgotten")
    assert sum(line.startswith("Other people, chosen at random") for line in lines) == 1
    assert lines[-1] == str(tmp_path / "strength" / "0.5.json")


@pytest.mark.parametrize("command", ["evaluate", "attack"])
def test_a_run_that_cannot_be_written(tmp_path, monkeypatch, capsys, command):
    """It is noticed before models are loaded and anything is measured."""
    monkeypatch.setattr(readers, "check_finished", lambda _: None)
    monkeypatch.setattr(readers, "models_of_run", lambda *_, **__: pytest.fail("loaded first"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert cli.main([command, str(tmp_path)]) == 2
    assert f"{tmp_path}: cannot be written, {tmp_path} is read-only" in capsys.readouterr().err


def test_statistics_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    """The real images are many; they are not read in vain."""
    (tmp_path / "folder.npz").mkdir()
    real = ["evaluate", "no_run", "--real", ".", "--save-real"]
    assert cli.main([*real, str(tmp_path / "folder.npz")]) == 2
    assert "folder.npz: is a folder; give a file" in capsys.readouterr().err
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert cli.main([*real, str(tmp_path / "real.npz")]) == 2
    assert f"{tmp_path} is read-only" in capsys.readouterr().err
