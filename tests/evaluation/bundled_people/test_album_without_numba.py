"""Without numba, which renders photos of other days, a measurement is refused before it begins."""

from types import SimpleNamespace

import pytest

from jaxunlearn.cli import main as cli
from jaxunlearn.cli.commands import evaluate as command
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import evaluate as evaluation
from jaxunlearn.evaluation.bundled_people import album
from jaxunlearn.methods.registry import preset
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People
from jaxunlearn.reporting import report
from jaxunlearn.training.result import Result
from jaxunlearn.workflows.sweep import sweep_distances
from tests.support.tiny_models import tiny_models, tiny_people

PEOPLE = People("seed7", ("seed 7",), tiny_people(1), (7,))
RESULT = Result(PEOPLE, PEOPLE.ws, (tiny_models().generator,), {}, None)
REFUSED = r"numba, which is not installed: pip install '\.\[data\]'.*config\.evaluation\.album=0"


class Measured(Exception):
    """Ends a call once the source was to be measured."""


@pytest.fixture(autouse=True)
def bundled_without_numba(monkeypatch):
    def measure_reference(*_, **__):
        raise Measured

    for module in (evaluation, report, command):
        monkeypatch.setattr(module, "measure_reference", measure_reference)
    monkeypatch.setattr(album, "can_render_albums", lambda: False)
    monkeypatch.setattr(Models, "family", "heads")


@pytest.mark.parametrize("measure", [evaluation.evaluate, report.evaluate_and_report])
def test_python_refuses_an_album_before_it_measures(measure):
    config = preset("guide/heads")
    with pytest.raises(InputError, match=REFUSED):
        measure(tiny_models(), RESULT, config)
    photos = {"other_ws" if measure is evaluation.evaluate else "given": {0: tiny_people(1)}}
    with pytest.raises(Measured):
        measure(tiny_models(), RESULT, config, **photos)
    config.evaluation.album = 0
    with pytest.raises(Measured):
        measure(tiny_models(), RESULT, config)


def test_the_command_refuses_an_album_before_it_measures(tmp_path, monkeypatch, capsys):
    config = preset("guide/heads")
    monkeypatch.setattr(command, "read_run", lambda _: (RESULT, config, tiny_models()))
    assert cli.main(["evaluate", str(tmp_path)]) == 2
    assert "numba, which is not installed" in capsys.readouterr().err
    config.evaluation.album = 0
    with pytest.raises(Measured):
        command.run(cli.parse(["evaluate", str(tmp_path)]))


def test_of_a_work_list_only_those_who_are_measured_count(tmp_path, monkeypatch):
    folder = SimpleNamespace(
        path=tmp_path,
        subjects=lambda: ["seed7", "seed8"],
        seeds=(7, 8),
        photos_sha256=dict,
    )
    monkeypatch.setattr(command, "read_worklist", lambda _: (folder, preset("guide/heads"), tiny_models()))
    monkeypatch.setattr(command, "chosen_people", lambda *_: ["seed8"])
    monkeypatch.setattr(command, "read_others", lambda *_: {0: SimpleNamespace(ws=tiny_people(1))})
    with pytest.raises(InputError, match=REFUSED):
        command._run_worklist(cli.parse(["evaluate", "list"]))
    monkeypatch.setattr(command, "chosen_people", lambda *_: ["seed7"])
    with pytest.raises(Measured):
        command._run_worklist(cli.parse(["evaluate", "list"]))


def test_a_sweep_is_refused_before_anything_is_trained(tmp_path):
    config = preset("sugar/heads", 1)
    config.evaluation.album = 4
    with pytest.raises(InputError, match=REFUSED):
        sweep_distances(tiny_models(), PEOPLE, config, [1.0], tmp_path / "sweep")
    assert not (tmp_path / "sweep").exists()
