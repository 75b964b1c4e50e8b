"""`jaxunlearn demo`, `unlearn`, `evaluate` and `render RUN`: from arguments to what a person looks at."""

import contextlib
import dataclasses
import io
import json
import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest
import trimesh
from PIL import Image

from jaxunlearn.cli import main as cli
from jaxunlearn.cli.commands import demo as demo_command
from jaxunlearn.cli.commands import unlearn as unlearn_command
from jaxunlearn.cli.unlearning import refusals, request
from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.files import lock
from jaxunlearn.methods.guide import presets
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models import loading
from jaxunlearn.photos.inversion import plan
from jaxunlearn.photos.inversion.search import Inversion
from jaxunlearn.photos.people import People
from jaxunlearn.photos.sources import read_photographs
from jaxunlearn.reporting.page.words import MEANINGS
from jaxunlearn.reporting.sheets.sheet import SheetFolder
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.trainer import Callback
from jaxunlearn.training.unlearn import request_of
from jaxunlearn.workflows import batch_sources
from jaxunlearn.workflows.continual_report import write_requests_page
from jaxunlearn.workflows.registry import Registry
from tests.support.page_folders import begun, page_of_a_sequence
from tests.support.refused import refused
from tests.support.tiny_models import tiny_models, tiny_people

FEW = [
    "--config.steps=2",
    "--config.images_every=0",
    "--config.evaluation.album=2",
    "--config.evaluation.retained_people=4",
    "--config.evaluation.strangers=4",
    "--config.evaluation.frechet_samples=8",
    "--config.evaluation.batch=8",
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Run the demo with few steps; return its folder and what it printed."""
    folder = tmp_path_factory.mktemp("runs") / "demo"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert cli.main(["demo", "--seed", "3", "--out", str(folder), *FEW]) == 0
    return RunFolder(folder), printed.getvalue().splitlines()


def test_the_demo_takes_its_own_number_of_steps_unless_told_otherwise(tmp_path, monkeypatch):
    steps = []

    def unlearn(models, people, config, **_):
        steps.append(config.steps)
        raise InputError("enough")

    monkeypatch.setattr(demo_command, "unlearn", unlearn)
    for given in ([], ["--steps", "5"], ["--config.steps=6"]):
        assert cli.main(["demo", "--seeds", "3", "--out", str(tmp_path), *given]) == 2
    assert steps == [80, 5, 6]


@pytest.mark.parametrize(
    "people",
    [
        "--image photo.png",
        "--identities photos",
        "--identities photos --method sugar",
        "--seed 0-3 --parallel 2",
        "--seed 0-3 --method sugar --sweep-distance 1",
    ],
)
@pytest.mark.parametrize(("out", "error"), [("theirs", "holds other files"), ("file", "cannot be written")])
def test_a_folder_that_cannot_be_used(tmp_path, monkeypatch, capsys, people, out, error):
    """It is noticed before models are loaded and photos inverted."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(unlearn_command, "models_of", lambda *_: pytest.fail("loaded first"))
    (tmp_path / "file").touch()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "notes.txt").touch()
    assert cli.main(["unlearn", *people.split(), "--out", out]) == 2
    assert error in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "theirs").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    "people",
    ["--image photo.png", "--identities photos", "--seed 0-3 --parallel 2", "--sequence requests.json"],
)
def test_a_folder_by_default_that_cannot_be_used(tmp_path, monkeypatch, capsys, people):
    """It is noticed as early as one that is given."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(unlearn_command, "models_of", lambda *_: pytest.fail("loaded first"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert cli.main(["unlearn", *people.split()]) == 2
    assert "cannot be written, . is read-only" in capsys.readouterr().err


def test_the_folder_of_a_photo_with_the_same_name(tmp_path, monkeypatch, capsys):
    """The run of another photo is noticed before this one is inverted; the same photo goes on."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(unlearn_command, "models_of", lambda *_: tiny_models())
    for color, who in (("red", "ada"), ("blue", "bob")):
        Path(who).mkdir()
        Image.new("RGB", (32, 32), color).save(Path(who) / "1.png")
    photos = read_photographs("ada/1.png", 32)
    people = People("1", ("1.png",), tiny_people(1), photos_sha256=(photos.photographs[0].sha256,))
    asked = request_of(tiny_models(), people, None, (0,), shared=False)
    RunFolder(Path("runs/1")).begin(asked, presets.heads(), people.ws)
    inverted = []

    def people_from_photos(models, sources, **_):
        inverted.extend(sources)
        raise InputError("enough")

    monkeypatch.setattr(request, "people_from_photos", people_from_photos)
    assert cli.main(["unlearn", "--image", "bob/1.png"]) == 2
    assert "runs/1: is a run with other photos; give another folder" in capsys.readouterr().err
    assert cli.main(["unlearn", "--image", "ada/1.png"]) == 2
    assert inverted == ["ada/1.png"]


