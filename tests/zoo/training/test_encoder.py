"""The encoder's task: it learns, an interruption changes nothing, and its figures are by scenario."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import goae_flax
from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.models.encoder import load_encoder
from jaxunlearn.models.generator import initialise, load_generator, save_generator
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST
from jaxunlearn.zoo.training.encoder import EncoderTask
from jaxunlearn.zoo.training.trainer import Config, export, train
from tests.support.tiny_heads import TINY

Metrics = Callable[[Path], list[dict[str, Any]]]
TINY_SWIN = {
    "image_size": 32,
    "patch_size": 4,
    "embed_dim": 8,
    "depths": (1, 1, 1, 1),
    "num_heads": (1, 1, 2, 2),
    "window_size": 4,
}


@pytest.fixture(scope="module")
def config(committed: Callable[..., Config], tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The committed config with everything small; its generator was never trained."""
    folder = tmp_path_factory.mktemp("files")
    shape = GeneratorConfig.from_json({**GeneratorConfig.heads().to_json(), **TINY})
    save_generator(initialise(shape), folder / "tiny.safetensors", {})
    config = committed("encoder")
    config.generator = str(folder / "tiny.safetensors")
    config.encoder.swin.update(TINY_SWIN)
    config.encoder.update({"w_dim": 16, "coarse": 1, "mid": 1, "fine": shape.num_ws - 3, "feed_forward": 16})
    config.data.people.update({"generator": 8, "album": 2, "celeba_like": 2})
    config.data.update({"held_out": 2, "views": 2, "folder": str(folder / "shards"), "workers": 1})
    config.batch.generated = 2
    config.batch.photographs.update({"generator": 4, "album": 2, "celeba_like": 1})
    config.batch.rendered.update({"generator": 1, "album": 0, "celeba_like": 1})
    config.update({"latent_steps": 30, "image_steps": 2, "log_every": 1, "evaluate_every": 31})
    config.evaluate_people = 1
    config.rate.peak = 3e-3
    return config


@pytest.fixture(scope="module")
def task(config: Config) -> EncoderTask:
    """One task for all runs, so that its steps are compiled once."""
    return EncoderTask(config)


@pytest.mark.slow
def test_a_short_run_comes_nearer_to_the_latents(finished: Path, metrics: Metrics) -> None:
    losses = [line["latents"] for line in metrics(finished) if "latents" in line]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


@pytest.mark.slow
def test_pictures_count_in_the_second_phase_only(finished: Path, metrics: Metrics) -> None:
    lines = [line for line in metrics(finished) if "loss" in line]
    assert all("perceptual" in line for line in lines[30:])
    assert not any("perceptual" in line for line in lines[:30])
    assert all(line["loss"] > line["latents"] for line in lines[30:])


@pytest.mark.slow
def test_its_figures_tell_the_scenarios_apart(finished: Path, metrics: Metrics) -> None:
    figures = metrics(finished)[-1]["held_out"]
    assert set(figures) == {"generator", "album", "celeba_like"}
    assert set(figures["album"]) == {"squared", "perceptual", "identity", "latents"}
    assert "latents" not in figures["celeba_like"]  # z does not give dyed hair back


@pytest.mark.slow
def test_its_files_are_read_as_encoders(
    finished: Path, config: Config, tmp_path: Path, metrics: Metrics
) -> None:
    figures = export(finished, tmp_path / "half.safetensors")
    assert figures == metrics(finished)[-1]["held_out"]
    generator = load_generator(config.generator)
    images = jax.random.uniform(jax.random.key(0), (2, 32, 32, 3), minval=-1, maxval=1)
    whole, half = (
        load_encoder(generator, str(path)).encode(images)
        for path in (finished / "encoder.safetensors", tmp_path / "half.safetensors")
    )
    assert whole.shape == (2, generator.config.num_ws, 16)
    np.testing.assert_allclose(half, whole, atol=0.01 * float(jnp.abs(whole).max()))


@pytest.mark.slow
def test_its_pictures_have_two_rows_a_scenario(finished: Path) -> None:
    for step in (31, 32):
        with Image.open(finished / "images" / f"step{step:06d}.png") as image:
            assert image.size == (2 * 32, 3 * 2 * 32)  # one person, two photographs


@pytest.mark.slow
def test_an_interrupted_run_equals_an_uninterrupted_one(
    task: EncoderTask,
    finished: Path,
    config: Config,
    tmp_path: Path,
    metrics: Metrics,
    interrupted_at: Callable[..., Any],
) -> None:
    with pytest.raises(Interrupted, match="step 21 is saved"):
        train(interrupted_at(task, 20), tmp_path)
    train(task, tmp_path)
    assert metrics(tmp_path) == metrics(finished)
    generator = load_generator(config.generator)
    images = jnp.zeros((1, 32, 32, 3))
    resumed, whole = (
        load_encoder(generator, str(folder / "encoder.safetensors")).encode(images)
        for folder in (tmp_path, finished)
    )
    np.testing.assert_array_equal(resumed, whole)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch.generated": 0}, "config.batch.generated must be at least 1, not 0"),
        ({"image_steps": -1}, "config.image_steps must be at least 0, not -1"),
        ({"latent_steps": 0, "image_steps": 0}, "the numbers of steps must not all be 0"),
        ({"batch.rendered.album": 9}, "config.batch.rendered.album must be between 0 and the 8 photographs"),
        ({"data.people.album": HELD_OUT_FIRST + 1}, "config.data.people.album must be between 1 and 1000000"),
        ({"encoder.fine": 3}, "the generator has 10 latent rows of 128 numbers and images of 128²"),
        ({"encoder.swin.num_heads": (5, 1, 2, 2)}, "do not split into 5 heads"),
    ],
)
def test_wrong_settings_are_named(
    committed: Callable[..., Config], change: dict[str, Any], message: str
) -> None:
    config = committed("encoder")
    config.update_from_flattened_dict(change)
    with pytest.raises(InputError, match=message):
        EncoderTask(config)


def test_the_committed_config_is_that_of_the_bundled_encoder(committed: Callable[..., Config]) -> None:
    with resources.as_file(resources.files("jaxunlearn.zoo") / "encoder.safetensors") as path:
        assert path.stat().st_size < 2.4e6
        bundled = goae_flax.load(path)
    assert bundled.config == EncoderTask(committed("encoder")).shape
