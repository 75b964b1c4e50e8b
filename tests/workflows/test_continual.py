"""Requests one after another: what is kept, checked again, continued and refused; on the tiny models."""

import contextlib
import gc
import json
import re
import shutil
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from PIL import Image
from safetensors import safe_open

from jaxunlearn.cli import main as cli
from jaxunlearn.errors import InputError
from jaxunlearn.methods.sugar.fisher_io import load_fisher
from jaxunlearn.methods.sugar.method import SugarMethod
from jaxunlearn.methods.sugar.prepare import FISHER_FILE
from jaxunlearn.models import loading
from jaxunlearn.models.files.pretrained import sha256
from jaxunlearn.models.generator import save_generator, split_generator
from jaxunlearn.models.latent_io import write_latents
from jaxunlearn.photos.people import People, people_from_seeds
from jaxunlearn.training.result import Result, finished
from jaxunlearn.training.storage.request import Request
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import request_of
from jaxunlearn.workflows import continual, continual_report
from jaxunlearn.workflows import requests as request_files
from jaxunlearn.workflows.continual import Forgotten, forget_requests, request_folder
from jaxunlearn.workflows.continual_report import report_requests
from jaxunlearn.workflows.registry import Registry, forgotten_until
from jaxunlearn.workflows.requests import ForgetRequest, people_of_request, read_requests
from tests.support.tiny_models import CONFIG, numbers, tiny_models, tiny_people
from tests.support.tiny_sugar import tiny_sugar

REQUESTS = (ForgetRequest("january", seeds=(1, 2)), ForgetRequest("february", seeds=(3, 4)))


MEASURED = {
    "protocol": 1,
    "align": "fixed",
    "networks": {"judges": ["judge"], "frechet": "AlexNet"},
    "settings": {"views": 2, "batch": 8},
}
"""What the figures of a request say of their measurement."""


def settings(people: int):
    return tiny_sugar({"steps": 4, "evaluation.views": 2}, people=people)


def far(a, b) -> float:
    return sum(jax.tree.leaves(jax.tree.map(lambda x, y: float(np.abs(x - y).sum()), numbers(a), numbers(b))))


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("runs") / "requests"


@pytest.fixture(scope="module")
def first(out):
    """Only the first request has arrived."""
    return forget_requests(tiny_models(), REQUESTS[:1], settings, out, progress=False)


@pytest.fixture(scope="module")
def both(out, first):
    """The second has, too; the first is not done again."""
    weights = out / "01-january" / "generator" / "0000.safetensors"
    before = weights.stat().st_mtime_ns
    so_far: list[int] = []
    watched: list[str] = []
    forgotten = forget_requests(
        tiny_models(),
        REQUESTS,
        settings,
        out,
        callbacks_for=lambda config, folder: watched.append(folder.name) or [],
        after_each=lambda each: so_far.append(len(each.folders)),
        progress=False,
    )
    assert watched == ["01-january", "02-february"]
    assert so_far == [1, 2]  # the first call may have been cut off while it drew its pictures
    assert weights.stat().st_mtime_ns == before
    return forgotten


@pytest.mark.must
def test_a_stage_goes_on_from_the_one_before(first, both):
    source, january, february = (
        tiny_models().generator,
        finished(both.folders[0]).generator,
        both.newest.generator,
    )
    assert far(first.newest.generator, january) == 0
    assert far(source, january) > 0
    assert far(january, february) > 0
    lines = both.folders[1].metrics()
    assert lines[0]["ewc"] == 0  # held where january left it, not at the source


@pytest.mark.must
def test_fishers_add_up(both):
    trainable = split_generator(tiny_models().generator).trainable
    one, two = (load_fisher(folder.path / FISHER_FILE, trainable) for folder in both.folders)
    assert all((b >= a).all() for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True))
    assert any((b > a).any() for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True))


