"""`jaxunlearn render`, from arguments to files."""

import dataclasses
import itertools
import json
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
import trimesh
from PIL import Image

from eg3d_flax import Compute, GeneratorConfig
from jaxunlearn import images
from jaxunlearn.cli import main as cli
from jaxunlearn.cli.commands import render
from jaxunlearn.errors import InputError
from jaxunlearn.models.files import pretrained
from jaxunlearn.models.generator import fingerprint_with_settings, load_generator
from jaxunlearn.reporting import render_files, samples, video
from jaxunlearn.reporting.before_after import YAWS
from jaxunlearn.reporting.render_files import Written
from jaxunlearn.training.storage.networks_of_run import source_of
from tests.support import generators
from tests.support.page_folders import begun


def read(path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("model") / "small.pkl"
    path.write_bytes(generators.small_pickle(generators.small_state_dict()))
    return str(path)


def test_views_of_the_built_in_model(tmp_path, capsys):
    """A row a sample, a column a view, a file each; every file is named on stdout."""
    arguments = ["render", "--seeds", "3,5", "--yaw", "-25", "0", "25", "--depth", "--out", str(tmp_path)]
    assert cli.main(arguments) == 0
    printed = capsys.readouterr().out.splitlines()
    assert sorted(printed) == sorted(str(path) for path in tmp_path.iterdir())
    assert len(printed) == 2 * 2 * 3 + 2
    grid = read(tmp_path / "grid.png")
    side = read(tmp_path / "seed0003_view00.png").shape[0]
    assert grid.shape == (2 * side, 3 * side, 3)
    np.testing.assert_array_equal(grid[:side, side : 2 * side], read(tmp_path / "seed0003_view01.png"))
    assert np.ptp(grid) > 50  # something is to be seen
    assert read(tmp_path / "depth_grid.png").max() == 255


def test_an_interruption_leaves_the_images_that_are_rendered(tmp_path, model, monkeypatch):
    rendered = render.Renderer.batches

    def interrupted(renderer, ws, c):
        yield next(rendered(renderer, ws, c))
        raise KeyboardInterrupt

    monkeypatch.setattr(render.Renderer, "batches", interrupted)
    arguments = ["--model", model, "--seeds", "0-3", "--batch", "2", "--out", str(tmp_path / "out")]
    assert cli.main(["render", *arguments]) != 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["seed0000.png", "seed0001.png"]


def test_a_grid_takes_little_more_than_its_images(tmp_path, monkeypatch):
    """No other form of all images at once; without --depth no depths."""
    side, count = 128, 200
    batch = np.zeros((8, side, side, 3), np.uint8), np.zeros((8, side, side, 1), np.float32)
    monkeypatch.setattr(samples, "views_in_batches", lambda *_: itertools.repeat(batch, count // 8))
    generator = SimpleNamespace(config=GeneratorConfig.heads())
    labels = [f"{k}" for k in range(count)]
    pictures = samples.SampleFiles(generator, None, np.zeros((count, 1, 1)), labels, tmp_path)  # type: ignore[arg-type]
    tracemalloc.start()
    pictures.views([(0.0, 0.0)])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2 * count * side**2 * 3


def test_depths_count_as_images(tmp_path, model, monkeypatch, capsys):
    monkeypatch.setattr(render_files, "MOST_BYTES", 2 * 64**2 * 3 * 3)  # of two images of this generator
    arguments = ["render", "--model", model, "--seeds", "0,1", "--out", str(tmp_path / "out")]
    assert cli.main([*arguments, "--depth"]) == 2
    assert "--depth: 2 times 3 images take" in capsys.readouterr().err
    assert cli.main(arguments) == 0


def test_a_file_with_video_and_mesh(tmp_path, model):
    command = (
        f"render --model {model} --seeds 1 --out {tmp_path} --video orbit.gif --frames 3 --mesh head.ply"
    )
    assert cli.main([*command.split(), "--mesh-resolution", "24", "--mesh-level", "0.3"]) == 0
    with Image.open(tmp_path / "orbit.gif") as film:
        assert (film.n_frames, film.size) == (3, (64, 64))  # type: ignore[attr-defined]
    mesh = trimesh.load_mesh(tmp_path / "head.ply")
    half = generators.SMALL.box_warp / 2
    assert len(mesh.faces) > 100
    assert np.abs(mesh.vertices).max() <= half + 1e-6


def test_latents_of_a_file_give_the_images_of_their_seeds(tmp_path, model):
    from jaxunlearn.models.cameras import conditioning_view
    from jaxunlearn.models.renderer import latents_of_seeds

    generator = load_generator(model)
    ws = latents_of_seeds(generator, [0, 4], conditioning_view(generator.config))
    np.savez(tmp_path / "people.npz", ws=ws)
    common = ["render", "--model", model]
    assert cli.main([*common, "--seeds", "0,4", "--out", str(tmp_path / "a")]) == 0
    assert cli.main([*common, "--latents", str(tmp_path / "people.npz"), "--out", str(tmp_path / "b")]) == 0
    np.testing.assert_array_equal(read(tmp_path / "a/grid.png"), read(tmp_path / "b/grid.png"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nowhere.pkl"], "nowhere.pkl: no such file"),
        (["--latents", "nowhere.npz"], "nowhere.npz: no such file"),
        (["--latents", "wide.npy"], "wide.npy: latents of shape [2, 8, 63] do not fit this generator"),
        (["--latents", "nan.npy"], "nan.npy: contains NaN"),
        (["--latents", "words.npy"], "words.npy: latents must be an array of numbers"),
        (["--latents", "two.npz"], "two.npz: expected an array called ws, found a, b"),
        (["--latents", "torn.npz"], "torn.npz: the zip archive is damaged or cut short"),
        (["--latents", "a.npy", "--truncation-psi", "0.5"], "--truncation-psi cannot be used with --latents"),
        (["--latents", "a.npy", "--truncation-cutoff", "2"], "--truncation-cutoff cannot be used with"),
        (["--video", "orbit.avi"], "--video orbit.avi: give a plain name"),
        (["--mesh", "a/b.ply"], "--mesh a/b.ply: give a plain name"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    tmp_path, monkeypatch, capsys, model, arguments, message
):
    monkeypatch.chdir(tmp_path)
    np.save("wide.npy", np.zeros((2, 8, 63)))
    np.save("nan.npy", np.full((1, 8, 64), np.nan))
    np.save("words.npy", np.array(["no"]))
    np.save("a.npy", np.zeros((1, 8, 64)))
    np.savez("two.npz", a=np.zeros(1), b=np.zeros(1))
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04")
    source = [] if "--model" in arguments else ["--model", model]
    assert cli.main(["render", *source, "--out", "out", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_more_rays_than_super_resolution_takes_are_refused(tmp_path, monkeypatch, capsys, model):
    generator = load_generator(model)
    generator.config = dataclasses.replace(generator.config, superresolution_module="4X")
    monkeypatch.setattr(render, "load_generator", lambda _: generator)
    most = generator.config.most_rays or 0
    assert cli.main(["render", "--resolution", str(most + 1), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error == (
        f"jaxunlearn: --resolution {most + 1}: this generator's super-resolution takes at most {most} rays "
        "along each side\n"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "platform", "rays"),
    [
        ("--ray-chunk 4096", "cpu", 4096),
        ("--ray-chunk 64", "cpu", 64),
        ("", "cpu", 512),
        ("--ray-chunk 8192", "gpu", 8192),
        ("", "gpu", 4096),
    ],
)
def test_so_many_rays_are_rendered_at_a_time_as_asked(tmp_path, monkeypatch, words, platform, rays):
    class Rendered(Exception):
        pass

    def renderer(*_, compute: Compute, **__):
        raise Rendered(compute.for_pictures().ray_chunk)

    monkeypatch.setattr(render, "Renderer", renderer)
    monkeypatch.setattr("jaxunlearn.models.renderer.default_platform", lambda: platform)
    arguments = ["render", "--model", "random", "--seeds", "1", "--out", str(tmp_path), *words.split()]
    with pytest.raises(Rendered, match=f"^{rays}$"):
        render.run(cli.parser().parse_args(arguments))


def test_a_level_that_no_density_reaches_is_refused_before_anything_is_written(tmp_path, model, capsys):
    out = tmp_path / "out"
    arguments = ["render", "--model", model, "--seeds", "1", "--out", str(out), "--mesh", "head.ply"]
    assert cli.main([*arguments, "--mesh-resolution", "8", "--mesh-level", "900000"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("jaxunlearn: no surface at density 900000")
    assert not out.exists()


@pytest.mark.parametrize("arguments", [["--seeds", "1-"], ["--seeds", "x"], ["--frames", "0"], ["--bogus"]])
def test_wrong_arguments_exit_with_2(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        cli.main(["render", *arguments])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "option",
    [
        "--seeds 3",
        "--latents person.npz",
        "--out pictures",
        "--pitch 10",
        "--depth",
        "--resolution 64",
        "--truncation-psi 0.5",
        "--truncation-cutoff 4",
        "--noise-mode none",
        "--noise-seed 1",
        "--batch 2",
        "--ray-chunk 64",
        "--dtype bfloat16",
    ],
)
def test_options_that_a_run_decides_are_refused_with_it(tmp_path, capsys, option):
    assert cli.main(["render", str(tmp_path), *option.split()]) == 2
    name = option.partition(" ")[0]
    assert capsys.readouterr().err == f"jaxunlearn: {name} cannot be used with RUN; leave it out\n"


ALONE = [
    ("--frames 10", "--frames needs --video"),
    ("--fps 5", "--fps needs --video"),
    ("--mesh-resolution 9", "--mesh-resolution needs --mesh"),
    ("--mesh-level 3", "--mesh-level needs --mesh"),
    ("--mesh-largest", "--mesh-largest needs --mesh"),
    ("--noise-seed 3", "--noise-seed needs --noise-mode random"),
    ("--noise-mode none --noise-seed 3", "--noise-seed needs --noise-mode random"),
    ("--truncation-cutoff 2", "--truncation-cutoff needs another --truncation-psi than 1"),
]


@pytest.mark.parametrize(("options", "line"), ALONE)
def test_options_without_the_one_that_they_belong_to_are_refused(tmp_path, capsys, options, line):
    out = tmp_path / "out"
    arguments = ["render", "--model", "random", "--seeds", "0", "--out", str(out), *options.split()]
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err == f"jaxunlearn: {line}\n"
    assert not out.exists()
    if line.endswith(("--video", "--mesh")):
        assert cli.main(["render", str(tmp_path), *options.split()]) == 2
        assert capsys.readouterr().err == f"jaxunlearn: {line}\n"


def test_a_gif_in_place_of_an_mp4_is_said_beside_the_files(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(video, "writable", lambda wanted: wanted.with_suffix(".gif"))
    monkeypatch.setattr(render, "render_run", lambda folder, **given: [Written(given["video"].name)])
    assert cli.main(["render", str(tmp_path), "--video", "film.mp4"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "film.gif\n"
    assert printed.err == (
        "jaxunlearn: note: writing a GIF; for mp4, pip install '.[video]' in the checkout of jaxunlearn\n"
    )


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            "--video film.gif --frames 400",
            "--frames: 3 times 400 images take 14 GB of memory, more than 8 GB",
        ),
        (f"--yaw {'0 ' * 400}", "--yaw: 3 times 400 images take 14 GB of memory, more than 8 GB"),
    ],
)
def test_more_pictures_of_a_run_than_fit_are_refused_before_the_generators_are_read(
    tmp_path, monkeypatch, capsys, options, line
):
    large = SimpleNamespace(config=SimpleNamespace(img_resolution=1200))
    monkeypatch.setattr(render_files, "source_of", lambda *_, **__: large)
    monkeypatch.setattr(render_files, "finished", lambda *_: pytest.fail("read first"))
    assert cli.main(["render", str(tmp_path), *options.split()]) == 2
    assert capsys.readouterr().err == f"jaxunlearn: {line}; give fewer\n"


def test_the_sides_and_the_generator_of_a_run_can_be_given(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(render, "render_run", lambda folder, **given: asked.append(given) or [])
    assert cli.main(["render", str(tmp_path)]) == 0
    assert cli.main(["render", str(tmp_path), "--yaw", "20", "--model", "moved.safetensors"]) == 0
    assert [(given["yaws"], given["model"]) for given in asked] == [
        (YAWS, None),
        ([20.0], "moved.safetensors"),
    ]


def test_the_generator_of_a_run_may_have_moved(tmp_path):
    folder = begun(tmp_path / "run", ("ada",), together=False)
    request = json.loads((folder.path / "run.json").read_text())
    request |= {
        "model": "gone.safetensors",
        "fingerprint": fingerprint_with_settings(load_generator("random")),
    }
    (folder.path / "run.json").write_text(json.dumps(request))
    with pytest.raises(InputError, match=r"gone\.safetensors: no such file"):
        source_of(folder)
    assert fingerprint_with_settings(source_of(folder, model="random")) == request["fingerprint"]


@pytest.mark.parametrize("out", ["file", "file/deeper"])
def test_a_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch, capsys, out):
    """Before anything is loaded."""
    monkeypatch.setattr(render, "load_generator", lambda _: pytest.fail("loaded first"))
    (tmp_path / "file").touch()
    assert cli.main(["render", "--seeds", "0", "--out", str(tmp_path / out)]) == 2
    assert f"{tmp_path / out}: cannot be written" in capsys.readouterr().err


def test_images_are_written_as_officially():
    values = np.array([-1.2, -1.0, 0.0, 0.999, 1.0, 1.5], np.float32)
    np.testing.assert_array_equal(images.to_uint8(values), [0, 0, 128, 255, 255, 255])


def test_mp4(tmp_path):
    pytest.importorskip("imageio_ffmpeg")
    frames = np.zeros((4, 33, 48, 3), np.uint8)
    frames[:, :, :24] = 255
    video.save_video(tmp_path / "film.mp4", frames)
    encoded = (tmp_path / "film.mp4").read_bytes()
    assert encoded[4:8] == b"ftyp"
    assert b"avc1" in encoded


def test_models_lists_what_is_here(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("JAXUNLEARN_MODELS", str(tmp_path))
    (tmp_path / "ffhq512-128.safetensors").write_bytes(b"abc")
    assert cli.main(["models"]) == 0
    out = capsys.readouterr().out
    assert "ffhq512-128.safetensors, sha256 ba7816bf8f01cfea" in out
    assert out.count("not here; published at") == len(pretrained.ENTRIES) - 1
    assert cli.main(["models", "--dir", str(tmp_path / "nowhere")]) == 2