@pytest.fixture
def photos_of_two(tmp_path, monkeypatch) -> list[int]:
    """Numbers of photos that the commands invert; a run begins with them, and is cut off."""
    monkeypatch.chdir(tmp_path)
    for who, color in (("ada", "red"), ("bob", "blue")):
        (tmp_path / "people" / who).mkdir(parents=True)
        Image.new("RGB", (32, 32), color).save(tmp_path / "people" / who / "1.png")
    numbers = []

    def invert_photographs(models, images, *_, **__):
        numbers.append(len(images))
        return Inversion(tiny_people(len(images)), *[np.zeros(len(images))] * (len(Inversion._fields) - 1))

    def unlearn(models, people, config, *, workdir, **_):
        shared = method_of(config).shares_generator(config)
        asked = request_of(models, people, None, (0, 1), shared=shared)
        RunFolder(workdir).begin(asked, config, people.ws)
        raise InputError("cut off")

    monkeypatch.setattr(unlearn_command, "models_of", lambda *_: tiny_models())
    monkeypatch.setattr(unlearn_command, "unlearn", unlearn)
    for module in (plan, batch_sources):
        monkeypatch.setattr(module, "invert_photographs", invert_photographs)
    monkeypatch.setattr(
        "jaxunlearn.photos.inversion.choice.encoder_of",
        lambda _, method, __: SimpleNamespace(name=method) if method != "optimize" else None,
    )
    return numbers


PHOTOS_OF_TWO = ["--image people/ada/1.png people/bob/1.png", "--identities people --method sugar"]


@pytest.mark.parametrize("people", PHOTOS_OF_TWO)
def test_photos_of_a_run_that_has_begun_are_not_inverted_again(photos_of_two, tmp_path, capsys, people):
    command = ["unlearn", *people.split(), "--out", "out"]
    for _ in range(2):
        assert cli.main(command) == 2
        assert "cut off" in capsys.readouterr().err
    assert photos_of_two == [2]
    file = tmp_path / "out" / "run.json"
    content = json.loads(file.read_text())
    assert content["inversion"]["inversion"] == "optimize"
    file.write_text(json.dumps(content | {"inversion": {}}))  # as of latents, which do not say how
    assert cli.main(command) == 2
    assert "cut off" in capsys.readouterr().err
    assert photos_of_two == [2, 2]


@pytest.mark.parametrize("people", PHOTOS_OF_TWO)
def test_a_mesh_is_refused_before_photos_are_inverted(photos_of_two, monkeypatch, capsys, people):
    command = ["unlearn", *people.split(), "--out", "out"]
    shared = [] if "--method" in command else ["--method", "sugar"]
    assert cli.main([*command, *shared, "--mesh", "8x1"]) == 2
    assert "all people share one generator; put the devices along" in capsys.readouterr().err
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    assert cli.main(command) == 2
    assert "2 processes: give a mesh with devices of each" in capsys.readouterr().err
    assert photos_of_two == []


@pytest.mark.parametrize("kind", ["--image people/ada/1.png people/eve/1.png", "--identities people"])
@pytest.mark.parametrize("more", [["--method", "sugar"], ["--shared"]])
def test_a_photo_given_twice_is_refused_before_it_is_inverted(photos_of_two, capsys, kind, more):
    """Two targets of one person contradict each other; with generators of their own they may be twice."""
    shutil.copytree("people/ada", "people/eve")
    assert cli.main(["unlearn", *kind.split(), *more, "--out", "out"]) == 2
    names = "ada/1.png and eve/1.png" if kind.startswith("--image") else "ada and eve"
    assert f"{names}: the same person is listed twice" in capsys.readouterr().err
    assert photos_of_two == []


