"""From photos to the other photos of whoever was forgotten: `invert`, `unlearn`, `evaluate --identities`."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxunlearn.cli import main as cli
from jaxunlearn.cli.commands import evaluate as evaluate_command
from jaxunlearn.cli.commands import invert as invert_command
from jaxunlearn.cli.commands import unlearn as unlearn_command
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.other_photos import OtherPhotos
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models import loading
from jaxunlearn.models.generator import save_generator
from jaxunlearn.photos.inversion import plan
from jaxunlearn.photos.inversion.search import Inversion
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import request_of
from tests.support.tiny_models import CONFIG, tiny_models, tiny_people


@pytest.fixture
def measured(tmp_path, monkeypatch) -> list[dict[int, OtherPhotos]]:
    """Other photos with which a run was to be measured; searches and steps of the commands do nothing."""
    monkeypatch.chdir(tmp_path)
    calls: list[dict[int, OtherPhotos]] = []

    def invert_photographs(_models, images, *_, each=None, **__):
        people, zeros = len(images), np.zeros(len(images))
        inversion = Inversion(tiny_people(people), np.zeros((people, 25)), images, zeros, zeros, zeros)
        if each is not None:
            each(range(people), inversion)
        return inversion

    def unlearn(models, people, config, *, workdir, **_):
        shared = method_of(config).shares_generator(config)
        folder = RunFolder(workdir)
        folder.begin(request_of(models, people, None, (0,), shared=shared), config, people.ws)
        folder.keep_targets(people.ws, people.ws)
        save_generator(models.generator, folder.generator(), {})
        raise InputError("trained")

    def evaluate_and_report(*_, given: dict[int, OtherPhotos], reference):
        calls.append(given)
        return []

    monkeypatch.setattr(plan, "invert_photographs", invert_photographs)
    for module in (invert_command, unlearn_command):
        monkeypatch.setattr(module, "models_of", lambda *_: tiny_models())
    monkeypatch.setattr(unlearn_command, "unlearn", unlearn)
    monkeypatch.setattr(loading, "load_models", lambda *_, **__: tiny_models())
    monkeypatch.setattr(evaluate_command, "_reference", lambda *_: None)
    monkeypatch.setattr(evaluate_command, "evaluate_and_report", evaluate_and_report)
    return calls


def photos(*names: str) -> list[np.ndarray]:
    """Write photos, each of another grey; return them in [-1, 1]."""
    side = CONFIG.img_resolution
    levels = np.linspace(30, 220, len(names)).astype(np.uint8)
    for name, level in zip(names, levels, strict=True):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (side, side), int(level)).save(name)
    return [np.full((side, side, 3), level / 127.5 - 1) for level in levels]


@pytest.mark.parametrize("inverted", [True, False])
@pytest.mark.parametrize(
    ("names", "forgotten", "others"),
    [
        (("aligned/ada/1.png", "aligned/ada/2.png", "aligned/bob/7.png"), 0, [1]),
        (("numbered/1/1.png", "numbered/1/3.png", "numbered/2/1.png", "numbered/2/2.png"), 2, [3]),
        (("both/ada/1.png", "both/ada/2.png", "both/bob/1.png", "both/bob/2.png"), 2, [3]),
    ],
)
def test_other_photos_are_of_the_person_in_the_photo(measured, capsys, names, forgotten, others, inverted):
    """As docs/guides/one_real_photo.md and photos.md have it, also where photos and people have one name."""
    images = photos(*names)
    if inverted:
        assert cli.main(["invert", names[forgotten], "--method", "optimize", "--out", "inverted"]) == 0
        npz = f"inverted/{Path(names[forgotten]).stem}.npz"
        assert re.search(rf"--latents {npz}$", capsys.readouterr().out.strip())
        who = ["--latents", npz]
    else:
        who = ["--image", names[forgotten], "--inversion", "optimize"]
    assert cli.main(["unlearn", *who, "--out", "run"]) == 2
    source = names[0].partition("/")[0]
    assert cli.main(["evaluate", "run", "--identities", source, "--inversion", "optimize"]) == 0
    [given] = measured
    assert list(given) == [0]
    assert given[0].images is not None
    np.testing.assert_allclose(given[0].images, np.stack([images[k] for k in others]), atol=1e-6)
