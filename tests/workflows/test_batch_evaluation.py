"""People of a work list are measured one by one, and what was measured is not measured again."""

import contextlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxunlearn.cli import main as cli
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import CalibratedJudge, CosineJudge, EvaluationSettings
from jaxunlearn.evaluation.evaluate import evaluate, measure_reference
from jaxunlearn.evaluation.judges.cosine_judge import Align
from jaxunlearn.methods.legato import presets
from jaxunlearn.models import loading
from jaxunlearn.photos.people import People
from jaxunlearn.training.storage.networks_of_run import Origin
from jaxunlearn.training.unlearn import unlearn
from jaxunlearn.workflows import batch_evaluation
from jaxunlearn.workflows.batch import unlearn_all
from jaxunlearn.workflows.batch_dir import Worklist, WorklistFolder
from jaxunlearn.workflows.batch_evaluation import evaluate_worklist
from jaxunlearn.workflows.batch_report import write_worklist_page
from jaxunlearn.workflows.batch_shares import chosen_people, shares_of_people, worklist_lines
from tests.support.figures import of_person
from tests.support.tiny_models import tiny_models, tiny_people

PEOPLE = tiny_people(3)
NAMES = ("ada", "bea", "cleo")
LISTED = Worklist(NAMES, lambda some: PEOPLE[list(some)])


def config(**changes: Any) -> Any:
    made = presets.heads()
    made.update(steps=1, log_every=1, images_every=0, checkpoint_every=1)
    made.adapters.hidden = 4
    made.evaluation.update(views=2, retained_people=4, frechet_samples=4, strangers=4, album=0)
    made.update_from_flattened_dict(changes)
    return made


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> WorklistFolder:
    folder = tmp_path_factory.mktemp("lists") / "three"
    unlearn_all(tiny_models(), LISTED, config(), folder, parallel=2, progress=False)
    return WorklistFolder(folder)


def done_list(path: Path, names: Sequence[str] = NAMES) -> WorklistFolder:
    """A list of which these people are done, without their training."""
    folder = WorklistFolder(path)
    folder.begin(Origin("tiny", "fingerprint"), LISTED, config())
    return add_done(folder, names)


def add_done(folder: WorklistFolder, names: Sequence[str], wave: int = 0) -> WorklistFolder:
    line = {"status": "done", "wave": wave, "steps": 1, "learning_rate": 1}
    folder.add([{"subject": name, **line} for name in names])
    return folder


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> WorklistFolder:
    return done_list(tmp_path_factory.mktemp("lists") / "done")


@pytest.fixture(scope="module")
def reference() -> Any:
    return measure_reference(tiny_models(), config(), progress=False)


def measure(folder: WorklistFolder, number: int | None, reference: Any, settings: Any = None) -> Any:
    people = chosen_people(folder, number)
    return evaluate_worklist(tiny_models(), folder, settings or config(), people, reference, progress=False)


@pytest.mark.long
def test_some_and_then_all(trained, reference, monkeypatch):
    shares = measure(trained, 2, reference)
    first = trained.measured()
    assert (shares["people"], len(first)) == (2, 2)
    page = (trained.path / "report.html").read_text()
    assert "2 of 3 people, chosen at random" in page
    assert "Done means that its training ended, not that they are forgotten" in page
    asked = []

    def counted(*arguments, **options):
        asked.append(arguments[1].people.subjects)
        return evaluate(*arguments, **options)

    monkeypatch.setattr(batch_evaluation, "evaluate", counted)
    shares = measure(trained, None, reference)
    (missing,) = set(NAMES) - {line["subject"] for line in first}
    assert asked == [(missing,)]
    assert trained.measured()[:2] == first
    assert json.loads(trained.shares.read_text()) == json.loads(json.dumps(shares))
    assert "all 3 people" in (trained.path / "report.html").read_text()
    measure(
        trained, None, measure_reference(tiny_models(), config(**{"evaluation.views": 3}), progress=False)
    )
    assert len(asked) == 1 + 3  # other settings: everybody anew


@pytest.mark.slow
def test_the_same_figures_as_of_a_run(trained, reference):
    measure(trained, None, reference)
    own = config()
    alone = unlearn(tiny_models(), People("bea", ("bea",), PEOPLE[1:2]), own, numbers=(1,), progress=False)
    figures = evaluate(tiny_models(), alone, own, reference=reference, progress=False)
    (line,) = [line for line in trained.measured() if line["subject"] == "bea"]
    assert line["figures"]["id"] == pytest.approx(figures["id"], abs=1e-3)
    assert line["figures"]["id_target"] == pytest.approx(figures["id_target"], abs=1e-5)
    assert line["figures"]["others_lost_counts"] == figures["others_lost_counts"]


