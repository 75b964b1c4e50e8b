"""People of requests from photos and latents: inverted once, compared with their runs, nobody twice."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.models.latent_io import write_latents
from jaxunlearn.photos.inversion import plan
from jaxunlearn.photos.inversion.choice import Method
from jaxunlearn.photos.inversion.search import Inversion
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import request_of
from jaxunlearn.workflows import continual
from jaxunlearn.workflows.continual import Forgotten, forget_requests, request_folder
from jaxunlearn.workflows.requests import ForgetRequest
from tests.support.tiny_models import tiny_models, tiny_people
from tests.support.tiny_sugar import tiny_sugar


def settings(people: int):
    return tiny_sugar({"steps": 4}, people=people)


@pytest.fixture
def inverted(monkeypatch) -> list[float]:
    """The levels of the photos that were inverted; each level gives somebody else."""
    levels: list[float] = []

    def invert_photographs(models: Any, images: np.ndarray, *_: Any, **__: Any) -> Inversion:
        new = [round(float(image.mean() + 1) * 127.5) for image in images]
        levels.extend(new)
        zeros = np.zeros(len(images))
        ws = np.stack([tiny_people(6)[level // 40] for level in new])
        return Inversion(*(ws if name == "ws" else zeros for name in Inversion._fields))

    monkeypatch.setattr(plan, "invert_photographs", invert_photographs)
    return levels


@pytest.fixture
def begun(monkeypatch) -> list[str]:
    """The names of the runs that began; each is cut off where its name has been seen fewer than twice."""
    names: list[str] = []

    def unlearn(models: Any, group: Any, config: Any, *, workdir: Path, **_: Any) -> str:
        asked = request_of(models, group, None, tuple(range(len(group.ws))), shared=True)
        RunFolder(workdir).begin(asked, config, group.ws)
        names.append(workdir.name)
        if names.count(workdir.name) < 2:
            raise Interrupted("cut off")
        return workdir.name

    def add(so_far: Forgotten, _: Any, name: str, **__: Any) -> None:
        folder = so_far.folders[-1]
        so_far.registry.add(name, folder.path.name, folder.request.subjects, "", {})

    monkeypatch.setattr(continual, "unlearn", unlearn)
    monkeypatch.setattr(continual, "_same_reference", lambda *_, **__: "measured")
    monkeypatch.setattr(continual, "_add", add)
    return names


def photo(path: Path, level: int) -> Path:
    Image.new("L", (32, 32), level).save(path)
    return path


def ask(requests: Sequence[ForgetRequest], out: Path, method: Method = "optimize") -> None:
    """Serve requests until one is cut off."""
    with contextlib.suppress(Interrupted):
        forget_requests(tiny_models(), requests, settings, out, inverting={"method": method}, progress=False)


def test_people_in_photos_come_after_those_whose_latents_are_known(tmp_path, inverted, begun):
    request = ForgetRequest("both", seeds=(3,), images=(photo(tmp_path / "ada.png", 40),))
    ask([request], tmp_path / "out")
    folder = RunFolder(request_folder(tmp_path / "out", 0, request))
    assert folder.request.subjects == ("seed 3", "ada.png")
    np.testing.assert_array_equal(folder.people()[1], tiny_people(6)[1])


def test_a_photo_is_inverted_once_however_often_a_sequence_is_cut_off(tmp_path, inverted, begun):
    requests = [
        ForgetRequest(name, images=(photo(tmp_path / f"{name}.png", 40 * k),)) for k, name in enumerate("abc")
    ]
    for calls in range(1, 5):
        ask(requests, tmp_path / "out")
        assert inverted == [0, 40, 80][:calls]
    assert begun == ["01-a", "01-a", "02-b", "01-a", "02-b", "03-c", "01-a", "02-b", "03-c"]
    kept = RunFolder(tmp_path / "out" / "02-b").request
    assert kept.inversion["inversion"] == "optimize"
    assert all(kept.photos_sha256)


def test_a_sequence_is_resumed_with_the_inversion_that_it_began_with(tmp_path, monkeypatch, inverted, begun):
    requests = [ForgetRequest("a", images=(photo(tmp_path / "a.png", 40),))]
    ask(requests, tmp_path / "out")
    (tmp_path / "a.png").unlink()  # whoever is forgotten may have it deleted
    monkeypatch.setattr("jaxunlearn.photos.inversion.choice.encoder_of", lambda *_: None)
    with pytest.raises(InputError, match=r"01-a: is a run with inversion 'optimize', not 'hybrid'"):
        ask(requests, tmp_path / "out", "hybrid")
    ask(requests, tmp_path / "out")
    assert inverted == [40]
    assert begun == ["01-a", "01-a"]


def latents_of_photos(path: Path, ws: np.ndarray, digests: Sequence[str]) -> Path:
    """Write latents as `jaxunlearn invert` does."""
    provenance = {"photographs": [{"sha256": digest} for digest in digests]}
    names = [f"photo{k}" for k in range(len(ws))]
    write_latents(path, ws, names=names, c=np.zeros((len(ws), 25)), provenance=provenance)
    return path


@pytest.mark.parametrize("with_photo", [False, True])
def test_latents_of_photos_are_no_photos_of_a_request(tmp_path, inverted, begun, with_photo):
    """SHA-256 of photos that somebody inverted before were taken for those of the request's own."""
    latents = latents_of_photos(tmp_path / "ws.npz", tiny_people(6)[3:5], ["ab" * 32, "cd" * 32])
    images = (photo(tmp_path / "a.png", 40),) if with_photo else ()
    requests = [ForgetRequest("a", latents=(latents,), images=images)]
    for _ in range(2):
        ask(requests, tmp_path / "out")
    further = [*requests, ForgetRequest("b", seeds=(3,))]
    for _ in range(2):
        ask(further, tmp_path / "out")
    assert begun == ["01-a", "01-a", "01-a", "02-b", "01-a", "02-b"]
    if with_photo:
        photo(tmp_path / "a.png", 80)
        with pytest.raises(InputError, match=r"01-a: is a run with another photo for .*a\.png"):
            ask(further, tmp_path / "out")


