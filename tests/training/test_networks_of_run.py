"""Networks of the loss and mean latent of a run: kept in its folder, loaded again, and others refused."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lpips_flax
from jaxunlearn.cli import main as cli
from jaxunlearn.cli import readers
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.evaluate import evaluate
from jaxunlearn.methods.guide import presets
from jaxunlearn.models import loading
from jaxunlearn.models.generator import save_generator
from jaxunlearn.models.loading import MeanLatent, Models
from jaxunlearn.photos.people import People
from jaxunlearn.reporting import remake
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.networks_of_run import Origin, models_again
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import request_of
from jaxunlearn.workflows.batch_dir import Worklist, WorklistFolder
from tests.support.tiny_models import CONFIG, tiny_models, tiny_people
from torch_bridge.safetensors_file import write_safetensors

PEOPLE = People("ada", ("ada",), tiny_people(1))
WORKLIST = Worklist(PEOPLE.subjects, lambda some: PEOPLE.ws[list(some)])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files of a generator, another LPIPS than that of a default, and a mean latent."""
    folder = tmp_path_factory.mktemp("files")
    names = {"model": "source.safetensors", "perceptual": "other_lpips.safetensors", "w_avg": "mean.npy"}
    paths = {name: str(folder / file) for name, file in names.items()}
    save_generator(tiny_models().generator, Path(paths["model"]), {})
    backbone, _ = lpips_flax.to_torch(lpips_flax.load("alex"))
    moved = {name: np.asarray(array) * np.float32(1.5) for name, array in backbone.items()}
    write_safetensors(Path(paths["perceptual"]), moved, {})
    np.save(paths["w_avg"], np.full((1, 1, CONFIG.w_dim), 0.5, np.float32))
    return paths


@pytest.fixture
def made(tmp_path: Path, files: dict[str, str]) -> tuple[RunFolder, Models]:
    """A run that began with these files, and its models."""
    models = loading.load_models(
        files["model"],
        perceptual=files["perceptual"],
        identity="heads-face-judge",
        judge="heads-judge",
        w_avg=files["w_avg"],
    )
    folder = RunFolder(tmp_path / "run")
    folder.begin(request_of(models, PEOPLE, None, (0,), shared=False), presets.heads(), PEOPLE.ws)
    folder.keep_targets(PEOPLE.ws, PEOPLE.ws)
    save_generator(models.generator, folder.generator(), {})
    return folder, models


def test_the_models_of_a_run_have_its_networks_and_mean_latent(made, files, tmp_path):
    folder, models = made
    request = folder.request
    again = models_again(folder, judge="heads-judge")
    assert again.networks_of_loss == {name: getattr(request, name) for name in again.networks_of_loss}
    assert again.mean.origin == request.mean_latent
    assert again.networks_of_loss != loading.load_models("heads").networks_of_loss
    assert again.network_files == models.network_files
    folder.begin(request_of(again, PEOPLE, None, (0,), shared=False), presets.heads(), PEOPLE.ws)
    moved = tmp_path / "moved.safetensors"
    moved.write_bytes(Path(files["perceptual"]).read_bytes())
    stored = json.loads((folder.path / "run.json").read_text())
    stored["network_files"]["perceptual"] = str(tmp_path / "gone.safetensors")
    (folder.path / "run.json").write_text(json.dumps(stored))
    with pytest.raises(InputError, match=r"gone\.safetensors"):
        models_again(folder, judge="heads-judge")
    found = models_again(folder, judge="heads-judge", network_files={"perceptual": str(moved)})
    assert found.networks_of_loss == again.networks_of_loss


def test_a_page_needs_no_network_of_the_loss(made, files, monkeypatch):
    """The files of these may be gone, but not that of the mean latent, from which distances are measured."""
    folder, _ = made
    asked = []
    monkeypatch.setattr(remake, "missing_sheets", lambda _: ["person-0000"])
    monkeypatch.setattr(remake, "write_run_page", lambda _: Path("report.html"))
    monkeypatch.setattr(remake, "write_pictures", lambda *_, **__: None)
    monkeypatch.setattr(loading, "load_models", lambda *_, **given: asked.append(given) or tiny_models())
    for words in ([], ["--w-avg", "moved.npy"]):
        assert cli.main(["report", str(folder.path), *words]) == 0
    assert [(each["perceptual"], each["w_avg"]) for each in asked] == [
        ("alex", files["w_avg"]),
        ("alex", "moved.npy"),
    ]


def test_other_networks_are_refused_where_they_are_used(made):
    folder, models = made
    result = Result(PEOPLE, PEOPLE.ws, (models.generator,), {}, folder)
    others: list[tuple[dict[str, Any], str]] = [
        (
            {"perceptual": lpips_flax.load("alex")},
            "perceptual network (LPIPS ALEX); give its file with --perc",
        ),
        (
            {"identity": tiny_models().identity},
            "identity network (heads face judge); give its file with --",
        ),
        ({"given_mean": MeanLatent(models.w_avg + 1, "x")}, "mean latent (mean.npy, sha256 "),
    ]
    for other, said in others:
        with pytest.raises(InputError, match=re.escape(f"{folder.path}: was made with another {said}")):
            evaluate(dataclasses.replace(models, **other), result, presets.heads())


@pytest.mark.parametrize("words", ["evaluate {run}", "attack {run}", "bake {run}", "evaluate {list}"])
def test_commands_load_the_networks_of_the_folder_or_the_given_ones(
    made, files, tmp_path, monkeypatch, words
):
    folder, models = made
    worklist = WorklistFolder(tmp_path / "list")
    worklist.begin(Origin("m", "f", network_files=models.network_files), WORKLIST, presets.heads())
    command = words.format(run=folder.path, list=worklist.path).split()
    asked: list[dict[str, Any]] = []

    def load_models(*_, **given):
        asked.append(given)
        raise InputError("known")

    monkeypatch.setattr(loading, "load_models", load_models)
    for more in ([], ["--perceptual", "p", "--identity", "i", "--w-avg", "w"]):
        assert cli.main([*command, *more]) == 2
    networks = [tuple(each[name] for name in ("perceptual", "identity", "w_avg")) for each in asked]
    assert networks == [(files["perceptual"], "heads-face-judge", files["w_avg"]), ("p", "i", "w")]


def test_a_work_list_made_with_other_networks_is_refused(tmp_path, monkeypatch):
    models, worklist = tiny_models(), WorklistFolder(tmp_path / "list")
    origin = Origin.of(models)
    others = dataclasses.replace(origin, made_with={**origin.made_with, "identity_sha256": "0" * 64})
    worklist.begin(others, WORKLIST, presets.heads())
    monkeypatch.setattr(loading, "load_models", lambda *_, **__: models)
    arguments = cli.parse(["evaluate", str(worklist.path)])
    with pytest.raises(InputError, match=r"list: was made with another identity network \(loss\); give its"):
        readers.read_worklist(arguments)
