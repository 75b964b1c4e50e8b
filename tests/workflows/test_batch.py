"""Many people in waves: who is done stays done, and whoever diverges stops nobody."""

import dataclasses
import json
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from eg3d_flax import Compute
from jaxunlearn.cli import main as cli
from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.methods.guide import presets
from jaxunlearn.models.generator import load_generator
from jaxunlearn.models.loading import MeanLatent
from jaxunlearn.photos.people import People
from jaxunlearn.process import multihost
from jaxunlearn.training.callbacks import Diverged
from jaxunlearn.training.storage.networks_of_run import Origin
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import request_of, unlearn
from jaxunlearn.workflows import batch
from jaxunlearn.workflows.batch import unlearn_all
from jaxunlearn.workflows.batch_dir import Worklist, WorklistFolder
from jaxunlearn.workflows.batch_report import write_worklist_page
from jaxunlearn.workflows.batch_sources import worklist_of_photos
from tests.support.same_run import assert_same_run
from tests.support.tiny_models import numbers, tiny_models, tiny_people
from tests.support.waiting import interrupted_when

PEOPLE = tiny_people(3)
NAMES = ("ada", "bea c.", "cleo")


def config(**changes):
    made = presets.heads()
    made.update(steps=2, log_every=1, images_every=0, checkpoint_every=1)
    made.optimiser.update(learning_rate=1e-3, schedule="constant")
    made.update_from_flattened_dict(changes)
    return made


def worklist(people=PEOPLE, asked=None) -> Worklist:
    def latents(indices):
        if asked is not None:
            asked.append(tuple(indices))
        return people[list(indices)]

    return Worklist(NAMES, latents)


@pytest.mark.parametrize("leads", [True, False])
def test_only_process_0_draws_bars(tmp_path, monkeypatch, leads):
    asked = []
    monkeypatch.setattr(batch, "_work", lambda *given: asked.append(given[-1]))
    monkeypatch.setattr(multihost, "leads", lambda: leads)
    monkeypatch.setattr(multihost, "leader_first", lambda *_: None)
    unlearn_all(tiny_models(), worklist(), config(), tmp_path / "list", parallel=2)
    assert asked == [leads]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists") / "whole"
    asked = []
    lines = unlearn_all(tiny_models(), worklist(asked=asked), config(), folder, parallel=2, progress=False)
    return folder, lines, asked


@pytest.mark.long
def test_everybody_is_done_in_waves(whole):
    folder, lines, asked = whole
    assert asked == [(0, 1), (2,)]
    assert [line["subject"] for line in lines] == list(NAMES)
    assert [line["wave"] for line in lines] == [0, 0, 1]
    assert {line["status"] for line in lines} == {"done"}
    assert lines[1]["generator"] == "generators/00001-bea-c.safetensors"
    assert not any((folder / "waves").iterdir())
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["people"], summary["done"], summary["diverged"]) == (3, 3, [])
    assert summary["identities_per_hour"] > 0


@pytest.mark.long
def test_a_page_to_look_at(whole):
    folder, lines, _ = whole
    page = (folder / "report.html").read_text()
    assert "<h1>3 of 3 people done</h1>" in page
    assert "Done means that its training ended: no " in page  # and not that anybody is forgotten
    for line in lines:
        assert f'src="{line["picture"]}"' in page
        picture = Image.open(folder / line["picture"])
        assert picture.width == 3 * picture.height
        before, _, after = np.split(np.asarray(picture, float), 3, axis=1)
        assert np.abs(before - after).mean() > 0


@pytest.mark.long
def test_what_becomes_of_somebody_does_not_depend_on_the_wave(whole):
    folder, lines, _ = whole
    alone = unlearn(tiny_models(), PEOPLE[1], config(), numbers=(1,), progress=False)
    of_list = load_generator(str(folder / lines[1]["generator"]))
    assert_same_run(numbers(alone.generator), numbers(of_list), learning_rate=1e-3, steps=2)


@pytest.mark.long
def test_who_is_done_is_not_done_again(whole):
    folder, lines, _ = whole
    asked = []
    again = unlearn_all(tiny_models(), worklist(asked=asked), config(), folder, parallel=1, progress=False)
    assert asked == []
    assert again == lines