@pytest.mark.must
def test_the_registry_says_who_was_forgotten_when(out, both):
    stored = json.loads((out / "registry.json").read_text())
    assert [request["name"] for request in stored["requests"]] == ["january", "february"]
    january, february = stored["requests"]
    assert february["subjects"] == ["seed 3", "seed 4"]
    assert january["when"] <= february["when"]
    assert january["generator"] != february["generator"]
    folder = RunFolder(out / february["folder"])
    assert folder.request.start == january["generator"]
    assert (folder.request.earlier_subjects, folder.request.earlier_seeds) == (("seed 1", "seed 2"), (1, 2))
    with safe_open(folder.generator(), framework="numpy") as file:
        assert file.metadata()["forgotten"] == "seed 1, seed 2, seed 3, seed 4"
    assert both.newest.forgotten_seeds == {1, 2, 3, 4}
    people = forgotten_until(folder)
    assert people.subjects == ("seed 1", "seed 2", "seed 3", "seed 4")
    assert [len(request["figures"]["requests"]) for request in stored["requests"]] == [1, 2]
    assert all(request["people"] == 2 for request in february["figures"]["requests"])


@pytest.mark.must
def test_pictures_and_page(out, both):
    lines = report_requests(tiny_models(), both, settings(2))
    assert lines[0].startswith("After january: ")
    assert "of 4 people are forgotten" in lines[1]
    with Image.open(out / "people.png") as image:
        assert image.size == (4 * CONFIG.img_resolution, 3 * CONFIG.img_resolution)
    page = (out / "report.html").read_text()
    assert page.count("data:image/webp;base64,") == 2
    assert "Rows from above: before, after january, after february." in page
    assert "seed 1, seed 2" in page
    assert finished(both.registry.newest).summary["steps"] == 4


@pytest.mark.must
def test_a_finished_sequence_is_read(out, both):
    again = forget_requests(tiny_models(), REQUESTS, settings, out, progress=False)
    assert far(again.newest.generator, both.newest.generator) == 0
    assert len(again.registry.entries) == 2


def carried_out(out: Path) -> None:
    """Write what two finished requests leave, without their training."""
    registry = Registry.open(out, tiny_models().name, tiny_models().fingerprint)
    for number, request in enumerate(REQUESTS):
        people = people_from_seeds(tiny_models(), request.seeds)
        folder = RunFolder(request_folder(out, number, request))
        asked = Request("tiny", tiny_models().fingerprint, people.subjects, "", "", "", shared=True)
        folder.begin(asked, settings(2), people.ws)
        folder.generator().write_text(request.name)
        folder.add_to_summary({"steps": 4})
        registry.add(request.name, folder.path.name, people.subjects, "0" * 64, MEASURED)


def test_other_steps_for_a_finished_sequence(tmp_path):
    """Training the first request further would leave the second without its beginning."""
    carried_out(tmp_path)
    with pytest.raises(InputError, match="01-january: was carried out with 4 steps, not 9"):
        forget_requests(
            tiny_models(), REQUESTS, lambda n: tiny_sugar({"steps": 9}, people=n), tmp_path, progress=False
        )
    assert RunFolder(tmp_path / "01-january").generator().read_text() == "january"


def go_on(out: Path, monkeypatch: pytest.MonkeyPatch, measured: Any) -> None:
    """Add a third request to two that are finished, with another measurement."""

    class Trained(Exception):
        pass

    def unlearn(*_: Any, **__: Any) -> None:
        raise Trained

    monkeypatch.setattr(continual, "unlearn", unlearn)
    monkeypatch.setattr(continual, "measure_reference", lambda *_, **__: measured)
    monkeypatch.setattr(continual, "measured_with", lambda reference, *_: reference)
    with contextlib.suppress(Trained):
        forget_requests(
            tiny_models(), (*REQUESTS, ForgetRequest("march", seeds=(9,))), settings, out, progress=False
        )


def test_one_curve_is_of_one_measurement(tmp_path, monkeypatch):
    """Other judges or settings are refused before a request is trained."""
    carried_out(tmp_path)
    changes = {
        "protocol 1, not 2": {"protocol": 2},
        "align 'fixed', not 'landmarks'": {"align": "landmarks"},
        "judges ['judge'], not ['dlib']": {"networks": {"judges": ["dlib"], "frechet": "AlexNet"}},
        "views 2, not 5": {"settings": {"views": 5, "batch": 8}},
    }
    for text, changed in changes.items():
        with pytest.raises(InputError, match=re.escape(f"february was measured with {text}")):
            go_on(tmp_path, monkeypatch, MEASURED | changed)
    go_on(tmp_path, monkeypatch, MEASURED | {"settings": {"views": 2, "batch": 1}})