@pytest.mark.slow
def test_from_the_command_line(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("jaxunlearn.models.loading.load_models", lambda *_, **__: tiny_models())
    folder = tmp_path / "list"
    shutil.copytree(trained.path, folder, ignore=shutil.ignore_patterns("measured.*"))
    np.savez(tmp_path / "photo.npz", ws=PEOPLE[:1])
    others = ["--others", f"1={tmp_path / 'photo.npz'}"]  # of bea, whoever is chosen
    assert cli.main(["evaluate", str(folder), "--people", "1", *others]) == 0
    (line,) = WorklistFolder(folder).measured()
    assert line["measured_with"]["photos"] == int(line["subject"] == "bea")
    printed = capsys.readouterr().out
    assert "Measured: 1 of 3 people, chosen at random." in printed
    assert f"Look at {folder / 'report.html'}" in printed


@pytest.mark.parametrize(
    ("option", "message"),
    [("--compose", "--compose: not for a work list"), ("--strength=0", "--strength: not for a work list")],
)
def test_options_of_runs(done, capsys, option, message):
    assert cli.main(["evaluate", str(done.path), option]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("used", "message"), [(True, "is in use by process"), (False, "is read-only")])
def test_a_list_that_cannot_be_written(done, monkeypatch, capsys, used, message):
    """It is noticed before the source is measured, and before the list is read, which may still change."""
    monkeypatch.setattr(loading, "load_models", lambda *_, **__: pytest.fail("loaded first"))
    if not used:
        monkeypatch.setattr(os, "access", lambda *_: False)
    with done.lock() if used else contextlib.nullcontext():
        assert cli.main(["evaluate", str(done.path)]) == 2
    assert message in capsys.readouterr().err


def test_nobody_is_done(tmp_path):
    folder = WorklistFolder(tmp_path / "list")
    folder.begin(Origin("heads", "fingerprint"), LISTED, config())
    with pytest.raises(InputError, match="nobody is done yet"):
        chosen_people(folder)
    folder.add([{"subject": "ada", "status": "diverged", "wave": 0, "steps": 1, "learning_rate": 1}])
    with pytest.raises(InputError, match="nobody is done yet"):
        chosen_people(folder)


def counted_list(
    path: Path, monkeypatch: pytest.MonkeyPatch, names: Sequence[str] = NAMES
) -> tuple[WorklistFolder, list[str]]:
    """A list of which these people are done, and the names of those who are measured from now on."""
    folder, asked = done_list(path, names), []
    monkeypatch.setattr(batch_evaluation, "_result_of", lambda models, folder, name: name)

    def counted(models, name, *_, **__):
        asked.append(name)
        return {"people": {"0": person(False, 1)}}

    monkeypatch.setattr(batch_evaluation, "evaluate", counted)
    return folder, asked


def measured_by(align: Align = "fixed", features: str = "alexnet", **changes: Any) -> Any:
    """A measured source, as far as `evaluate_worklist` looks at it."""
    judges = (CalibratedJudge(CosineJudge(tiny_models().judge, align)),)
    real, retaining = (changes.pop(name, None) for name in ("real", "retaining"))
    return SimpleNamespace(
        settings=EvaluationSettings(**changes),
        judges=judges,
        judge=judges[0],
        perceptual=SimpleNamespace(net="alex"),
        features=SimpleNamespace(name=features),
        real=real,
        retaining=retaining,
    )


def test_what_is_measured_anew(tmp_path, monkeypatch):
    """Whatever changes a figure; not the batch, with which a machine of less memory goes on."""
    folder, asked = counted_list(tmp_path / "list", monkeypatch)

    def number_measured(**changes: Any) -> int:
        before = len(asked)
        measure(folder, None, measured_by(**changes))
        return len(asked) - before

    assert number_measured() == 3
    assert number_measured(batch=1) == 0
    assert number_measured(align="landmarks") == 3
    assert number_measured(align="landmarks", views=5) == 3
    assert number_measured(features="inception") == 3
    for digest in ("ffhq", "mine"):
        real = SimpleNamespace(number=9, sha256=digest)
        assert number_measured(features="inception", real=real) == 3
    for number in (1, 2):
        assert number_measured(retaining=PEOPLE[:number]) == 3
    assert number_measured(retaining=PEOPLE[:2].copy()) == 0
    add_done(folder, ["bea"], wave=1)  # trained anew
    assert number_measured(retaining=PEOPLE[:2]) == 1
    assert asked[-1] == "bea"


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("numbers", "how"),
    [
        ([0, 1], "chosen at random"),
        ([0], "chosen at random"),
        ([1], "not chosen at random, since others were not done yet"),
        ([1, 2], "not chosen at random, since others were not done yet"),
    ],
)
def test_who_was_done_first_is_no_random_choice(tmp_path, monkeypatch, seed, numbers, how):
    """The numbers are of the order in which people are chosen: whoever was done was measured."""
    order = [NAMES[k] for k in np.random.default_rng(seed).permutation(len(NAMES))]
    first = [order[k] for k in numbers]
    folder, _ = counted_list(tmp_path / "list", monkeypatch, first)
    evaluate_worklist(tiny_models(), folder, config(), first, measured_by(seed=seed), progress=False)
    page = write_worklist_page(folder).read_text()
    assert f"all {len(first)} people" in page
    write_worklist_page(add_done(folder, [name for name in NAMES if name not in first]))
    assert f"{len(first)} of 3 people, {how}." in (folder.path / "report.html").read_text()


