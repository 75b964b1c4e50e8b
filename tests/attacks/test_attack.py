"""Attacks on a run: what is written, what is kept, and what is refused."""

import dataclasses
import functools
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from jaxunlearn.attacks import attack as attacking
from jaxunlearn.attacks.attack import attack, attack_reference
from jaxunlearn.attacks.attack_folder import AttackFolder, read_attacks
from jaxunlearn.attacks.attacked import Found
from jaxunlearn.attacks.benign import BenignSettings
from jaxunlearn.attacks.depth import ATTACKS, DEPTHS
from jaxunlearn.attacks.finetuning import FinetuningDiverged
from jaxunlearn.attacks.kinds import KINDS, Kind
from jaxunlearn.attacks.relearning import RelearnSettings
from jaxunlearn.attacks.search import NearSettings, ReinversionSettings
from jaxunlearn.attacks.unseen_latents import UnseenSettings
from jaxunlearn.cli import main as cli
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import CalibratedJudge, CosineJudge
from jaxunlearn.evaluation.settings import EvaluationSettings
from jaxunlearn.models import loading
from jaxunlearn.photos.people import People
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import request_of, unlearn
from tests.support.tiny_models import tiny_models, tiny_people
from tests.support.tiny_sugar import tiny_sugar

SETTINGS = {"steps": 2, "evaluation.views": 2, "evaluation.strangers": 4}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """Two people in one generator."""
    people = People("two", ("ada", "bea"), tiny_people(2), (None, None))
    folder = tmp_path_factory.mktemp("runs") / "two"
    return unlearn(tiny_models(), people, tiny_sugar(SETTINGS, people=2), workdir=folder, progress=False)


@dataclasses.dataclass(frozen=True)
class AtDepth:
    """Settings that only know their depth."""

    depth: str


@pytest.fixture
def counted(monkeypatch):
    """Two attacks that count how often they run."""
    runs = []

    def run(name):
        def attacked(person, settings, *, progress):
            runs.append((name, settings.depth, len(person.everybody)))
            return Found(
                {"depth": settings.depth}, {"what came back": person.stranger_photo}, {"map": "<svg/>"}
            )

        return attacked

    kinds = {
        "reinversion": Kind(run("reinversion"), AtDepth),
        "erasure": Kind(run("erasure"), AtDepth, everybody=True),
    }
    monkeypatch.setattr(attacking, "KINDS", kinds)
    return runs


def attacked(result, **options):
    names = options.pop("attacks", ("reinversion", "erasure"))
    config = tiny_sugar(SETTINGS, people=2)
    return attack(
        tiny_models(), result, config, attacks=names, reference=measured(), progress=False, **options
    )


@functools.cache
def measured():
    """Return the measured source, for all attacks of these tests."""
    return attack_reference(tiny_models(), tiny_sugar(SETTINGS, people=2), progress=False)


def test_every_attack_has_its_line_for_the_command():
    assert set(KINDS) == set(ATTACKS)


def test_the_guide_has_the_numbers_of_each_depth():
    fields = {
        "reinversion": (ReinversionSettings, "steps", "starts"),
        "search": (NearSettings, "steps", "starts"),
        "unseen": (UnseenSettings, "noise_draws", "partners"),
        "relearning": (RelearnSettings, "steps", "check_every", "strangers"),
        "benign": (BenignSettings, "steps", "people"),
    }
    guide = (Path(__file__).parents[2] / "docs/guides/attacks.md").read_text()
    for name, (kind, *names) in fields.items():
        settings = [kind.at_depth(depth) for depth in DEPTHS]
        cells = [", ".join(str(getattr(each, field)) for field in names) for each in settings]
        line = next(line for line in guide.splitlines() if line.startswith(f"| `{name}`: "))
        assert line.endswith(f"| {' | '.join(cells)} |")


def test_the_guide_says_with_which_other_settings_an_attack_is_made_anew():
    guide = (Path(__file__).parents[2] / "docs/guides/attacks.md").read_text()
    names = guide.replace("config.evaluation.", "")
    assert not [name for name in attacking._DRAWN_WITH if f"`{name}`" not in names]


@pytest.mark.must
def test_people_are_attacked_one_by_one_and_their_generator_once(result, counted):
    found = attacked(result, again=True)
    assert [name for name, _, _ in counted] == ["reinversion", "erasure", "reinversion"]
    assert {everybody for _, _, everybody in counted} == {2}
    assert {person: set(names) for person, names in found["people"].items()} == {
        "0": {"reinversion", "erasure"},
        "1": {"reinversion"},
    }
    assert json.loads((result.folder.path / "attack.json").read_text()) == found
    picture = result.folder.path / "attack" / "reinversion-0001" / "what_came_back.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert (result.folder.path / "attack" / "erasure-0000" / "map.svg").read_text() == "<svg/>"


