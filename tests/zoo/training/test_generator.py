"""A run from its config: what it writes, and that cutting it off changes nothing."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from PIL import Image

from eg3d_flax import Compute, GeneratorConfig, RenderOutput, TriPlaneGenerator, camera
from jaxunlearn.errors import InputError
from jaxunlearn.models.generator import initialise, load_generator, save_generator
from jaxunlearn.zoo.training import generator, generator_metrics
from jaxunlearn.zoo.training.generator_data import Batch, Supervision
from jaxunlearn.zoo.training.generator_loss import Images, render_views
from jaxunlearn.zoo.training.optimizer import learning_rate, moving_average, rates
from tests.support.tiny_heads import TINY
from torch_bridge import module_arrays

CONFIG_FILE = Path(__file__).parents[3] / "configs" / "train_heads.py"


def committed_config() -> generator.Config:
    spec = importlib.util.spec_from_file_location("train_heads_config", CONFIG_FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_config()


def tiny_config(folder: Path) -> generator.Config:
    config = committed_config()
    config.generator.update(TINY)
    config.data.update({"people": 3, "held_out": 2, "views": 2, "folder": str(folder), "workers": 1})
    config.batch.update({"people": 2, "views": 2, "pixels": 16})
    config.update({"surface_steps": 2, "volume_steps": 1, "log_every": 1, "evaluate_every": 2})
    config.update({"evaluate_people": 2, "checkpoint_minutes": 0.0})
    config.rate.warmup = 1
    return config


def tiny_generator() -> TriPlaneGenerator:
    return initialise(GeneratorConfig.from_json(tiny_config(Path()).generator.to_dict()))


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shards")


@pytest.fixture(scope="module")
def finished(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("run")
    generator.train(tiny_config(shards), folder)
    return folder


def metrics(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def cutting_off_at(number: int, batch: Callable[[Supervision, int], Batch]) -> Callable[..., Batch]:
    def draw(self: Supervision, wanted: int) -> Batch:
        if wanted == number:
            raise KeyboardInterrupt
        return batch(self, wanted)

    return draw


@pytest.mark.must
def test_a_run_leaves_weights_metrics_and_pictures(finished: Path) -> None:
    lines = metrics(finished)
    assert [line["phase"] for line in lines if "phase" in line] == ["surface", "surface", "volume"]
    assert lines[-1]["held_out"]["images"] == 4
    with Image.open(finished / "images" / "step000003.png") as shown:
        assert shown.size == (5 * 32, 2 * 2 * 32)
    generator = load_generator(str(finished / "generator.safetensors"))
    assert generator.config.w_dim == 16
    z = np.random.default_rng(0).standard_normal((2000, 64)).astype(np.float32)
    mean = generator.mapping(jnp.array(z), jnp.zeros((2000, 25)))[:, 0].mean(0)
    spread = float(jnp.std(generator.mapping(jnp.array(z), jnp.zeros((2000, 25)))))
    np.testing.assert_allclose(generator.backbone.mapping.w_avg[...], mean, atol=0.15 * spread)


@pytest.mark.slow
def test_a_run_cut_off_and_resumed_equals_an_uninterrupted_one(
    finished: Path, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Supervision, "batch", cutting_off_at(1, Supervision.batch))
        with pytest.raises(KeyboardInterrupt):
            generator.train(tiny_config(shards), tmp_path)
    assert len(metrics(tmp_path)) == 1
    generator.train(tiny_config(shards), tmp_path)
    assert metrics(tmp_path) == metrics(finished)
    resumed = module_arrays(load_generator(str(tmp_path / "generator.safetensors")))
    for name, array in module_arrays(load_generator(str(finished / "generator.safetensors"))).items():
        np.testing.assert_array_equal(array, resumed[name], err_msg=name)


@pytest.mark.must
def test_a_checkpoint_of_another_size_is_refused(finished: Path, shards: Path) -> None:
    config = tiny_config(shards)
    config.generator.w_dim = 24
    with pytest.raises(InputError, match="other sizes"):
        generator.train(config, finished)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"surface_steps": -1}, "surface_steps"), ({"rendered_views": 0}, "rendered_views")],
)
def test_wrong_settings_are_named(shards: Path, change: dict[str, int], message: str) -> None:
    config = tiny_config(shards)
    config.update(change)
    with pytest.raises(InputError, match=message):
        generator.prepare(config)


def test_the_committed_config_is_of_the_bundled_generator() -> None:
    assert committed_config().generator.to_dict() == GeneratorConfig.heads().to_json()


@pytest.mark.must
def test_views_that_share_planes_are_rendered_as_the_generator_renders_them() -> None:
    generator = tiny_generator()
    cameras = camera.camera_params(jnp.array([-0.3, 0.1, 0.4, 0.0]), 0.1).reshape(2, 2, 25)
    graph, state = nnx.split(generator)
    z = jnp.array(np.random.default_rng(0).standard_normal((2, 64)), jnp.float32)
    ws = generator.mapping(z, cameras[:, 0])
    planes = jax.jit(lambda state: nnx.merge(graph, state).planes(ws))(state)

    @jax.jit
    def together(state: nnx.State) -> Images:
        return render_views(nnx.merge(graph, state), planes, ws, cameras, None, Compute())

    @jax.jit
    def one(state: nnx.State, camera: jax.Array) -> RenderOutput:
        return nnx.merge(graph, state).render(planes, ws, camera)

    shown = together(state)
    for view in range(2):
        alone = one(state, cameras[:, view])
        np.testing.assert_allclose(shown.image[:, view], alone.image, atol=1e-5)
        np.testing.assert_allclose(shown.raw[:, view], alone.image_raw, atol=1e-5)


def test_the_learning_rate_has_no_jump() -> None:
    settings = {
        "peak": 1.0,
        "warmup": 10,
        "surface_steps": 100,
        "steps": 200,
        "volume_rate": 0.5,
        "final": 0.1,
    }
    values = np.array([learning_rate(step, **settings) for step in range(200)])
    assert values[10:60] == pytest.approx(1.0)
    assert values[99] == pytest.approx(0.5, abs=0.01)
    assert np.abs(np.diff(values[10:])).max() < 0.03
    assert values[199] == pytest.approx(0.1, abs=0.01)


def test_steps_follow_the_scale_of_the_stored_weights() -> None:
    parameters = generator.arrays_of(tiny_generator())
    for name, rate in rates(parameters).items():
        if name.endswith(".weight"):
            assert rate == pytest.approx(float(jnp.std(parameters[name])), rel=0.5), name


def test_the_average_starts_as_a_plain_mean_and_then_forgets_slowly() -> None:
    average = {"x": jnp.zeros(())}
    for step in range(3):
        average = moving_average(average, {"x": jnp.ones(())}, jnp.array(step), 0.998)
    assert float(average["x"]) > 0.99
    late = moving_average({"x": jnp.zeros(())}, {"x": jnp.ones(())}, jnp.array(10**6), 0.998)
    assert float(late["x"]) == pytest.approx(0.002, rel=1e-3)


def test_psnr_of_a_known_error() -> None:
    error = np.full((1, 4, 4, 3), 0.2)  # of colours in [-1, 1]: a tenth of the range
    assert generator_metrics.psnr(error) == pytest.approx([20.0])
    error[0, 0] = 2.0
    weight = np.ones((1, 4, 4))
    weight[0, 0] = 0
    assert generator_metrics.psnr(error, weight) == pytest.approx([20.0])


@pytest.mark.must
def test_half_precision_files_keep_the_generator(finished: Path, tmp_path: Path) -> None:
    generator = load_generator(str(finished / "generator.safetensors"))
    save_generator(generator, tmp_path / "half.safetensors", {"licence": "Apache-2.0"}, dtype="float16")
    again = load_generator(str(tmp_path / "half.safetensors"))
    for name, array in module_arrays(generator).items():
        np.testing.assert_allclose(module_arrays(again)[name], array, rtol=1e-3, atol=1e-3, err_msg=name)
