"""`jaxunlearn invert`: photographs of people whom nothing was trained on become latents."""

import dataclasses
import hashlib
import json
import os
import re
import shlex
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from eg3d_flax import GeneratorConfig
from jaxunlearn.cli import main as cli
from jaxunlearn.cli import readers
from jaxunlearn.cli.commands import invert as command
from jaxunlearn.errors import InputError
from jaxunlearn.models import loading
from jaxunlearn.models.encoder import Encoder, bicubic, load_encoder
from jaxunlearn.models.latent_io import read_names
from jaxunlearn.models.loading import MeanLatent, Models, load_models
from jaxunlearn.photos.inversion.choice import choose, default_method, encoder_for
from jaxunlearn.photos.inversion.images import encode, invert_photographs
from jaxunlearn.photos.inversion.output import check_out
from jaxunlearn.photos.inversion.plan import InversionPlan
from jaxunlearn.photos.inversion.report import Figures, names_of, origin, table
from jaxunlearn.photos.inversion.search import InversionSettings
from jaxunlearn.photos.people import people_from_latents
from jaxunlearn.photos.sources import Photographs
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST, PhotographRequest, photograph
from jaxunlearn.zoo.training.generator_data import on_white
from tests.support.few_rays import loaded_with_few_rays
from tests.support.tiny_models import CONFIG, tiny_models

STRANGER = HELD_OUT_FIRST + 1000
"""Number of the first person in these tests: nobody was trained on."""


@pytest.fixture(scope="module", autouse=True)
def fewer_rays() -> Iterator[None]:
    with loaded_with_few_rays():
        yield


@pytest.fixture(scope="module")
def photographs() -> np.ndarray:
    """Two people, two photographs each, `[2, 2, 128, 128, 3]` uint8."""
    request = PhotographRequest("album", people=2, views=2, resolution=128, first=STRANGER)
    return on_white(photograph(request, progress=False)).image


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models("heads")


@pytest.fixture(scope="module")
def encoder(models: Models) -> Encoder:
    return encoder_for(models)


