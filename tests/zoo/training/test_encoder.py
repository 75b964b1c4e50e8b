"""An encoder from its config: it learns, goes on where it was cut off, and is shown what it should be."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import goae_flax
from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError
from jaxunlearn.models.encoder import load_encoder
from jaxunlearn.models.generator import initialise, load_generator, save_generator
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST, PhotographRequest, photograph_person
from jaxunlearn.zoo.training import encoder as training
from jaxunlearn.zoo.training.encoder_data import before_white, draw, take_albums
from jaxunlearn.zoo.training.workdir import Config
from tests.support.tiny_heads import TINY

CONFIG_FILE = Path(__file__).parents[3] / "configs" / "train_encoder.py"
TINY_SWIN = {
    "image_size": 32,
    "embed_dim": 8,
    "depths": (1, 1, 1, 1),
    "num_heads": (1, 1, 2, 2),
    "window_size": 4,
}


def committed_config() -> Config:
    spec = importlib.util.spec_from_file_location("train_encoder_config", CONFIG_FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_config()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The committed config with everything small; its generator was never trained."""
    folder = tmp_path_factory.mktemp("files")
    shape = GeneratorConfig.from_json({**GeneratorConfig.heads().to_json(), **TINY})
    save_generator(initialise(shape), folder / "tiny.safetensors", {})
    config = committed_config()
    config.generator = str(folder / "tiny.safetensors")
    config.encoder.swin.update(TINY_SWIN)
    config.encoder.update({"w_dim": 16, "coarse": 1, "mid": 1, "fine": shape.num_ws - 3, "feed_forward": 16})
    config.data.people.update({"generator": 8, "album": 2, "celeba_like": 2})
    config.data.update({"held_out": 2, "views": 2, "folder": str(folder / "shards"), "workers": 1})
    config.batch.generated = 2
    config.batch.photographs.update({"generator": 4, "album": 2, "celeba_like": 1})
    config.batch.rendered.update({"generator": 1, "album": 0, "celeba_like": 1})
    config.update({"latent_steps": 30, "image_steps": 2, "log_every": 1, "evaluate_every": 31})
    config.update({"evaluate_people": 1, "checkpoint_minutes": 0.0})
    config.rate.peak = 3e-3
    return config


