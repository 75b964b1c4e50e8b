"""`jaxunlearn evaluate`: what it says, and what it refuses."""

import os
import resource
from pathlib import Path

import numpy as np
import pytest

from jaxunlearn.cli import main as cli
from jaxunlearn.cli import readers
from jaxunlearn.cli.commands import evaluate as command
from jaxunlearn.evaluation import InceptionFeatures
from jaxunlearn.methods.registry import preset
from jaxunlearn.methods.sugar import presets
from jaxunlearn.models import loading
from jaxunlearn.photos.people import People
from jaxunlearn.training.result import Result
from tests.support.figures import of_person
from tests.support.page_folders import begun, finish
from tests.support.tiny_adapters import tiny_adapted
from tests.support.tiny_models import tiny_models, tiny_people

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


class Measured(Exception):
    """Ends a command once the source was to be measured."""


def test_the_source_is_measured_with_the_set_and_the_network_that_were_given(tmp_path, monkeypatch):
    ws, inception, given = tiny_people(3), object(), {}
    np.savez(tmp_path / "stay.npz", ws=ws[1:])
    result = Result(People("one", ("ada",), ws[:1]), ws[:1], (tiny_models().generator,), {}, None)

    def measure_reference(*_, **options):
        given.update(options)
        raise Measured

    monkeypatch.setattr(command, "read_run", lambda _: (result, preset("guide/heads"), tiny_models()))
    monkeypatch.setattr(command, "measure_reference", measure_reference)
    monkeypatch.setattr(loading, "load_inception", lambda name: {"net.pth": inception}[name])
    words = ["evaluate", "run", "--retain", str(tmp_path / "stay.npz"), "--inception", "net.pth"]
    with pytest.raises(Measured):
        command.run(cli.parser().parse_args(words))
    np.testing.assert_array_equal(given["retaining"], ws[1:])
    assert given["features"] == InceptionFeatures(inception)  # type: ignore[arg-type]


def test_a_full_disk_is_one_line_and_keeps_what_was_there(tmp_path, monkeypatch, capsys):
    """No file can grow to the size of the summary that is written."""
    folder = begun(tmp_path / "run", ("ada",), together=False)
    finish(folder)
    ws, summary = tiny_people(1), folder.path / "summary.json"
    result = Result(People("one", ("ada",), ws), ws, (tiny_models().generator,), {}, folder)
    before, files = summary.read_bytes(), sorted(os.listdir(folder.path))
    monkeypatch.setattr(command, "read_run", lambda _: (result, preset("guide/heads"), tiny_models()))
    monkeypatch.setattr(command, "measure_reference", lambda *_, **__: None)
    monkeypatch.setattr(command, "evaluate_and_report", lambda *_, **__: folder.add_to_summary(of_person()))
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, allowed[1]))
    try:
        code = cli.main(["evaluate", str(folder.path)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
    assert code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("summary.json: cannot be written (File too large)")
    assert summary.read_bytes() == before
    assert sorted(os.listdir(folder.path)) == files


@pytest.mark.parametrize("command", ["evaluate", "attack"])
def test_a_run_that_cannot_be_written(tmp_path, monkeypatch, capsys, command):
    """It is noticed before models are loaded and anything is measured."""
    monkeypatch.setattr(readers, "check_finished", lambda _: None)
    monkeypatch.setattr(readers, "models_again", lambda *_, **__: pytest.fail("loaded first"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert cli.main([command, str(tmp_path)]) == 2
    assert f"{tmp_path}: cannot be written, {tmp_path} is read-only" in capsys.readouterr().err


def test_statistics_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    """The real images are many; they are not read in vain."""
    (tmp_path / "folder.npz").mkdir()
    real = ["evaluate", "no_run", "--real", ".", "--save-real"]
    assert cli.main([*real, str(tmp_path / "folder.npz")]) == 2
    assert "folder.npz: cannot be written, it is a folder" in capsys.readouterr().err
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert cli.main([*real, str(tmp_path / "real.npz")]) == 2
    assert f"{tmp_path} is read-only" in capsys.readouterr().err