@pytest.mark.parametrize(
    "command",
    [
        "unlearn --seed 3,4 --config.shared_generator=True",
        "unlearn --seed 3,4 --shared --method=guide --config.shared_generator=False",
        "unlearn --seed 3,4 --config.shared_generator=True --config FILE",
        "demo --config.shared_generator=True",
        "bench --config.shared_generator=True",
        "compile --config.shared_generator=True",
    ],
)
def test_one_generator_for_all_is_no_setting_to_change(tmp_path, monkeypatch, capsys, command):
    """GUIDE has other settings then; one of these was called missing."""
    monkeypatch.chdir(tmp_path)
    file = Path(__file__).parents[2] / "configs" / "guide" / "paper.py"
    line = refused(capsys, *command.replace("FILE", str(file)).split())
    assert "--config.shared_generator: other settings go with each of its values" in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("listed", ["--image people/ada/1.png", "--identities people"])
def test_a_folder_that_a_host_does_not_share_is_refused_before_photos_are_inverted(
    photos_of_two, monkeypatch, capsys, listed
):
    """As the second of two processes sees it: the first has locked the folder elsewhere."""
    monkeypatch.setattr(unlearn_command, "check_mesh", lambda *_, **__: None)
    monkeypatch.setattr(unlearn_command, "check_same", lambda *_: None)
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr(refusals, "leads", lambda: False)
    for module in (unlearn_command, refusals):
        monkeypatch.setattr(module, "leader_first", lambda action, _: action())
    monkeypatch.setattr(lock, "SEEN_WITHIN", 0)
    assert cli.main(["unlearn", *listed.split(), "--out", "out"]) == 2
    assert "out: what process 0 writes there is not seen on this host" in capsys.readouterr().err
    assert photos_of_two == []
    assert not Path("out").exists()


@pytest.mark.parametrize("listed", ["--image people/ada/1.png", "--identities people"])
@pytest.mark.parametrize("leading", [True, False])
def test_only_process_0_draws_bars_of_photos(photos_of_two, monkeypatch, listed, leading):
    asked = []

    def taken(*_, progress, **__):
        asked.append(progress)
        raise InputError("cut off")

    monkeypatch.setattr(request, "leads", lambda: leading)
    for name in ("people_from_photos", "worklist_of_photos"):
        monkeypatch.setattr(request, name, taken)
    assert cli.main(["unlearn", *listed.split(), "--out", "out"]) == 2
    assert asked == [leading]


@pytest.mark.parametrize("people", PHOTOS_OF_TWO)
def test_other_photos_than_those_of_a_run_are_refused_before_they_are_inverted(photos_of_two, capsys, people):
    command = ["unlearn", *people.split(), "--out", "out"]
    assert cli.main(command) == 2
    capsys.readouterr()
    assert cli.main([*command, "--inversion", "hybrid"]) == 2
    assert "out: is a run with inversion 'optimize', not 'hybrid'; give another" in capsys.readouterr().err
    Image.new("RGB", (32, 32), "green").save("people/bob/1.png")
    assert cli.main(command) == 2
    said = "other photos" if "--image" in people else "another photo for bob"
    assert f"out: is a run with {said}; give another" in capsys.readouterr().err
    Image.new("RGB", (32, 32), "blue").save("people/bob/1.png")
    Image.new("RGB", (32, 32), "white").save("people/bob/2.png")
    Path("people/cyd").mkdir()
    Image.new("RGB", (32, 32), "black").save("people/cyd/1.png")
    more = people.replace("bob/1.png", "bob/1.png people/bob/2.png")
    assert cli.main(["unlearn", *more.split(), "--out", "out"]) == 2
    assert "out: is a run with subjects ('" in capsys.readouterr().err
    assert photos_of_two == [2]


@pytest.mark.parametrize(
    ("arguments", "folder"),
    [
        ("--seed 4-7", "seed0004-0007"),
        ("--seed 4-7 --parallel 2", "seed0004-0007"),
        ("--identities people.csv", "people"),
        ("--latents ws.npz", "ws"),
        ("--sequence march.json", "march"),
        ("--image photo.png", "photo"),
        ("--image photo.png tfds:faces[train]", "photo-and-1-more"),
    ],
)
def test_the_folder_by_default(monkeypatch, arguments, folder):
    asked = []

    def check_out(_, out, listed):
        asked.append(out)
        raise InputError("enough")

    monkeypatch.setattr(unlearn_command, "check_out", check_out)
    assert cli.main(["unlearn", *arguments.split()]) == 2
    assert asked == [Path("runs") / folder]