@pytest.mark.slow
def test_whoever_diverges_is_tried_again_and_stops_nobody(tmp_path):
    people = PEOPLE.copy()
    people[1] *= 1e25
    folder = tmp_path / "list"
    lines = unlearn_all(tiny_models(), worklist(people), config(), folder, parallel=2, progress=False)
    assert [line["status"] for line in lines] == ["done", "diverged", "done"]
    attempts = [line for line in WorklistFolder(folder).lines() if line["subject"] == NAMES[1]]
    assert [line["learning_rate"] for line in attempts] == [1e-3, 5e-4]
    assert "generator" not in lines[1]
    assert json.loads((folder / "summary.json").read_text())["diverged"] == [NAMES[1]]


@pytest.mark.must
def test_a_wave_cut_off_before_its_generators_were_written(tmp_path):
    """All steps are taken; who diverged is known from the log. It keeps its people, whatever is asked now."""
    people, folder, wave = PEOPLE.copy(), tmp_path / "list", tmp_path / "list" / "waves" / "0000"
    people[1] *= 1e25
    WorklistFolder(folder).begin(Origin.of(tiny_models()), worklist(), config())
    unlearn(
        tiny_models(),
        People("0000", tuple(NAMES[:2]), people[:2]),
        config(images_every=0),
        workdir=wave,
        progress=False,
    )
    for file in (wave / "generator").iterdir():
        file.unlink()
    lines = unlearn_all(tiny_models(), worklist(people), config(), folder, parallel=3, progress=False)
    assert [line["status"] for line in lines] == ["done", "diverged", "done"]
    assert [line["wave"] for line in lines] == [0, 2, 1]
    assert lines[0]["loss"] > 0  # kept with the last step, though none was left to take
    assert len(WorklistFolder(folder).lines()) == 4


@pytest.mark.must
def test_an_interrupted_list_goes_on(tmp_path):
    """In the middle of the first wave, which then goes on from where it was."""
    folder, steps = tmp_path / "list", 60
    metrics = folder / "waves" / "0000" / "metrics.jsonl"
    with pytest.raises(Interrupted), interrupted_when(metrics.exists):
        unlearn_all(tiny_models(), worklist(), config(steps=steps), folder, parallel=2, progress=False)
    assert not WorklistFolder(folder).lines()
    assert "Nobody of this list is in training now" in (folder / "report.html").read_text()
    at = len(metrics.read_text().splitlines())
    assert 0 < at < steps
    with pytest.raises(InputError, match=rf"is a work list with config\.steps {steps}, not 2"):
        unlearn_all(tiny_models(), worklist(), config(), folder, parallel=2, progress=False)
    asked, again = [], config(steps=steps)
    lines = unlearn_all(tiny_models(), worklist(asked=asked), again, folder, parallel=2, progress=False)
    assert [line["status"] for line in lines] == ["done"] * 3
    assert ["seconds" in line for line in lines] == [False, False, True]
    assert asked == [(2,)]  # the latents of a wave that was begun are known


def test_a_wave_that_was_begun_keeps_its_people_and_nobody_is_tried_three_times(tmp_path, monkeypatch):
    """Its latents are known. Whoever diverges is tried once more, with half the learning rate."""
    trained, asked = [], []

    def cut_off(models, people, own, *, workdir, numbers, **_):
        assert len(trained) < 9, "there is no end to it"
        trained.append((numbers, own.optimiser.learning_rate))
        run, request = RunFolder(workdir), request_of(models, people, None, numbers, shared=False)
        run.begin(request, own, people.ws)
        if len(trained) == 1:
            raise Interrupted("Ctrl-C")
        raise Diverged("step 1: the loss is no longer finite")

    monkeypatch.setattr(batch, "unlearn", cut_off)
    folder = tmp_path / "list"
    with pytest.raises(Interrupted):
        unlearn_all(tiny_models(), worklist(asked=asked), config(), folder, parallel=2, progress=False)
    lines = unlearn_all(tiny_models(), worklist(asked=asked), config(), folder, parallel=1, progress=False)
    again = [((k,), 5e-4) for k in range(3)]
    assert trained == [((0, 1), 1e-3), ((0, 1), 1e-3), ((2,), 1e-3), *again]
    assert asked == [(0, 1), (2,), (0,), (1,), (2,)]
    assert [(line["status"], line["wave"]) for line in lines] == [("diverged", 2 + k) for k in range(3)]
    assert not list((folder / "waves").iterdir())