@pytest.mark.must
def test_what_is_finished_is_kept_until_something_else_is_asked(result, counted):
    attacked(result, again=True)
    counted.clear()
    attacked(result)
    assert counted == []
    found = attacked(result, depth="quick", people=[1], attacks=["reinversion"])
    assert counted == [("reinversion", "quick", 2)]
    assert list(found["people"]) == ["1"]
    attacked(result, seed=1, people=[1], attacks=["reinversion"])
    assert len(counted) == 2


def reference(align: str = "fixed", **changes: Any) -> Any:
    """Return what an attack is kept by, of a measured source."""
    judge: Any = SimpleNamespace(name="judge", align=align, measure="cosine", threshold=0.5)
    random = SimpleNamespace(ws=np.zeros((16, 1)))
    return SimpleNamespace(
        settings=EvaluationSettings(**changes), judges=[CalibratedJudge(judge)], random=random
    )


def test_other_strangers_views_or_draws_attack_anew(counted, monkeypatch, tmp_path):
    folder, config = RunFolder(tmp_path), tiny_sugar(SETTINGS, people=2)
    person = People("one", ("ada",), tiny_people(1), (None,))
    folder.begin(request_of(tiny_models(), person, None, (0, 1), shared=False), config, person.ws)
    alone = Result(person, person.ws, (tiny_models().generator,), {}, folder)
    shown = SimpleNamespace(everybody=[0], stranger_photo=np.zeros((4, 4, 3)))
    monkeypatch.setattr(attacking, "attacked_person", lambda *_: shown)

    def attack_with(measured: Any) -> int:
        counted.clear()
        attack(tiny_models(), alone, config, attacks=["reinversion"], reference=measured, progress=False)
        return len(counted)

    assert attack_with(reference()) == 1
    assert attack_with(reference(batch=3)) == 0
    others = [reference(seed=1), reference(pivot="origin"), reference(align="mtcnn"), reference(views=3)]
    for other in (*others, reference(strangers=8), reference(frechet_samples=300)):
        assert attack_with(other) == 1
        assert attack_with(other) == 0
    assert attack_with(reference()) == 1
    monkeypatch.setattr(attacking, "DRAWS", attacking.DRAWS + 1)
    assert attack_with(reference()) == 1


@pytest.mark.must
def test_other_settings_of_a_depth_attack_anew(result, counted, monkeypatch):
    attacked(result, again=True)
    counted.clear()
    changed = {
        name: dataclasses.replace(kind, settings=lambda _: AtDepth("other"))
        for name, kind in attacking.KINDS.items()
    }
    monkeypatch.setattr(attacking, "KINDS", changed)
    attacked(result, people=[0])
    assert [name for name, *_ in counted] == ["reinversion", "erasure"]


@pytest.mark.must
def test_an_interrupted_attack_resumes_after_the_last_finished_one(result, counted, monkeypatch):
    attacked(result, again=True)
    counted.clear()
    (result.folder.path / "attack" / "erasure-0000.json").unlink()
    attacked(result)
    assert counted == [("erasure", "standard", 2)]


@pytest.mark.must
def test_an_interrupted_attack_leaves_figures_and_a_page_of_the_finished_ones(result, monkeypatch, capsys):
    def interrupt(person, settings, *, progress):
        raise KeyboardInterrupt

    kinds = {**attacking.KINDS, "erasure": Kind(interrupt, UnseenSettings.at_depth, everybody=True)}
    monkeypatch.setattr(attacking, "KINDS", kinds)
    monkeypatch.setattr(loading, "load_models", lambda *_, **__: tiny_models())
    for path in (AttackFolder(result.folder.path).figures, result.folder.report):
        path.unlink(missing_ok=True)
    attacks = ["--attack", "unseen", "--attack", "erasure", "--seed", "5"]
    arguments = ["attack", str(result.folder.path), *attacks, "--depth", "quick", "--people", "1"]
    assert cli.main(arguments) == 130
    written = read_attacks(result.folder.path)
    assert written is not None
    assert {person: list(names) for person, names in written["people"].items()} == {"1": ["unseen"]}
    assert "bea, under attack" in result.folder.report.read_text()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"attacks": ["burglary"]}, "no attack 'burglary'; choose from reinversion"),
        ({"attacks": []}, "no attack given"),
        ({"people": [2]}, "people must be whole numbers from 0 to 1, not"),
        ({"people": []}, "people must be a list of at least one"),
        ({"people": [0.5]}, "people must be whole numbers from 0 to 1, not"),
        ({"people": [True]}, "people must be whole numbers from 0 to 1, not"),
        ({"people": ["0"]}, "people"),
        ({"depth": "deep"}, "no depth 'deep'; choose from quick, standard, thorough"),
    ],
)
@pytest.mark.must
def test_what_cannot_be_attacked_is_refused_before_anything_is_rendered(result, counted, options, line):
    with pytest.raises(InputError, match=line):
        attacked(result, **options)
    assert counted == []