def test_a_list_in_which_everybody_diverged(tmp_path, monkeypatch, capsys):
    lines = [{"subject": f"seed {k}", "status": "diverged"} for k in range(2)]
    monkeypatch.setattr(unlearn_command, "models_of", lambda *_: tiny_models())
    monkeypatch.setattr(unlearn_command, "unlearn_all", lambda *_, **__: lines)
    command = ["unlearn", "--seed", "0-1", "--parallel", "2", "--out", str(tmp_path / "list")]
    assert cli.main(command) == 2
    assert "nobody is done, all generators diverged" in capsys.readouterr().err
    lines[1]["status"] = "done"
    assert cli.main(command) == 0
    assert "1 of 2 done" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["unlearn --seed 3", "demo"])
def test_steps_that_are_given_twice(monkeypatch, capsys, command):
    monkeypatch.setattr(loading, "load_models", lambda *_, **__: pytest.fail("loaded first"))
    assert cli.main([*command.split(), "--steps", "10", "--config.steps=20"]) == 2
    assert "--steps and --config.steps are the same setting; leave one out" in capsys.readouterr().err


@pytest.mark.must
def test_the_demo_says_in_plain_words_what_happened(demo):
    folder, printed = demo
    assert "seed 3 is NOT forgotten: still found at their latent" in printed[0]  # after two steps
    begins = (
        "Similarity before and after",
        "Other photos of them: similarity before and after",
        "To ",
        "Other people, chosen at random, stay the same",
        "Pictures of other people change",
        "The run took 2 steps",
        f"Look at {folder.report}",
        "try next: jaxunlearn render",
    )
    # Near people are counted if a judge tells them from the forgotten one; of so few perhaps none is.
    lines = [line for line in printed[1:] if not line.startswith("Of people near the forgotten")]
    assert [line[: len(begin)] for line, begin in zip(lines, begins, strict=True)] == list(begins)
    assert "they did NOT become their target" in lines[2]


@pytest.mark.must
def test_the_summary_uses_the_papers_names(demo):
    summary = json.loads((demo[0].path / "summary.json").read_text())
    for name in ("id", "id_others", "fid_pre", "steps_per_second", "compile_seconds", "devices"):
        assert summary[name] is not None
    assert "judge" in summary["networks"]["identity"]
    assert 0.9 < summary["others_id"] <= 1
    assert summary["people"]["0"]["id"] == summary["id"]


@pytest.mark.must
def test_the_page_stands_alone(demo):
    page = demo[0].report.read_text()
    assert "://" not in page  # no base64 has these letters
    assert all(name in page for name in MEANINGS if name not in ("delta_fid_real", "fid_forget"))
    assert "<title>Forgetting seed 3</title>" in page
    assert "<polyline" not in page  # two steps were logged as one line
    assert 'http-equiv="refresh"' not in page
    for alt in (
        "seed 3 before, seen from the front",
        "Other photo 2 of seed 3, as drawn after",
        "Somebody else",
    ):
        assert f'alt="{alt}' in page


@pytest.mark.must
def test_the_page_is_made_anew_without_its_pictures(demo, capsys):
    folder = demo[0]
    before = folder.report.read_text()
    assert cli.main(["report", str(folder.path)]) == 0
    assert folder.report.read_text() == before  # nothing was rendered
    photos = SheetFolder(folder.images).read("photos-0000")
    sheets = folder.images / "page" / "sheets.json"
    index = json.loads(sheets.read_text())
    sheets.write_text(json.dumps({"photos-0000": index["photos-0000"]}))
    folder.report.unlink()
    assert cli.main(["report", str(folder.path)]) == 0
    assert capsys.readouterr().out.splitlines() == 2 * [str(folder.report)]
    assert set(json.loads(sheets.read_text())) == set(index)
    assert photos is not None
    assert photos.rows == ("photo", "before", "after")
    assert photos.images.shape[:2] == (3, 2)
    assert len(folder.report.read_text()) == pytest.approx(len(before), rel=0.05)


@pytest.mark.must
def test_the_pictures_show_before_target_and_after(demo):
    with Image.open(demo[0].person_picture()) as image:
        rows = np.split(np.asarray(image, np.float32), 3)
    before, target, after = rows
    assert abs(before - target).mean() > 5
    assert 0 < abs(before - after).mean() < abs(before - target).mean()