@pytest.fixture(scope="module")
def finished(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("run")
    training.train(config, folder)
    return folder


def metrics(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


@pytest.mark.slow
def test_a_short_run_comes_nearer_to_the_latents(finished: Path) -> None:
    losses = [line["latents"] for line in metrics(finished) if "latents" in line]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


@pytest.mark.slow
def test_pictures_count_in_the_second_phase_only(finished: Path) -> None:
    lines = [line for line in metrics(finished) if "loss" in line]
    assert all("perceptual" in line for line in lines[30:])
    assert not any("perceptual" in line for line in lines[:30])
    assert all(line["loss"] > line["latents"] for line in lines[30:])


@pytest.mark.slow
def test_its_figures_tell_the_scenarios_apart(finished: Path) -> None:
    figures = metrics(finished)[-1]["held_out"]
    assert set(figures) == {"generator", "album", "celeba_like"}
    assert set(figures["album"]) == {"squared", "perceptual", "identity", "latents"}
    assert "latents" not in figures["celeba_like"]  # z does not give dyed hair back


@pytest.mark.slow
def test_its_files_are_read_as_encoders(finished: Path, config: Config, tmp_path: Path) -> None:
    figures = training.export(finished, tmp_path / "half.safetensors")
    assert figures == metrics(finished)[-1]["held_out"]
    generator = load_generator(config.generator)
    images = jax.random.uniform(jax.random.key(0), (2, 32, 32, 3), minval=-1, maxval=1)
    whole, half = (
        load_encoder(generator, str(path)).encode(images)
        for path in (finished / "encoder.safetensors", tmp_path / "half.safetensors")
    )
    assert whole.shape == (2, generator.config.num_ws, 16)
    np.testing.assert_allclose(half, whole, atol=0.01 * float(jnp.abs(whole).max()))
    assert (finished / "images" / "step000031.png").exists()


@pytest.mark.slow
def test_cut_off_and_resumed_it_is_the_same(
    finished: Path, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_draw = training.draw

    def cut_off(*arguments: Any, number: int, **named: Any) -> Any:
        if number == 20:
            raise KeyboardInterrupt
        return whole_draw(*arguments, number=number, **named)

    monkeypatch.setattr(training, "draw", cut_off)
    with pytest.raises(KeyboardInterrupt):
        training.train(config, tmp_path)
    monkeypatch.undo()
    training.train(config, tmp_path)
    assert metrics(tmp_path) == metrics(finished)
    generator = load_generator(config.generator)
    images = jnp.zeros((1, 32, 32, 3))
    one, other = (
        load_encoder(generator, str(folder / "encoder.safetensors")).encode(images)
        for folder in (finished, tmp_path)
    )
    np.testing.assert_array_equal(one, other)


def test_those_it_learns_from_and_those_it_is_tested_on_are_disjoint(config: Config) -> None:
    people = {"generator": 2}
    learned, tested = (
        take_albums(people, held_out=which, data=config.data, resolution=32)["generator"]
        for which in (False, True)
    )
    assert not np.isin(learned.z, tested.z).any()
    request = PhotographRequest("generator", people=2, views=2, resolution=32, first=HELD_OUT_FIRST)
    np.testing.assert_array_equal(tested.z[1], photograph_person(request, HELD_OUT_FIRST + 1).z[0])


def test_a_batch_has_what_was_asked_for_and_never_depends_on_the_one_before(config: Config) -> None:
    albums = take_albums(config.data.people, held_out=False, data=config.data, resolution=32)
    counts = {"generator": 3, "celeba_like": 2}
    batch, again, other = (draw(albums, counts, seed=5, number=number) for number in (7, 7, 8))
    assert batch.image.shape == batch.wanted.shape == (5, 32, 32, 3)
    np.testing.assert_array_equal(batch.known, [1, 1, 1, 0, 0])
    np.testing.assert_array_equal(batch.wanted[:3], batch.image[:3])
    assert (batch.wanted[3:] != batch.image[3:]).any()
    np.testing.assert_array_equal(batch.image, again.image)
    assert (batch.image != other.image).any()


def test_backgrounds_become_white_and_heads_stay() -> None:
    request = PhotographRequest("celeba_like", people=1, views=2, resolution=32)
    photographs = photograph_person(request, 3)
    white = before_white(photographs)
    covered, empty = photographs.coverage == 255, photographs.coverage == 0
    np.testing.assert_array_equal(white[covered], photographs.image[covered])
    assert (white[empty] == 255).all()


def test_the_mean_latent_is_wrong_by_the_variance() -> None:
    ws = 3.0 + 2.0 * jax.random.normal(jax.random.key(0), (4000, 1, 5))
    error = training.latent_error(jnp.full_like(ws, 3.0), ws, jnp.var(ws, axis=(0, 1)).sum())
    assert error.shape == (4000,)
    assert float(error.mean()) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch.generated": 0}, "config.batch.generated must be at least 1, not 0"),
        ({"batch.rendered.album": 9}, "config.batch.rendered.album: at most the"),
        ({"data.people.album": HELD_OUT_FIRST + 1}, "others are to test on"),
        ({"encoder.fine": 3}, "the generator has"),
        ({"encoder.swin.num_heads": (5, 1, 2, 2)}, "do not split into 5 heads"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change: dict[str, Any], message: str) -> None:
    config = committed_config()
    config.update_from_flattened_dict(change)
    with pytest.raises(InputError, match=message):
        training.prepare(config)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"give the --workdir of a finished"):
        training.export(tmp_path, tmp_path / "encoder.safetensors")


def test_the_committed_config_is_that_of_the_bundled_encoder() -> None:
    from importlib import resources

    with resources.as_file(resources.files("jaxunlearn.zoo") / "encoder.safetensors") as path:
        assert path.stat().st_size < 2.4e6
        bundled = goae_flax.load(path)
    assert bundled.config == training.prepare(committed_config()).shape
