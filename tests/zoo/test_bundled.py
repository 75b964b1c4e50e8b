"""The bundled generator: people look like the renderings of their z, in every view."""

import dataclasses
import hashlib
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from safetensors import safe_open

import lpips_flax
from eg3d_flax import Compute, GeneratorConfig, TriPlaneGenerator
from eg3d_flax.camera import camera_params
from jaxunlearn import zoo
from jaxunlearn.models.generator import load_generator, save_generator
from jaxunlearn.models.loading import median_radius
from jaxunlearn.zoo.metrics.generator_metrics import evaluate, generate, psnr
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST, PhotographRequest, Photographs, photograph
from jaxunlearn.zoo.training.generator import many_latents
from jaxunlearn.zoo.training.generator_data import on_white

FILE = Path(zoo.__file__).parent / "heads.safetensors"
COMPUTE = Compute.for_platform("cpu")


@pytest.fixture(scope="module")
def generator() -> TriPlaneGenerator:
    return load_generator("heads")


@pytest.fixture(scope="module")
def held_out() -> Photographs:
    request = PhotographRequest("generator", people=8, views=2, resolution=128, first=HELD_OUT_FIRST)
    return on_white(photograph(request, progress=False))


def header() -> dict[str, str]:
    with safe_open(FILE, framework="numpy") as file:
        return dict(file.metadata())


def test_every_network_is_the_one_that_is_described() -> None:
    described = (FILE.parent / "MODELS.md").read_text()
    for path in FILE.parent.glob("*.safetensors"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() in described, path.name


def test_the_file_is_small_and_says_what_it_is() -> None:
    assert FILE.stat().st_size < 3e6
    assert {"architecture", "config", "licence", "seed", "median_radius"} <= header().keys()


def test_its_header_names_its_sizes(generator: TriPlaneGenerator) -> None:
    stored = json.loads(header()["config"])
    assert GeneratorConfig.from_json(stored) == generator.config == GeneratorConfig.heads()


@pytest.mark.long
def test_eight_bits_change_its_images_little(generator: TriPlaneGenerator, tmp_path: Path) -> None:
    """A file as `bundle_zoo.py run --dtype uint8` writes it, with a note of a name like dlib's scales.

    The bundled weights lie on the steps of 8 bits already, so others between these are taken.
    """
    rng = np.random.default_rng(1)
    between = jax.tree.map(
        lambda x: (x + 0.01 * x.std() * rng.standard_normal(x.shape)).astype(x.dtype), nnx.state(generator)
    )
    exact = nnx.merge(nnx.graphdef(generator), between)
    exact.config = dataclasses.replace(exact.config, neural_rendering_resolution=16)  # faster
    files = {dtype: tmp_path / f"{dtype}.safetensors" for dtype in ("float16", "uint8")}
    for dtype, path in files.items():
        save_generator(exact, path, {"steps": "9500"}, dtype=dtype)
    assert files["uint8"].stat().st_size < 0.6 * files["float16"].stat().st_size
    z = np.random.default_rng(0).standard_normal((4, 64)).astype(np.float32)
    c = np.asarray(camera_params(jnp.linspace(-0.5, 0.5, 4), 0.0))
    rounded = generate(load_generator(str(files["uint8"])), z, c, COMPUTE)
    error = rounded - generate(exact, z, c, COMPUTE)
    assert 37 < psnr(error).min() < 90
    # Once the decoder's last layer was rounded, too, and all faces became yellower: 0.04 less blue.
    assert np.abs(error.mean((0, 1, 2))).max() < 0.005


def test_the_mean_latent_and_the_spread_are_recorded(generator: TriPlaneGenerator) -> None:
    ws = many_latents(generator, seed=1)
    w_avg = generator.backbone.mapping.w_avg[...]
    radius = float(median_radius(ws, w_avg))
    assert float(header()["median_radius"]) == pytest.approx(radius, rel=0.02)
    assert float(jnp.linalg.norm(ws.mean((0, 1)) - w_avg)) < 0.05 * radius


def test_the_camera_does_not_choose_the_person(generator: TriPlaneGenerator) -> None:
    z = jax.random.normal(jax.random.key(0), (2, 64))
    cameras = jax.random.normal(jax.random.key(1), (2, 25))
    np.testing.assert_array_equal(generator.mapping(z, cameras), generator.mapping(z, jnp.zeros((2, 25))))


def test_noise_plays_no_part(generator: TriPlaneGenerator) -> None:
    for name, layer in generator.backbone.synthesis.noise_layers.items():
        assert float(layer.noise_strength[...]) == 0, name


@pytest.mark.long
def test_people_it_never_saw_come_out_right(generator: TriPlaneGenerator, held_out: Photographs) -> None:
    figures = evaluate(generator, held_out, lpips_flax.load("alex"), COMPUTE, people=8)
    assert figures["psnr"] > 17
    assert figures["lpips"] < 0.12


@pytest.mark.long
def test_everybody_resembles_their_own_photograph_most(
    generator: TriPlaneGenerator, held_out: Photographs
) -> None:
    generated = generate(generator, held_out.z, held_out.camera[:, 0], COMPUTE)
    real = held_out.image[:, 0].astype(np.float32) / 127.5 - 1
    perceptual = lpips_flax.load("alex")
    people = len(real)
    pairs = [np.repeat(generated, people, axis=0), np.tile(real, (people, 1, 1, 1))]
    distances = np.asarray(perceptual(*map(jnp.array, pairs))).reshape(people, people)
    assert (distances.argmin(1) == np.arange(people)).mean() >= 0.75