def test_one_photo_under_two_names_is_one_person(tmp_path, inverted, begun):
    requests = [
        ForgetRequest("a", images=(photo(tmp_path / "ada.png", 40),)),
        ForgetRequest("b", images=(photo(tmp_path / "bob.png", 80), photo(tmp_path / "eve.png", 40))),
    ]
    message = r'request "a": ada\.png and request "b": eve\.png are the same person'
    with pytest.raises(InputError, match=message):
        ask(requests, tmp_path / "out")
    assert not inverted
    assert not request_folder(tmp_path / "out", 0, requests[0]).exists()


def test_a_photo_of_somebody_whose_latents_are_listed(tmp_path, inverted, begun):
    """A batch of another size rounds otherwise."""
    np.savez(tmp_path / "ws.npz", ws=tiny_people(6)[1] * (1 + 1e-6))
    requests = [
        ForgetRequest("a", images=(photo(tmp_path / "ada.png", 40),)),
        ForgetRequest("b", latents=(tmp_path / "ws.npz",)),
    ]
    with pytest.raises(InputError, match=r'request "a": ada\.png and request "b": ws\.npz are the same'):
        ask(requests, tmp_path / "out")
    assert not begun


def test_a_photo_that_cannot_be_used_is_named_before_the_first_run(tmp_path, inverted, begun):
    (tmp_path / "torn.png").write_text("no picture")
    requests = [
        ForgetRequest("a", images=(photo(tmp_path / "ada.png", 40),)),
        ForgetRequest("b", images=(photo(tmp_path / "bob.png", 80), tmp_path / "torn.png")),
    ]
    with pytest.raises(InputError, match=r"torn\.png: not a readable picture"):
        ask(requests, tmp_path / "out")
    assert not inverted
    assert not begun