@pytest.mark.must
def test_rendering_a_run_again(demo, capsys):
    folder = demo[0]
    arguments = ["render", str(folder.path), "--yaw", "-20", "20", "--video", "orbit.gif", "--frames", "3"]
    arguments += ["--mesh", "head.glb", "--mesh-resolution", "40", "--mesh-largest"]
    assert cli.main(arguments) == 0
    meshes = [folder.images / f"head0000_{when}.glb" for when in ("before", "after")]
    assert capsys.readouterr().out.splitlines() == [
        str(folder.person_picture()),
        str(folder.images / "orbit0000.gif"),
        *map(str, meshes),
    ]
    surfaces = [trimesh.load_mesh(path) for path in meshes]
    assert min(len(surface.faces) for surface in surfaces) > 1000
    assert surfaces[0].vertices.shape != surfaces[1].vertices.shape  # two steps have moved it a little
    with Image.open(folder.images / "orbit0000.gif") as film:
        assert film.size == (3 * 128, 128)
        assert film.n_frames == 3  # type: ignore[attr-defined]


@pytest.mark.must
def test_a_run_is_not_run_again_and_refuses_another_request(demo, capsys):
    folder = demo[0]
    before = folder.generator().stat().st_mtime_ns
    assert cli.main(["unlearn", "--seed", "3", "--out", str(folder.path), *FEW]) == 0
    assert folder.generator().stat().st_mtime_ns == before
    assert str(folder.generator()) in capsys.readouterr().out
    assert cli.main(["unlearn", "--seed", "4", "--out", str(folder.path), *FEW]) == 2
    assert "is a run with subjects ('seed 3',), not ('seed 4',)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["unlearn", "--seed", "3", "--config", "no.py"], "--config no.py: no such file"),
        (["unlearn", "--seed", "3", "--config.no_such=3"], "no_such"),
        (["unlearn", "--seed", "3", "--config.steps=many"], "many"),
        (["unlearn", "--seed", "3", "--config.steps=-1"], "config.steps must be a whole number"),
        (["unlearn", "--seed", "3", "--model", "no.pkl"], "no.pkl: no such file"),
        (["unlearn", "--image", "no.png"], "no.png: no such file"),
        (["evaluate", "no_run", "--save-real", "a.npz"], "--save-real a.npz: needs --real"),
        (["evaluate", "no_run", "--real", ".", "--save-real", "a.txt"], "ends in .npz"),
        (
            ["evaluate", "no_run", "--real", ".", "--save-real", "none/a.npz"],
            "none/a.npz: cannot be written, its folder",
        ),
        (["evaluate", "no_run"], "no_run: no such folder"),
        (["render", "no_run"], "no_run: no such folder"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ["unlearn"],
        ["unlearn", "--seed", "x"],
        ["unlearn", "--seed", "3", "--latents", "ws.npz"],
        ["unlearn", "--seed", "3", "--steps", "0"],
        ["unlearn", "--seed", "3", "--stepps", "9"],
        ["models", "--config.steps=3"],
    ],
)
def test_arguments_that_make_no_sense(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_files_of_the_wrong_kind(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("ws.npy", np.zeros((1, 14, 512), np.float32))
    assert cli.main(["unlearn", "--latents", "ws.npy"]) == 2
    assert "do not fit this generator" in capsys.readouterr().err
    (tmp_path / "photo.png").write_text("not a picture")
    assert cli.main(["unlearn", "--image", "photo.png"]) == 2
    assert "photo.png" in capsys.readouterr().err
    from importlib import resources

    identity = str(resources.files("jaxunlearn.zoo") / "identity_judge.safetensors")
    assert cli.main(["unlearn", "--seed", "3", "--model", identity]) == 2
    assert "identity_judge.safetensors" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_a_photo_becomes_a_run(demo, tmp_path, capsys):
    """A picture of the person before, as a file: inverted, unlearned, and named in the run."""
    with Image.open(demo[0].person_picture()) as image:
        image.crop((256, 0, 384, 128)).save(tmp_path / "photo.png")
    out = tmp_path / "run"
    assert cli.main(["unlearn", "--image", str(tmp_path / "photo.png"), "--out", str(out), *FEW]) == 0
    assert str(out / "report.html") in capsys.readouterr().out
    folder = RunFolder(out)
    assert folder.request.subjects == ("photo.png",)
    with Image.open(folder.person_picture()) as image:
        inverted = np.asarray(image, np.float32)[:128, 256:384]
    with Image.open(tmp_path / "photo.png") as image:
        photo = np.asarray(image, np.float32)
    assert abs(inverted - photo).mean() < 8  # of 255


def test_commands_to_try_next_can_be_pasted(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    people = SimpleNamespace(name="somebody", subjects=("somebody",), ws=None)
    result = SimpleNamespace(generators=[])
    for module in (demo_command, request):
        monkeypatch.setattr(module, "people_from_seeds", lambda *_: people)
    for module in (demo_command, unlearn_command):
        monkeypatch.setattr(module, "unlearn", lambda *_, **__: result)
    monkeypatch.setattr(demo_command.loading, "load_models", lambda _: None)
    monkeypatch.setattr(demo_command, "evaluate_and_report", lambda *_: [])
    monkeypatch.setattr(unlearn_command, "models_of", lambda *_: tiny_models())
    monkeypatch.setattr(unlearn_command, "frontier_of", lambda *_: [])
    monkeypatch.setattr(
        unlearn_command, "write_run_report", lambda *_: SimpleNamespace(report=Path("report.html"))
    )
    assert cli.main(["demo", "--out", "my runs"]) == 0
    assert "jaxunlearn render 'my runs' --video orbit.gif" in capsys.readouterr().out
    for judges in ("", " --judge dlib --judge 'my judge.pt'"):
        assert cli.main(["unlearn", "--seed", "7", "--out", "my runs", *shlex.split(judges)]) == 0
        assert capsys.readouterr().out.endswith(f"measure it: jaxunlearn evaluate 'my runs'{judges}\n")


def test_random_weights_are_named_again_after_the_long_part(tmp_path, monkeypatch, capsys):
    models = dataclasses.replace(tiny_models(), perceptual_name=f"LPIPS VGG {loading.RANDOM_WEIGHTS}")
    lines = [{"subject": "seed 0", "status": "done"}]
    monkeypatch.setattr(unlearn_command, "models_of", lambda *_: models)
    monkeypatch.setattr(unlearn_command, "unlearn_all", lambda *_, **__: lines)
    out = ["--out", str(tmp_path / "list")]
    assert cli.main(["unlearn", "--seed", "0", "--parallel", "1", *out]) == 0
    assert "RANDOM WEIGHTS took the place of LPIPS VGG, whose files" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["demo", "unlearn --seed 7"])
def test_the_page_of_a_run_whose_pictures_are_interrupted(tmp_path, monkeypatch, command):
    """Ctrl-C while the finished run is measured or drawn: the page no longer reloads itself."""
    folder = RunFolder(tmp_path / "run")
    people = SimpleNamespace(name="ada", subjects=("ada",), ws=None)

    def trained(*_, callbacks: Sequence[Callback], **__):
        begun(folder.path, people.subjects, together=False)
        callbacks[-1].at_end()
        assert 'http-equiv="refresh"' in folder.report.read_text()
        folder.generator(0).touch()
        return SimpleNamespace(generators=[])

    def interrupted(*_):
        raise KeyboardInterrupt

    for module in (demo_command, request):
        monkeypatch.setattr(module, "people_from_seeds", lambda *_: people)
    for module in (demo_command, unlearn_command):
        monkeypatch.setattr(module, "unlearn", trained)
    monkeypatch.setattr(demo_command.loading, "load_models", lambda _: None)
    monkeypatch.setattr(demo_command, "evaluate_and_report", interrupted)
    monkeypatch.setattr(unlearn_command, "models_of", lambda *_: tiny_models())
    monkeypatch.setattr(unlearn_command, "frontier_of", lambda *_: [])
    monkeypatch.setattr(unlearn_command, "write_run_report", interrupted)
    assert cli.main([*shlex.split(command), "--out", str(folder.path)]) == 130
    assert 'http-equiv="refresh"' not in folder.report.read_text()
    assert "Not measured yet." in folder.report.read_text()


def test_the_page_of_requests_that_are_interrupted(tmp_path, monkeypatch):
    """It stays as it is, and says how many requests were asked for."""
    page = page_of_a_sequence(tmp_path / "out")
    (tmp_path / "requests.json").write_text(json.dumps({"requests": [{"seeds": [k]} for k in range(5)]}))

    def interrupted(models, requests, *_, **__):
        registry = Registry.read(page.parent)
        registry.ask(len(requests))
        write_requests_page(registry, going=True)
        raise Interrupted("interrupted; the same command resumes")

    monkeypatch.setattr(unlearn_command, "models_of", lambda *_: tiny_models())
    monkeypatch.setattr(unlearn_command, "forget_requests", interrupted)
    arguments = [
        "--sequence",
        str(tmp_path / "requests.json"),
        "--method",
        "sugar",
        "--out",
        str(page.parent),
    ]
    assert cli.main(["unlearn", *arguments]) == 130
    assert "3 of 5 requests carried out" in page.read_text()
    assert 'http-equiv="refresh"' not in page.read_text()