@pytest.fixture(scope="module")
def folder(photographs: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs, one that is too small, and a file that is none."""
    path = tmp_path_factory.mktemp("photos")
    for name, image in zip(("ada", "bob"), photographs[:, 0], strict=True):
        Image.fromarray(image).save(path / f"{name}.png")
    (path / "notes.txt").write_text("not a picture")
    Image.fromarray(photographs[0, 0, :16, :16]).save(path / "stamp.png")
    return path


@pytest.fixture(scope="module")
def inverted(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    out = tmp_path_factory.mktemp("out") / "inverted"
    with warnings.catch_warnings():
        warnings.filterwarnings("default", "left out: .*stamp")
        command = ["invert", str(folder), "--method", "hybrid", "--steps", "2", "--out", str(out)]
        return out, cli.main(command)


@pytest.mark.long
def test_what_can_be_used_is_inverted_and_the_rest_is_named(inverted: tuple[Path, int]) -> None:
    out, code = inverted
    assert code == 0
    assert {path.name for path in out.iterdir()} == {
        "ada.npz",
        "ada.png",
        "bob.npz",
        "bob.png",
        "inversion.json",
        "report.html",
    }
    left_out = json.loads((out / "inversion.json").read_text())["left_out"]
    assert [Path(line.split(": ")[0]).name for line in left_out] == ["stamp.png"]


@pytest.mark.long
def test_the_figures_are_those_of_the_photographs(inverted: tuple[Path, int], models: Models) -> None:
    summary = json.loads((inverted[0] / "inversion.json").read_text())
    assert [photo["file"] for photo in summary["photographs"]] == ["ada.png", "bob.png"]
    assert summary["judge"] == "heads identity judge"
    assert summary["method"] == "hybrid"
    assert summary["settings"]["steps"] == 2
    assert summary["fingerprint"] == models.fingerprint
    for photo in summary["photographs"]:
        assert photo["lpips"] < 0.35  # of few rays
        assert photo["mse"] < 0.15
        assert photo["identity"] > 0.3  # strangers: 0.01 on average
    mean = np.mean([photo["identity"] for photo in summary["photographs"]])
    assert summary["mean"]["identity"] == pytest.approx(mean)


@pytest.mark.long
def test_the_picture_shows_photograph_reconstruction_and_other_views(
    inverted: tuple[Path, int], photographs: np.ndarray
) -> None:
    with Image.open(inverted[0] / "bob.png") as file:
        tiles = np.split(np.asarray(file), 5, axis=1)
    photo, made, *turned = (tile.astype(float) for tile in tiles)
    assert abs(photo - photographs[1, 0]).max() <= 1
    assert abs(made - photo).mean() < 25  # of 255
    assert abs(turned[0] - turned[2]).mean() > 5


@pytest.mark.long
def test_its_latents_are_people_for_unlearn(inverted: tuple[Path, int], models: Models) -> None:
    path = inverted[0] / "ada.npz"
    people = people_from_latents(models, path)
    assert (people.name, people.subjects) == ("ada", ("ada",))
    assert people.ws.shape == (1, models.generator.config.num_ws, models.generator.config.w_dim)
    with np.load(path) as arrays:
        provenance = json.loads(str(arrays["provenance"]))
        assert arrays["c"].shape == (1, 25)
    assert provenance["photographs"][0]["file"] == "ada.png"
    assert len(provenance["photographs"][0]["sha256"]) == 64
    assert provenance["encoder"] == "heads encoder"


@pytest.mark.long
def test_its_files_are_known_again(inverted: tuple[Path, int], folder: Path) -> None:
    both = [folder / "ada.png", folder / "bob.png"]
    check_out(inverted[0], both)
    with pytest.raises(InputError, match=r"inversion\.json: has the result of ada\.png, which would be lost"):
        check_out(inverted[0], both[1:])


@pytest.mark.long
def test_all_latents_in_one_file(folder: Path, tmp_path: Path, models: Models, capsys: Any) -> None:
    out = tmp_path / "new" / "both.npz"
    photos = [str(folder / name) for name in ("bob.png", "bob.png")]
    arguments = ["--method", "encoder", "--encoder-input", "file", "--out", str(out)]
    assert cli.main(["invert", *photos, *arguments]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert re.match(r"bob\.png +0\.\d{3} +0\.\d{4} +0\.\d{3}$", printed[1])
    assert printed[3].startswith("mean")
    assert printed[-3:-1] == [str(out), str(out.with_suffix(".html"))]
    people = people_from_latents(models, out)
    assert people.subjects == ("bob", "bob-2")
    np.testing.assert_allclose(people.ws[0], people.ws[1], atol=1e-4)
    assert json.loads((out.parent / "both.json").read_text())["encoder_input"] == "file"
    assert (out.parent / "both_bob-2.png").exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("always:left out")
def test_a_table_of_photographs(folder: Path, tmp_path: Path) -> None:
    table, out = tmp_path / "people.csv", tmp_path / "out"
    table.write_text(f"image,identity\n{folder / 'ada.png'},ada\n{folder / 'stamp.png'},bob\n")
    arguments = ["--method", "encoder", "--devices", "2", "--out", str(out)]
    assert cli.main(["invert", str(table), *arguments]) == 0
    summary = json.loads((out / "inversion.json").read_text())
    assert [photo["file"] for photo in summary["photographs"]] == [str(folder / "ada.png")]
    assert len(summary["left_out"]) == 1


@pytest.mark.long
def test_hybrid_without_steps_is_the_encoder(
    models: Models, encoder: Encoder, photographs: np.ndarray
) -> None:
    images = photographs[:, 0].astype(np.float32) / 127.5 - 1
    still = InversionSettings(steps=0, camera_steps=1)
    found = invert_photographs(models, images, "hybrid", encoder=encoder, settings=still, progress=False)
    ws = encode(encoder, images)
    np.testing.assert_allclose(found.ws, ws, atol=1e-3 * abs(ws).max())


@pytest.mark.long
def test_the_encoder_knows_people_it_never_saw(
    models: Models, encoder: Encoder, photographs: np.ndarray
) -> None:
    """Latents of two photographs of a person are nearer to each other than to anybody else's."""
    ws = encode(encoder, photographs.reshape(-1, 128, 128, 3).astype(np.float32) / 127.5 - 1, batch=3)
    flat = ws.reshape(4, -1) - np.tile(np.asarray(models.w_avg), models.generator.config.num_ws)
    directions = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    cosines = directions @ directions.T
    assert cosines[0, 1] > cosines[0, 2:].max() + 0.2
    assert cosines[2, 3] > cosines[2, :2].max() + 0.2


@pytest.mark.long
def test_resizing_is_pillows(photographs: np.ndarray) -> None:
    """GOAE was trained on photographs that Pillow brought to size."""
    photo = photographs[0, 0]
    for side in (32, 256):
        wanted = np.asarray(Image.fromarray(photo).resize((side, side)), np.float32)
        found = bicubic(jnp.asarray(photo[None], jnp.float32) / 127.5 - 1, side)[0]
        off = abs((np.asarray(found) + 1) * 127.5 - wanted)
        assert off.mean() < 0.3
        assert (off > 1).mean() < 0.01  # Pillow rounds and clips twice: after rows, and after columns


def test_an_encoder_for_other_latents_is_refused() -> None:
    with pytest.raises(InputError, match=r"returns latents \[10, 128\], but this generator takes"):
        load_encoder(tiny_models().generator, "heads")


def test_without_an_encoder_the_search_begins_at_the_mean(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JAXUNLEARN_MODELS", raising=False)
    assert default_method(tiny_models()) == "optimize"
    assert default_method(tiny_models(), "encoder.pt") == "hybrid"
    with pytest.raises(InputError, match=r"encoder_FFHQ\.pt was not found .*--method optimize"):
        encoder_for(tiny_models())


def test_cars_get_no_encoder_of_faces(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("JAXUNLEARN_MODELS", str(tmp_path))
    (tmp_path / "encoder_FFHQ.pt").write_bytes(b"an encoder")

    def models(config: GeneratorConfig) -> Any:
        return SimpleNamespace(
            name="file.pkl", family=None, is_bundled=False, generator=SimpleNamespace(config=config)
        )

    assert default_method(models(GeneratorConfig.ffhq512_128())) == "hybrid"
    cars = dataclasses.replace(GeneratorConfig.ffhq512_128(), avg_camera_radius=1.7)
    assert default_method(models(cars)) == "optimize"
    with pytest.raises(
        InputError, match=r"^file\.pkl: no encoder is bundled with it; give an encoder \(--encoder FILE\)"
    ):
        encoder_for(models(cars))


def test_names_are_never_used_twice() -> None:
    photographs = ["a/x.png", "b/x.jpg", "y-2.png", "y.png", "y.jpg", "a x.png"]
    assert names_of(photographs) == ["a-x", "b-x", "y-2", "y", "y-3", "a-x-2"]
    assert names_of(["💖.png", "/", "x" * 255, "X" * 255]) == [
        "unnamed",
        "unnamed-2",
        "x" * 120,
        "X" * 118 + "-2",
    ]


def test_the_table_keeps_a_line_for_a_photograph() -> None:
    lines = table(["a\nb" + "x" * 300], [Figures(0.1, 0.02, 0.9)], "judge", 0.5).splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) < 80


def test_the_table_has_means_where_there_are_several() -> None:
    figures = [Figures(0.1, 0.02, 0.9), Figures(0.3, 0.04, 0.5)]
    lines = table(["a.png", "long_name.png"], figures, "judge", 0.7).splitlines()
    assert lines[3] == "mean            0.200  0.0300     0.700"
    assert lines[4] == "identity: similarity by judge; the same person from 0.70"
    assert "mean" not in table(["a.png"], figures[:1], "judge", None)


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.png"], "no.png: no such file"),
        (
            ["photo.png", "--out", "ws.pt"],
            "--out ws.pt: give a folder, or a file that ends in .npz",
        ),
        (["photo.png", "--method", "encoder", "--steps", "3"], "steps 3: the method encoder makes no search"),
        (
            ["photo.png", "--method", "optimize", "--encoder-input", "file"],
            'encoder_input "file": the method optimize uses no encoder',
        ),
        (["photo.png", "--devices", "99"], "needs 99 devices, but this machine has"),
        (["photo.png", "--encoder", "no.pt"], "no.pt: no such file"),
        (["photo.png", "--encoder", "notes.txt"], "notes.txt"),
        (["photo.png", "--model", "no.pkl"], "no.pkl: no such file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, folder: Path, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.png").write_bytes((folder / "ada.png").read_bytes())
    (tmp_path / "notes.txt").write_text("not an encoder")
    before = sorted(tmp_path.iterdir())
    assert cli.main(["invert", *arguments]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert message in lines[0]
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("sources", "out", "message"),
    [
        (["photo.png"], "photo.png/inverted", "photo.png/inverted: cannot be written"),
        (["photo.png"], "full", "full: cannot be written, full is a file"),
        (["photo.png"], "full/all.npz", "full: cannot be written, full is a file"),
        (["photo.png"], "folder.npz", "--out folder.npz: is a folder"),
        (["photo.png"], "readonly/new", "readonly/new: cannot be written, readonly is read-only"),
        (["photo.png"], ".", "photo.png: pictures would be written into its folder"),
        (["more", "tfds:faces"], "more/../more", "more/mum_ada.png: pictures would be written into"),
        (["photo.png", "more"], "more/mum.npz", "more/mum_ada.png: pictures would be written into"),
    ],
)
def test_an_out_that_cannot_be_used_is_refused_before_models_are_loaded(
    sources: list[str], out: str, message: str, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("folder.npz", "readonly", "more"):
        (tmp_path / folder).mkdir()
    for file in ("photo.png", "full", "more/mum_ada.png"):
        (tmp_path / file).write_bytes(b"")
    may = os.access  # root may write everywhere
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != "readonly" and may(path, mode))
    called: list[str] = []
    monkeypatch.setattr(command, "models_of", lambda *_: called.append("models_of"))
    monkeypatch.setattr(command, "plan_inversion", lambda *_, **__: called.append("plan_inversion"))
    before = sorted(tmp_path.rglob("*"))
    assert cli.main(["invert", *sources, "--out", out]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert called == []
    assert sorted(tmp_path.rglob("*")) == before


@pytest.fixture
def earlier(tmp_path: Path, monkeypatch: Any) -> list[str]:
    """Photos and results of ada, in a folder and in one file; what is called once `--out` was found good."""
    monkeypatch.chdir(tmp_path)
    for name in ("ada", "bob"):
        (tmp_path / f"{name}.png").write_text(name)
    photo = {"name": "ada", "file": "ada.png", "sha256": hashlib.sha256(b"ada").hexdigest()}
    (tmp_path / "results").mkdir()
    for file in ("inversion.json", "people.json"):
        content = json.dumps({"photographs": [photo], "left_out": []})
        (tmp_path / "results" / file).write_text(content)
    called: list[str] = []

    def models_of(_: Any) -> None:
        called.append("models_of")
        raise InputError("enough")

    monkeypatch.setattr(command, "models_of", models_of)
    return called


@pytest.mark.parametrize("out", ["results", "results/people.npz"])
def test_earlier_results_are_replaced_only_by_the_same_photos(
    earlier: list[str], out: str, capsys: Any
) -> None:
    assert cli.main(["invert", "bob.png", "--out", out]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(r"(inversion|people)\.json: has the result of ada\.png, which would be lost", line)
    assert earlier == []
    for photos in (["ada.png"], ["bob.png", "ada.png"]):
        assert cli.main(["invert", *photos, "--out", out]) == 2
        assert capsys.readouterr().err == "jaxunlearn: enough\n"
    assert earlier == ["models_of"] * 2


@pytest.mark.parametrize(
    ("file", "out", "message"),
    [
        ("mine/report.html", "mine", "mine: holds other files; give an empty or a new folder"),
        ("mine/inversion.json", "mine", "mine/inversion.json: was not written by jaxunlearn invert"),
        ("all.json", "all.npz", "all.json: was not written by jaxunlearn invert"),
        ("all.html", "all.npz", "all.html: would be replaced"),
        ("all.npz", "all.npz", "all.npz: would be replaced"),
        ("all_Ada.png", "all.npz", "all_Ada.png: would be replaced"),
        ("mine/Thumbs.db", "mine", "enough"),
        ("all_notes.txt", "all.npz", "enough"),
    ],
)
def test_files_of_others_are_never_replaced(
    earlier: list[str], file: str, out: str, message: str, capsys: Any
) -> None:
    Path(file).parent.mkdir(exist_ok=True)
    Path(file).write_text('["theirs"]')
    assert cli.main(["invert", "ada.png", "--out", out]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"jaxunlearn: {message}")
    assert bool(earlier) == (message == "enough")


@pytest.mark.parametrize("out", ["results.v2", "2026.11.30", "new/Dr. Ada"])
def test_a_folder_may_have_a_dot_in_its_name(earlier: list[str], out: str, capsys: Any) -> None:
    assert cli.main(["invert", "ada.png", "--out", out]) == 2
    assert capsys.readouterr().err == "jaxunlearn: enough\n"


@pytest.mark.parametrize("out", ["ws.pt", "ws.PT", "ws.NPZ", "ws.npy", "ws.json", "ada.jpg"])
def test_other_kinds_of_files_are_no_folders(earlier: list[str], out: str, capsys: Any) -> None:
    assert cli.main(["invert", "ada.png", "--out", out]) == 2
    assert capsys.readouterr().err.endswith(f"--out {out}: give a folder, or a file that ends in .npz\n")
    assert earlier == []


def suggested(monkeypatch: Any, capsys: Any, photos: int, *arguments: str) -> tuple[str, list[str]]:
    """Run `jaxunlearn invert` without a search; return whom to forget, and the words of the next command."""
    names = [f"photo{k}.png" for k in range(photos)]
    plan = SimpleNamespace(photos=SimpleNamespace(names=names, photographs=()))
    judge = SimpleNamespace(name="judge", threshold=None)
    monkeypatch.setattr(command, "models_of", lambda _: SimpleNamespace(judge=judge))
    monkeypatch.setattr(command, "plan_inversion", lambda *_, **__: plan)
    for name in ("table", "write_inversion_page"):
        monkeypatch.setattr(command, name, lambda *_: "")

    def report(out: Path, *_: Any) -> Any:
        latents = [out] if out.suffix else [out / f"photo{k}.npz" for k in range(photos)]
        return SimpleNamespace(rest=[], figures=[], latents=latents)

    monkeypatch.setattr(command, "InversionReport", report)
    assert cli.main(["invert", *names, *arguments]) == 0
    who, _, line = capsys.readouterr().out.splitlines()[-1].partition(": ")
    return who.removeprefix("make the generator forget "), shlex.split(line)


def test_the_next_command_is_whole(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    begin = ["jaxunlearn", "unlearn", "--latents"]
    alone = suggested(monkeypatch, capsys, 1, "--out", "my latents")
    assert alone == ("this person", [*begin, "my latents/photo0.npz"])
    assert suggested(monkeypatch, capsys, 2)[0] == "photo0"
    models = ["--model", "my faces.pkl", "--adapter", "a.pth", "--adapter", "b.pth"]
    models += ["--w-avg", "w avg.pt", "--judge", "dlib"]
    both = suggested(monkeypatch, capsys, 2, "--out", "both.npz", *models)
    assert both == ("them", [*begin, "both.npz", *models])
    assert cli.parse(both[1][1:]).adapter == ["a.pth", "b.pth"]


def test_the_mean_latent_is_that_of_unlearn(tmp_path: Path) -> None:
    """In two steps, an encoder adds to the same mean as in one step with `unlearn --image`."""
    w_avg = np.full(CONFIG.w_dim, 0.25, np.float32)
    np.save(tmp_path / "w_avg.npy", w_avg)
    arguments = cli.parse(["invert", "photo.png", "--w-avg", str(tmp_path / "w_avg.npy")])
    loaded: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "load_models", lambda _, **files: loaded.update(files))
        readers.models_of(arguments)
    given = MeanLatent.read(loaded["w_avg"], CONFIG)
    np.testing.assert_array_equal(given.w_avg[0], w_avg)
    models = dataclasses.replace(tiny_models(), given_mean=given)
    plan = InversionPlan(Photographs((), ()), choose(models, "optimize"), InversionSettings())
    assert origin(models, plan)["mean_latent"] == given.origin


def test_latents_of_others_have_no_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "ws.npz", ws=np.zeros((1, 14, 512), np.float32))
    assert read_names(tmp_path / "ws.npz") is None
    (tmp_path / "ws.pt").write_bytes(b"not a file of NumPy")
    assert read_names(tmp_path / "ws.pt") is None
