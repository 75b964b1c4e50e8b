"""Videos and meshes as other programs open them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from eg3d_flax import Compute
from jaxunlearn.errors import InputError
from jaxunlearn.reporting import surface as meshes
from jaxunlearn.reporting import video
from jaxunlearn.reporting.samples import save_pieces
from tests.support.tiny_models import drawn_generator, tiny_people


def frames(count: int, side: int = 32) -> np.ndarray:
    """A bright square that moves: no two frames are equal."""
    film = np.zeros((count, side, side + 1, 3), np.uint8)
    for k in range(count):
        film[k, :, : 1 + k % side] = 255
        film[k, k // side] = 128
    return film


@given(st.integers(1, 300), st.integers(1, 240))
def test_gif_frames_last_as_long_as_they_should(count, fps):
    shown, lengths = video.gif_frames(count, fps)
    assert len(shown) == len(lengths) <= count
    assert sorted(set(shown)) == shown
    assert shown[0] == 0
    assert shown[-1] < count
    assert min(lengths) >= 2
    assert sum(lengths) == max(2, round(100 * count / fps))
    if fps <= 50:
        assert len(shown) == count or sum(lengths) < 2 * count


@pytest.mark.parametrize(("fps", "count", "kept"), [(60, 30, 25), (24, 24, 24), (50, 50, 50), (100, 50, 25)])
def test_a_gif_lasts_as_long_as_its_frames(tmp_path, fps, count, kept):
    video.save_video(tmp_path / "film.gif", frames(count), fps=fps)
    with Image.open(tmp_path / "film.gif") as film:
        durations = []
        for k in range(film.n_frames):  # type: ignore[attr-defined]
            film.seek(k)
            durations.append(film.info["duration"])
    assert len(durations) == kept
    assert sum(durations) == pytest.approx(1000 * count / fps, abs=5)
    assert min(durations) >= 20


def test_a_video_opens_with_all_its_frames(tmp_path):
    """Read by the decoder itself: imageio's reader leaves files open, which is an error in tests."""
    ffmpeg = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    video.save_video(tmp_path / "film.mp4", frames(12), fps=30)
    command = [ffmpeg, "-i", str(tmp_path / "film.mp4"), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert b"h264" in done.stderr
    assert b"30 fps" in done.stderr
    read = np.frombuffer(done.stdout, np.uint8).reshape(12, 32, 32, 3)
    assert abs(read.astype(int) - frames(12)[:, :, :32]).mean() < 6


ENCODERS = {
    "stops at once": "import sys; print('no codec', file=sys.stderr); sys.exit(3)",
    "stops later": "import sys; sys.stdin.buffer.read(100); print('no codec', file=sys.stderr); sys.exit(3)",
    "writes nothing": "import sys; sys.stdin.buffer.read(); print('no codec', file=sys.stderr)",
    "is killed": "import os; os.write(2, b'no codec'); os.kill(os.getpid(), 9)",
}


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_that_fails_leaves_the_earlier_video(tmp_path, monkeypatch, name):
    pytest.importorskip("imageio_ffmpeg")
    encoder = tmp_path / "bin" / "ffmpeg"
    encoder.parent.mkdir()
    encoder.write_text(f"#!{sys.executable}\n{ENCODERS[name]}\n")
    encoder.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(encoder))
    film = tmp_path / "out" / "film.mp4"
    film.parent.mkdir()
    film.write_bytes(b"earlier")
    with pytest.raises(InputError, match=r"film\.mp4: the encoder ffmpeg failed, .*\(no codec\)"):
        video.save_video(film, frames(60, side=64))
    assert film.read_bytes() == b"earlier"
    assert list(film.parent.iterdir()) == [film]


def test_an_encoder_that_does_not_start(tmp_path, monkeypatch):
    pytest.importorskip("imageio_ffmpeg")
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="does not start"):
        video.save_video(tmp_path / "film.mp4", frames(3))
    assert not list(tmp_path.iterdir())