def test_a_sequence_that_an_older_version_measured(tmp_path, monkeypatch):
    """Its figures do not say by which protocol."""
    carried_out(tmp_path)
    file = tmp_path / "registry.json"
    content = json.loads(file.read_text())
    del content["requests"][-1]["figures"]["protocol"]
    file.write_text(json.dumps(content))
    with pytest.raises(InputError, match="february was measured with protocol None, not 1"):
        go_on(tmp_path, monkeypatch, MEASURED)


def test_pictures_of_a_call_that_was_cut_off(tmp_path, monkeypatch):
    """The last finished request is reported once more; nothing is trained or measured again."""
    carried_out(tmp_path)
    monkeypatch.setattr(continual, "unlearn", lambda *_, workdir, **__: workdir.name)
    so_far: list[Any] = []
    forget_requests(
        tiny_models(),
        REQUESTS,
        settings,
        tmp_path,
        after_each=lambda each: so_far.append(([folder.path.name for folder in each.folders], each.newest)),
        progress=False,
    )
    names = ["01-january", "02-february"]
    assert so_far == [(names, names[-1])]


def test_only_the_newest_generator_is_kept_in_memory(tmp_path, monkeypatch):
    """Those of earlier requests are read from their folders, one at a time, where pictures need them."""
    made: list[weakref.ref[jax.Array]] = []
    alive: list[int] = []

    def counted(result: Result) -> Result:
        made.append(weakref.ref(jax.tree.leaves(nnx.state(result.generator))[0]))
        gc.collect()
        alive.append(sum(each() is not None for each in made))
        return result

    def unlearn(models, people, config, *, workdir, **_) -> Result:
        folder, (graph, state) = RunFolder(workdir), nnx.split(models.generator)
        folder.begin(request_of(models, people, None, (0, 1), shared=True), config, people.ws)
        folder.keep_targets(people.ws, people.ws)
        generator = nnx.merge(graph, jax.tree.map(jnp.copy, state))
        save_generator(generator, folder.generator(), {})
        return counted(Result(people, people.ws, (generator,), {}, folder))

    def report(so_far: Forgotten) -> None:
        report_requests(tiny_models(), so_far, settings(2))

    figures = {"forgotten": 2, "id": 0.1, "others_id": 0.9, "fid_pre": 3.0, "fid_forget": 60.0}
    figures |= {"others_lost": None, "near": {}}
    monkeypatch.setattr(continual, "unlearn", unlearn)
    monkeypatch.setattr(continual, "measure_reference", lambda *_, **__: None)
    monkeypatch.setattr(continual, "measure_everybody", lambda *_, **__: {**figures, "requests": []})
    monkeypatch.setattr(continual_report, "finished", lambda *given: counted(finished(*given)))
    monkeypatch.setattr(continual_report, "_row", lambda _, ws: np.zeros((len(ws), 8, 8, 3), np.uint8))
    forgotten = forget_requests(
        tiny_models(),
        (*REQUESTS, ForgetRequest("march", seeds=(5, 6))),
        settings,
        tmp_path,
        after_each=report,
        progress=False,
    )
    assert len(made) == 3 + 1 + 2  # made, and read for the pictures after the second and the third
    assert max(alive) == 2
    assert [folder.path.name for folder in forgotten.folders] == ["01-january", "02-february", "03-march"]


def test_no_requests(tmp_path):
    with pytest.raises(InputError, match="there are no requests"):
        forget_requests(tiny_models(), (), settings, tmp_path, progress=False)


@pytest.mark.must
def test_requests_that_do_not_continue_the_registry(out, both):
    with pytest.raises(InputError, match="the finished requests are january, february"):
        forget_requests(tiny_models(), REQUESTS[::-1], settings, out, progress=False)
    swapped = (ForgetRequest("january", seeds=(1, 5)), *REQUESTS[1:])
    with pytest.raises(InputError, match="is a run with subjects"):
        forget_requests(tiny_models(), swapped, settings, out, progress=False)
    with pytest.raises(InputError, match=r"config\.seed 0, not 9"):
        forget_requests(
            tiny_models(), REQUESTS, lambda n: tiny_sugar({"seed": 9, "steps": 4}), out, progress=False
        )