def test_a_list_of_several_processes_without_a_mesh(tmp_path, monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(InputError, match="2 processes: give a mesh"):
        unlearn_all(tiny_models(), worklist(), config(), tmp_path / "list", parallel=2)
    assert not (tmp_path / "list").exists()


def all_done(path: Path) -> WorklistFolder:
    """The folder of a list whose people are done, without their training."""
    folder = WorklistFolder(path)
    folder.begin(Origin.of(tiny_models()), worklist(), config())
    line = {"status": "done", "wave": 0, "steps": 2, "learning_rate": 1e-3, "generator": "", "picture": ""}
    folder.add([{"subject": name, **line} for name in NAMES])
    return folder


def test_a_list_from_before_there_was_a_setting_has_its_default(tmp_path):
    folder = all_done(tmp_path / "list")
    older = json.loads((folder.path / "worklist.json").read_text())
    del older["config"]["target.share"]
    (folder.path / "worklist.json").write_text(json.dumps(older))
    assert folder.config.target.share == 0.5
    folder.begin(Origin.of(tiny_models()), worklist(), config())


def test_people_an_hour_are_of_all_calls(tmp_path):
    """The same command once more takes nothing away; a wave that was interrupted says nothing."""
    folder = WorklistFolder(tmp_path / "list")
    folder.begin(Origin.of(tiny_models()), worklist(), config())
    timed = {"ada": [{"seconds": 10.0}], "bea c.": [{"seconds": 10.0}, {"seconds": 20.0}], "cleo": [{}]}
    line = {"status": "done", "wave": 0, "steps": 2, "learning_rate": 1e-3, "generator": "", "picture": ""}
    folder.add([{"subject": name, **line, **each} for name in NAMES for each in timed[name]])
    unlearn_all(tiny_models(), worklist(), config(), folder.path, parallel=2, progress=False)
    assert json.loads((folder.path / "summary.json").read_text())["identities_per_hour"] == 2 * 3600 / 40


def test_the_page_of_a_list_that_was_killed_before_its_last_page(tmp_path):
    """It would load itself anew for ever."""
    folder = all_done(tmp_path / "list")
    (folder.path / "report.html").write_text('<meta http-equiv="refresh">')
    unlearn_all(tiny_models(), worklist(), config(), folder.path, parallel=2, progress=False)
    page = (folder.path / "report.html").read_text()
    assert "3 of 3 people done" in page
    assert 'http-equiv="refresh"' not in page


def test_the_page_of_a_list_that_is_interrupted_in_its_second_wave(tmp_path, monkeypatch):
    """The page of the first wave reloads itself, the last one does not."""
    folder, pages = WorklistFolder(tmp_path / "list"), []

    def unlearn(models, people, *_, workdir, **__):
        if pages:
            raise Interrupted("interrupted")
        raise Diverged("nobody is left")

    def write(*arguments, **options):
        pages.append(write_worklist_page(*arguments, **options).read_text())

    monkeypatch.setattr(batch, "unlearn", unlearn)
    monkeypatch.setattr(batch, "write_worklist_page", write)
    with pytest.raises(Interrupted):
        unlearn_all(tiny_models(), worklist(), config(), folder.path, parallel=2, progress=False)
    assert ['http-equiv="refresh"' in page for page in pages] == [True, False]
    assert "0 of 3 people done, 2 diverged" in pages[1]
    assert "Nobody of this list is in training now" in pages[1]


def test_what_a_list_may_change(tmp_path):
    """What a run may: a list that ran out of memory goes on with fewer copies at once."""
    folder = all_done(tmp_path / "list")

    def resume(people=NAMES, **changes):
        nobody = Worklist(people, lambda some: PEOPLE[list(some)])
        unlearn_all(tiny_models(), nobody, config(**changes), folder.path, parallel=2, progress=False)

    resume(copies_at_once=1)
    assert folder.config.copies_at_once == 1
    with pytest.raises(InputError, match=r"is a work list with config\.steps 2, not 3"):
        resume(steps=3)
    with pytest.raises(InputError, match=r"is a work list with config\.seed 0, not 4"):
        resume(seed=4)
    with pytest.raises(InputError, match="is a work list with other people"):
        resume(NAMES[:2])


def test_a_list_goes_on_with_the_same_networks_and_the_same_inversion(tmp_path):
    """Its people would not be comparable; `all_done` is as an older version left a list."""
    folder, models = all_done(tmp_path / "list"), tiny_models()

    def resume(changed=models, **how):
        listed = Worklist(NAMES, lambda some: PEOPLE[list(some)], inversion=how)
        unlearn_all(changed, listed, config(), folder.path, parallel=2, progress=False)

    for _ in range(2):
        resume(inversion="hybrid", encoder="goae")
    for changed, name in (
        ({"identity": dataclasses.replace(models.identity, name="other")}, "identity 'loss', not 'other'"),
        ({"identity": dataclasses.replace(models.judge, name="loss")}, "identity_sha256"),
        ({"perceptual_name": "LPIPS VGG16"}, "perceptual 'LPIPS AlexNet'"),
        ({"given_mean": MeanLatent(models.w_avg, "mean.npz")}, "mean_latent"),
    ):
        with pytest.raises(InputError, match=f"is a work list with {name}"):
            resume(dataclasses.replace(models, **changed), inversion="hybrid", encoder="goae")
    with pytest.raises(InputError, match="is a work list with inversion 'hybrid', not 'optimize'"):
        resume(inversion="optimize")


def test_a_list_goes_on_with_the_same_photos(tmp_path):
    """Other files of the same names are other people; `all_done` is as an older version left a list."""
    folder = all_done(tmp_path / "list")

    def resume(*photos: str) -> None:
        for name, color in zip(NAMES, photos, strict=True):
            Image.new("RGB", (32, 32), color).save(tmp_path / f"{name}.png")
        table = "".join(f"{name}.png,{name}\n" for name in NAMES)
        (tmp_path / "people.csv").write_text(f"image,identity\n{table}")
        listed = worklist_of_photos(
            tiny_models(), tmp_path / "people.csv", method="optimize", compute=Compute(), progress=False
        )
        unlearn_all(tiny_models(), listed, config(), folder.path, parallel=2, progress=False)

    for _ in range(2):
        resume("red", "green", "blue")
    with pytest.raises(InputError, match=r"is a work list with another photo for bea c\.; choose another"):
        resume("red", "white", "blue")


@pytest.mark.parametrize(
    ("subjects", "parallel", "changes", "message"),
    [
        (NAMES, 0, {}, "parallel must be at least 1"),
        ((), 2, {}, "the work list is empty"),
        (("ada", "ada"), 2, {}, "ada is in the work list 2 times"),
    ],
)
def test_lists_that_make_no_sense(tmp_path, subjects, parallel, changes, message):
    nobody = Worklist(subjects, lambda indices: PEOPLE[list(indices)])
    with pytest.raises(InputError, match=message):
        unlearn_all(tiny_models(), nobody, config(**changes), tmp_path / "list", parallel=parallel)
    assert not (tmp_path / "list").exists()


def photographs(folder):
    """Two people's folders, the second of which begins with a file that is no picture."""
    for person in ("ada", "bea"):
        (folder / person).mkdir(parents=True)
        for k in (1, 2):
            pixels = np.random.default_rng(k).integers(0, 255, (32, 32, 3), np.uint8)
            Image.fromarray(pixels).save(folder / person / f"{k}.png")
    (folder / "bea" / "0.png").write_text("no picture")


@pytest.mark.slow
@pytest.mark.filterwarnings("always:left out")
def test_identities_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("jaxunlearn.models.loading.load_models", lambda *_, **__: tiny_models())
    photographs(tmp_path / "people")
    command = ["unlearn", "--identities", str(tmp_path / "people"), "--inversion", "optimize"]
    command += ["--parallel", "2", "--mesh", "2x1", "--steps", "1", "--out", str(tmp_path / "out")]
    assert cli.main(command) == 0
    printed = capsys.readouterr()
    assert "ada: done, generators/00000-ada.safetensors" in printed.out
    assert "0.png: not a readable picture" in printed.err
    lines = WorklistFolder(tmp_path / "out").lines()
    assert [(line["subject"], line["wave"]) for line in lines] == [("ada", 0), ("bea", 0)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--latents", "person.npz", "--parallel", "2"], "--parallel needs --identities or --seed"),
        (["--seed", "0-3", "--parallel", "2", "--mesh", "9x1"], "needs 9 devices"),
        (["--seed", "0-3", "--parallel", "2", "--method", "sugar"], "a generator of their own"),
        (["--seed", "0", "--coordinator", "localhost:1"], "or none"),
    ],
)
def test_commands_that_make_no_sense(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.setattr("jaxunlearn.models.loading.load_models", lambda *_, **__: tiny_models())
    assert cli.main(["unlearn", *arguments, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