def coloured(*places: float) -> trimesh.Trimesh:
    """Boxes along x, each half as large as the one before, every vertex of another colour."""
    boxes = [
        trimesh.creation.box((0.5**k,) * 3, transform=trimesh.transformations.translation_matrix((x, 0, 0)))
        for k, x in enumerate(places)
    ]
    joined = trimesh.util.concatenate(boxes)
    assert isinstance(joined, trimesh.Trimesh)
    colours = np.random.default_rng(0).integers(0, 256, (len(joined.vertices), 3)).astype(np.uint8)
    return trimesh.Trimesh(joined.vertices, joined.faces, vertex_colors=colours, process=False)


def colours_of(mesh: Any) -> np.ndarray:
    return np.asarray(mesh.visual.vertex_colors)[:, :3]


def glb_json(path: Path) -> dict:
    content = path.read_bytes()
    return json.loads(content[20 : 20 + int.from_bytes(content[12:16], "little")])


def test_glb_colours_are_linear_light_on_a_rough_material(tmp_path):
    mesh = coloured(0, 2)
    colours = colours_of(mesh)
    meshes.save_mesh(tmp_path / "m.glb", mesh)
    tree = glb_json(tmp_path / "m.glb")
    (primitive,) = tree["meshes"][0]["primitives"]
    assert "COLOR_0" in primitive["attributes"]
    assert not any(name.startswith("_") for name in primitive["attributes"])
    material = tree["materials"][primitive["material"]]["pbrMetallicRoughness"]
    assert (material["metallicFactor"], material["roughnessFactor"]) == (0, 1)
    read: Any
    (read,) = trimesh.load_scene(tmp_path / "m.glb", process=False).geometry.values()
    light = read.visual.vertex_attributes["color"]
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(encoded * 255, colours, atol=1e-3)
    assert meshes.linear_light(np.array([0, 128, 255])) == pytest.approx([0, 0.21586, 1], abs=1e-5)
    np.testing.assert_allclose(read.vertices, mesh.vertices, atol=1e-6)
    assert len(read.faces) == len(mesh.faces)


@pytest.mark.parametrize("suffix", [".ply", ".obj"])
def test_other_formats_keep_srgb(tmp_path, suffix):
    mesh = coloured(0)
    meshes.save_mesh(tmp_path / f"m{suffix}", mesh)
    read = trimesh.load_mesh(tmp_path / f"m{suffix}", process=False)
    written = colours_of(mesh)
    np.testing.assert_allclose(colours_of(read), written, atol=1)


def test_loose_pieces_are_told_and_dropped_on_request(tmp_path):
    mesh = coloured(5, 0, -3)
    assert sorted(np.bincount(meshes.piece_of_faces(mesh))) == [12, 12, 12]
    line = save_pieces(tmp_path / "all.ply", mesh, largest=False)
    assert line is not None
    assert line.endswith("all.ply: has 2 loose pieces; --mesh-largest drops them")
    line = save_pieces(tmp_path / "one.ply", mesh, largest=True)
    assert line is not None
    assert line.endswith("one.ply: 2 loose pieces dropped")
    whole, one = (trimesh.load_mesh(tmp_path / name, process=False) for name in ("all.ply", "one.ply"))
    assert (len(whole.faces), len(one.faces)) == (36, 12)
    np.testing.assert_allclose(one.bounds, [[4.5, -0.5, -0.5], [5.5, 0.5, 0.5]])
    own = colours_of(one)
    np.testing.assert_array_equal(own, colours_of(whole)[: len(own)])
    assert save_pieces(tmp_path / "one.ply", coloured(0), largest=True) is None


def test_a_second_surface_is_not_compiled_anew(caplog):
    """Neither of another latent nor of another generator: the weights are no constants of the programs."""
    compute = Compute.for_platform("cpu")

    def compiled(person: int) -> tuple[list[str], int]:
        """Return what is compiled for a surface, and the number of its vertices."""
        generator, ws = drawn_generator(), jnp.asarray(tiny_people(2)[[person]])
        caplog.clear()
        with jax.log_compiles():
            mesh = meshes.extract_mesh(generator, ws, resolution=16, level=0.3, compute=compute)
        lines = [record.getMessage() for record in caplog.records]
        return [line for line in lines if line.startswith("Compiling")], len(mesh.vertices)

    first, vertices = compiled(0)
    assert any("_query" in line for line in first)
    again, others = compiled(1)
    assert not again
    assert others != vertices