def test_photos_of_fewer_people(tmp_path, monkeypatch):
    """`--identities` reads the photos of those who are measured; the figures of the others stay."""
    folder, asked = counted_list(tmp_path / "list", monkeypatch)
    known = measured_by()
    for names, photos in ((NAMES, 2), (NAMES[:1], 2), (NAMES[1:], 3)):
        evaluate_worklist(
            tiny_models(), folder, config(), names, known, other_ws=dict.fromkeys(names, PEOPLE[:photos])
        )
        assert {line["subject"] for line in folder.measured()} == set(NAMES)
    assert asked == [*NAMES, *NAMES[1:]]  # whoever has another number of photos is measured anew


@given(few=st.integers(1, 3), more=st.integers(0, 2), seed=st.integers(0, 9))
def test_a_greater_number_goes_on_from_a_smaller(done, few, more, seed):
    all_people = chosen_people(done, None, seed)
    assert sorted(all_people) == sorted(NAMES)
    assert chosen_people(done, few + more, seed)[:few] == chosen_people(done, few, seed)


def lines_of(*people: Any) -> list[Any]:
    return [
        {"subject": name, "wave": 0, "measured_with": {"judges": ["one", "dlib"]}, "figures": figures}
        for name, figures in zip(NAMES, people, strict=False)
    ]


def person(found: bool | None, lost: int) -> dict[str, Any]:
    figures = of_person({"found": {"photos": found}}, {"found": {"photos": found}})
    return {**figures, "others_lost_counts": {"number": float(lost), "people": 48.0}}


def test_shares_over_people():
    shares = shares_of_people(lines_of(person(True, 2), person(False, 5), person(None, 1)))
    assert shares["forgotten"]["number"] == 2  # who has no other photos is forgotten where anybody looked
    assert (shares["found_at"]["photos"]["number"], shares["found_at"]["photos"]["people"]) == (1, 2)
    assert shares["others_lost"] == {"share": 8 / 144, "number": 8, "people": 144}  # the same people thrice
    assert shares["others_lost_most"] == {"person": "bea", "number": 5}
    first, found, others = worklist_lines(shares, 9, random=True)
    assert (
        first == "Measured: 3 of 9 people, chosen at random. 2 of 3 are forgotten (95 % interval 21 to 94 %)."
    )
    assert found.startswith("Still found by a judge: at their latent 0 of 3, ")
    assert found.endswith("in other photos 1 of 2.")
    assert "8 of 144 for somebody else; most, 5, in the generator of bea." in others


def test_nobody_can_say():
    figures = person(None, 0) | {"forgotten": None}
    with_another = worklist_lines(shares_of_people(lines_of(person(True, 0), figures)), 2, random=True)
    assert with_another[0].endswith("; of 1 more no judge can say it.")
    lines = worklist_lines(shares_of_people(lines_of(figures)), 1, random=True)
    assert lines[0].endswith("whether they are forgotten.")