@pytest.mark.must
def test_a_reference_has_people_for_every_depth_whatever_the_evaluation_has(result, counted):
    config = tiny_sugar(
        SETTINGS | {"evaluation.frechet_samples": 2, "evaluation.retained_people": 2}, people=2
    )
    count = len(attack_reference(tiny_models(), config, progress=False).random.ws)
    for depth in DEPTHS:
        unseen = UnseenSettings.at_depth(depth)
        assert unseen.partners + unseen.strangers <= count
        assert RelearnSettings.at_depth(depth).strangers <= count
    few = reference()
    few.random.ws = np.zeros((4, 1))
    with pytest.raises(InputError, match="the reference has 4 random people, but attacks need 16"):
        attack(tiny_models(), result, config, attacks=["erasure"], reference=few, progress=False)
    assert counted == []


@pytest.mark.must
def test_fine_tuning_that_diverges_does_not_cost_the_other_attacks(result, counted, monkeypatch):
    def diverge(person, settings, *, progress):
        raise FinetuningDiverged("fine-tuning diverged: the loss is nan with a learning rate of 0.003")

    kinds = {"benign": Kind(diverge, UnseenSettings.at_depth), **attacking.KINDS}
    monkeypatch.setattr(attacking, "KINDS", kinds)
    found = attacked(result, attacks=["benign", "reinversion"], people=[0], again=True)["people"]["0"]
    assert found["benign"] == {
        "diverged": "fine-tuning diverged: the loss is nan with a learning rate of 0.003"
    }
    assert found["reinversion"] == {"depth": "standard"}
    written = read_attacks(result.folder.path)
    assert written is not None
    assert written["people"]["0"] == found


def diverged(result, *copies):
    """The run as if each person had their own generator, and some of them had diverged."""
    summary = {**result.summary, "diverged": list(copies)}
    return dataclasses.replace(result, generators=result.generators * 2, summary=summary, folder=None)


@pytest.mark.must
def test_generators_that_diverged_are_not_attacked(result, counted):
    found = attacked(diverged(result, 0), attacks=["reinversion"])
    assert list(found["people"]) == ["1"]
    with pytest.raises(InputError, match="person 0: their generator diverged"):
        attacked(diverged(result, 0), people=[0])
    with pytest.raises(InputError, match="all generators of the run diverged"):
        attacked(diverged(result, 0, 1))
    assert len(counted) == 1


def test_strangers_who_are_taken_for_the_person_come_last_and_the_most_alike_at_the_end():
    judge = CalibratedJudge(CosineJudge(tiny_models().judge))  # its threshold is 0.5
    cosines = np.array([1.0, 0.9, 0.2, 0.6, 0.4])
    embeddings = np.stack([cosines, np.sqrt(1 - cosines**2)], axis=-1)[:, None]
    reference: Any = SimpleNamespace(judges=(judge,), judge=judge)
    np.testing.assert_array_equal(attacking._somebody_else(reference, {judge.name: embeddings}), [1, 3, 2, 0])


@pytest.mark.must
def test_the_stranger_is_not_taken_for_the_person(result):
    models = tiny_models()
    reference = attacking.attack_reference(models, tiny_sugar(SETTINGS, people=2), progress=False)
    run = attacking.RunUnderAttack(models, result, reference, "quick", seed=0)
    usual = attacking.attacked_person(run, 0)
    np.testing.assert_array_equal(usual.stranger_ws, reference.random.ws[0])
    assert len(usual.strangers_ws) == len(usual.strangers_photos) == 16
    double = reference.random.ws.at[0].set(result.ws[0])
    changed = dataclasses.replace(reference, random=reference.random._replace(ws=double))
    person = attacking.attacked_person(dataclasses.replace(run, reference=changed), 0)
    assert not np.array_equal(person.stranger_ws, person.ws)
    assert not np.allclose(person.stranger_photo, person.photos[0], atol=1e-3)


@pytest.mark.must
def test_a_run_without_a_folder_is_attacked_too(result, counted):
    found = attacked(dataclasses.replace(result, folder=None), people=[0])
    assert found["people"]["0"]["reinversion"] == {"depth": "standard"}


@pytest.mark.must
def test_the_command_attacks_and_says_what_it_found(result, monkeypatch, capsys):
    monkeypatch.setattr(loading, "load_models", lambda *_, **__: tiny_models())
    arguments = ["attack", str(result.folder.path), "--attack", "unseen", "--depth", "quick", "--people", "1"]
    assert cli.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("bea, under attack: ")
    assert lines[1].startswith("  With new noise the person is found in ")
    assert result.folder.attack_picture(1).exists()
    assert "bea, under attack" in result.folder.report.read_text()
    assert cli.main([*arguments[:-1], "0"]) == 0
    attacks = read_attacks(result.folder.path)
    assert attacks is not None
    assert {person: list(names) for person, names in attacks["people"].items()} == {
        "0": ["unseen"],
        "1": ["unseen"],
    }