@pytest.mark.must
def test_a_registry_of_another_generator(out, both, tmp_path):
    copy = shutil.copytree(out, tmp_path / "copy")
    text = (copy / "registry.json").read_text()
    (copy / "registry.json").write_text(text.replace(tiny_models().fingerprint, "0" * 64))
    with pytest.raises(InputError, match="belongs to another generator"):
        forget_requests(tiny_models(), REQUESTS, settings, copy, progress=False)


def test_somebody_in_two_requests(tmp_path):
    np.savez(tmp_path / "ws.npz", ws=people_from_seeds(tiny_models(), [2]).ws)
    requests = (ForgetRequest("a", seeds=(2,)), ForgetRequest("b", latents=(tmp_path / "ws.npz",)))
    with pytest.raises(InputError, match=r'request "a": seed 2 and request "b": ws\.npz are the same person'):
        forget_requests(tiny_models(), requests, settings, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["report.html", "other_run/.x.abcdefgh.tmp", "01-photos/ada.png"])
def test_a_folder_of_something_else(tmp_path, name):
    """Nothing in it is replaced, nor taken for a leftover of a killed sequence."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("theirs")
    with pytest.raises(InputError, match="holds other files"):
        forget_requests(tiny_models(), REQUESTS, settings, tmp_path, progress=False)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]
    assert (tmp_path / name).read_text() == "theirs"


def test_a_sequence_that_was_killed_early(tmp_path):
    """Before its first request was finished, there is no registry, and perhaps only a folder."""
    (tmp_path / "01-january").mkdir()
    assert not Registry.open(tmp_path, "tiny", "0").entries
    (tmp_path / "01-january" / ".run.json.abcdefgh.tmp").touch()
    (tmp_path / ".registry.json.abcdefgh.tmp").touch()
    assert not Registry.open(tmp_path, "tiny", "0").entries


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not readable as JSON"),
        ("[]", 'expected {"requests": [...]}'),
        ('{"requests": []}', "at least one request"),
        ('{"requests": [{"name": "a"}]}', "request 1: names nobody"),
        ('{"requests": [{"seeds": []}]}', "names nobody"),
        ('{"requests": [{"seeds": [1, 1]}]}', "seeds: 1 is listed twice"),
        ('{"requests": [{"seeds": [1]}, {"seeds": [2, 1]}]}', "seeds: 1 is listed twice"),
        ('{"requests": [{"name": "a", "seeds": [1]}, {"name": "a", "seeds": [2]}]}', "a is listed twice"),
        ('{"requests": [{"seeds": ["1"]}]}', "seeds must be a list of ints"),
        ('{"requests": [{"seeds": [-1]}]}', "seeds must lie between"),
        ('{"requests": [{"people": [1]}]}', "unknown key 'people'"),
        ('{"requests": [{"name": "../a", "seeds": [1]}]}', "cannot name a folder"),
        (json.dumps({"requests": [{"name": 41 * "忘", "seeds": [1]}]}), "at most 120 bytes in UTF-8"),
        ('{"requests": [{"latents": ["no.npz"]}]}', "no.npz: no such file"),
    ],
)
def test_requests_that_make_no_sense(content, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "load_models", lambda *_, **__: pytest.fail("loaded first"))
    (tmp_path / "requests.json").write_text(content)
    assert cli.main(["unlearn", "--sequence", "requests.json"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["requests.json"]


@pytest.fixture
def inverted(tmp_path, monkeypatch):
    """A command that begins a request with a photo, and how photos were inverted."""
    Image.new("RGB", (8, 8)).save(tmp_path / "ada.png")
    (tmp_path / "requests.json").write_text('{"requests": [{"images": ["ada.png"]}]}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "load_models", lambda *_, **__: tiny_models())
    asked: list[dict[str, Any]] = []

    def plan_people(models, photos, **how):
        asked.append(how)
        raise InputError("enough")

    monkeypatch.setattr(request_files, "plan_people", plan_people)
    return asked


def test_how_photos_of_requests_are_inverted(inverted, monkeypatch):
    encoder = SimpleNamespace(name="goae.pt", side=8)
    monkeypatch.setattr("jaxunlearn.photos.inversion.choice.encoder_of", lambda models, method, name: encoder)
    options = ["--inversion", "hybrid", "--encoder", "goae.pt", "--encoder-input", "file"]
    assert cli.main(["unlearn", "--sequence", "requests.json", "--out", "out", *options]) == 2
    assert inverted == [{"method": "hybrid", "encoder": encoder, "encoder_input": "file"}]


def test_photos_are_needed_until_their_latents_are_kept(inverted, tmp_path, capsys):
    """Whoever asks to be forgotten may ask for their photo to be deleted, too."""
    Path("ada.png").unlink()
    assert cli.main(["unlearn", "--sequence", "requests.json", "--out", "out"]) == 2
    assert 'request "request1": ada.png: no such file' in capsys.readouterr().err
    folder = RunFolder(tmp_path / "out" / "01-request1")
    request = Request("tiny", tiny_models().fingerprint, ("ada.png",), "", "", "", shared=True)
    folder.begin(request, settings(1), tiny_people(1))
    with pytest.raises(InputError, match="is a run with perceptual"):  # far past the photo
        forget_requests(
            tiny_models(), read_requests(Path("requests.json")), settings, tmp_path / "out", progress=False
        )
    assert not inverted


def digests_of(*photos: Path) -> tuple[str | None, ...]:
    return tuple(sha256(photo) if photo.exists() else None for photo in photos)


@pytest.mark.parametrize("finished", [False, True])
def test_a_photo_of_another_person_with_the_same_name(inverted, tmp_path, finished):
    """A corrected list is refused; before, the wrong person was taken for the one listed now."""
    for color, who in (("red", "ada"), ("blue", "bob")):
        Path(who).mkdir()
        Image.new("RGB", (8, 8), color).save(Path(who) / "1.png")
    ada, bob = (ForgetRequest("march", images=(Path(who) / "1.png",)) for who in ("ada", "bob"))
    registry, folder = (
        Registry(tmp_path / "out", "tiny", tiny_models().fingerprint),
        tmp_path / "out/01-march",
    )

    def begin() -> None:
        people = People("march", ("1.png",), tiny_people(1), photos_sha256=digests_of(*ada.images))
        asked = request_of(tiny_models(), people, None, (0,), shared=True)
        RunFolder(folder).begin(asked, settings(1), people.ws)

    begin()
    if finished:
        registry.add("march", folder.name, ("1.png",), "", MEASURED)
    with pytest.raises(
        InputError, match=r"01-march: is a run with another photo for bob/1\.png; give another"
    ):
        forget_requests(tiny_models(), [bob], settings, registry.path, progress=False)
    Path("ada/1.png").unlink()
    begin()  # whoever is forgotten may have their photo deleted; what it was is still known
    with pytest.raises(InputError, match="another photo for bob"):
        forget_requests(tiny_models(), [bob], settings, registry.path, progress=False)
    assert not inverted


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("now", [("ada.png",), ("bob.png",), ("ada.png", "bob.png", "cyd.png")])
def test_another_number_of_photos(inverted, tmp_path, kept, now):
    """Noticed before a photo is inverted, and none is taken for another; older folders have no hashes."""
    for color, name in (("red", "ada.png"), ("blue", "bob.png"), ("white", "cyd.png")):
        Image.new("RGB", (8, 8), color).save(name)

    def march(*names: str) -> ForgetRequest:
        return ForgetRequest("march", seeds=(3,), images=tuple(map(Path, names)))

    digests = (None, *digests_of(Path("ada.png"), Path("bob.png"))) if kept else ()
    people = People("march", ("seed 3", "ada.png", "bob.png"), tiny_people(3), (3, None, None), digests)
    asked = request_of(tiny_models(), people, None, (0, 1, 2), shared=True)
    RunFolder(tmp_path / "out" / "01-march").begin(asked, settings(3), people.ws)
    number = f"people, 3 and not {len(now) + 1}"
    with pytest.raises(InputError, match=f"another number of {number}; give another folder"):
        forget_requests(tiny_models(), [march(*now)], settings, tmp_path / "out", progress=False)
    assert not inverted


@pytest.mark.parametrize(
    ("image", "what"), [("people", "is a folder; list its"), ("people.csv", "is a table; list its")]
)
def test_a_request_lists_each_photo(inverted, tmp_path, capsys, image, what):
    """Of a folder or a table nobody knows how many people it has once it is gone."""
    (tmp_path / "people").mkdir()
    Path("people.csv").write_text("image,identity\nada.png,Ada\n")
    Path("requests.json").write_text(json.dumps({"requests": [{"images": ["ada.png"]}, {"images": [image]}]}))
    assert cli.main(["unlearn", "--sequence", "requests.json", "--out", "out"]) == 2
    assert f'request "request2": {image}: {what} photos one by one' in capsys.readouterr().err
    assert not inverted


def test_people_of_a_request_have_labels_of_their_own(tmp_path):
    known = tiny_people(3)
    provenance = {"photographs": [{"sha256": "12"}]}
    write_latents(tmp_path / "1.npz", known[:1], names=["1.npz"], c=np.zeros((1, 25)), provenance=provenance)
    images = (tmp_path / "ada" / "1.png", tmp_path / "bob" / "1.png")
    request = ForgetRequest("march", latents=(tmp_path / "1.npz",), images=images)
    asked = Request("tiny", "", ("1.npz", "ada/1.png", "bob/1.png"), "", "", "", shared=True)
    folder = RunFolder(tmp_path / "01-march")
    folder.begin(asked, settings(3), known)
    requested = people_of_request(tiny_models(), request, folder, {}, {})
    assert requested.plan is None
    people = requested.people
    assert people.subjects == ("1.npz", "ada/1.png", "bob/1.png")
    assert people.photos_sha256 == ("12", None, None)
    np.testing.assert_array_equal(people.ws, known)


@pytest.mark.parametrize("option", ["--inversion optimize", "--encoder goae.pt", "--encoder-input file"])
@pytest.mark.parametrize("people", ["--seed 3", "--latents ws.npz", "--sequence seeds.json"])
def test_options_of_inversion_need_photos(tmp_path, monkeypatch, capsys, option, people):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seeds.json").write_text('{"requests": [{"seeds": [3]}]}')
    assert cli.main(["unlearn", *people.split(), *option.split()]) == 2
    error = f"jaxunlearn: {option.split()[0]}: no photos are given that could be inverted; leave it out\n"
    assert capsys.readouterr().err == error


@pytest.mark.parametrize("key", ["requests", "stages"])
def test_requests_in_toml(tmp_path, key):
    (tmp_path / "requests.toml").write_text(f'[[{key}]]\nseeds = [3]\n[[{key}]]\nname = "b"\nseeds = [4]\n')
    assert read_requests(tmp_path / "requests.toml") == (
        ForgetRequest("request1", (3,)),
        ForgetRequest("b", (4,)),
    )


@pytest.mark.parametrize("members", ["{}", "[{}]"])
def test_numbers_in_toml_that_have_no_digits_are_refused(tmp_path, members):
    """Python reads hexadecimal numbers of any length, and refuses to write them as decimal ones."""
    file = tmp_path / "requests.toml"
    file.write_text(f"[[requests]]\nlatents = {members.format('0x' + 6000 * 'f')}\n")
    with pytest.raises(InputError, match=r"latents must be a list of strs, not a number of thousands of dig"):
        read_requests(file)


@pytest.mark.slow
def test_a_request_more_from_the_command_line(out, both, tmp_path, monkeypatch, capsys):
    """A third request joins two that are finished; it gets a page, and the page of all leads to it."""
    copy = shutil.copytree(out, tmp_path / "copy")
    file = tmp_path / "requests.json"
    entries = [{"name": request.name, "seeds": list(request.seeds)} for request in REQUESTS]
    file.write_text(json.dumps({"requests": [*entries, {"name": "march", "seeds": [9]}]}))
    monkeypatch.setattr(loading, "load_models", lambda *_, **__: tiny_models())
    monkeypatch.setattr(SugarMethod, "preset", lambda _, suffix, people, shared: settings(people))
    assert cli.main(["unlearn", "--sequence", str(file), "--out", str(copy)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("After january")
    assert printed[-1].endswith("03-march/generator/0000.safetensors")
    assert "seed 9" in (copy / "03-march" / "report.html").read_text()
    page = (copy / "report.html").read_text()
    assert '<a href="03-march/report.html">march</a>' in page
    assert 'http-equiv="refresh"' not in page
