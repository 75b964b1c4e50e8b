"""The generator's task: what a run leaves, and that interrupting it changes nothing."""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.models.generator import load_generator
from jaxunlearn.zoo.synthetic.photographs import PhotographRequest, Photographs, photograph
from jaxunlearn.zoo.training import generator
from jaxunlearn.zoo.training.generator import GeneratorTask
from jaxunlearn.zoo.training.trainer import Config, export, train
from tests.support.tiny_heads import TINY
from torch_bridge import module_arrays
from torch_bridge.eight_bits import SMALLEST_SIZE
from torch_bridge.safetensors_file import read_safetensors


@pytest.fixture(scope="module")
def config(committed: Callable[..., Config], tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The committed config with everything small."""
    config = committed("generator")
    config.generator.update(TINY | {f"{x}_resolution": 24 for x in ("sr_input", "neural_rendering")})
    config.generator.img_resolution = 48
    folder = str(tmp_path_factory.mktemp("shards"))
    config.data.update({"people": 3, "held_out": 2, "views": 2, "folder": folder, "workers": 1})
    config.batch.update({"people": 2, "views": 2, "pixels": 16})
    config.update({"surface_steps": 2, "volume_steps": 2, "whole_steps": 1, "patch": 16})
    config.update({"log_every": 1, "evaluate_every": 2})
    config.evaluate_people = 2
    config.rate.warmup = 1
    return config


@pytest.fixture(scope="module")
def task(config: Config) -> GeneratorTask:
    """One task for all runs, so that its steps are compiled once."""
    return GeneratorTask(config)


def test_nobody_waits_for_people_after_an_interruption(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def shards(request: PhotographRequest, **_: Any) -> Iterator[Photographs]:
        yield photograph(dataclasses.replace(request, people=2), progress=False)
        over.wait(timeout=300)

    monkeypatch.setattr(generator, "photograph_in_shards", shards)
    changed: Any = config.copy_and_resolve_references()
    changed.data.update({"people": 3, "first_people": 2, "people_per_step": 1.0, "folder": ""})
    changed.batch_threads = 2
    threads = []

    def interrupted(task: GeneratorTask) -> None:
        with task.batches() as batch_of:
            batch_of(0)
            threads.extend(thread for thread in threading.enumerate() if thread.name.startswith("batch"))
            raise Interrupted("now")

    with pytest.raises(Interrupted):
        interrupted(GeneratorTask(changed))
    for thread in threads:
        thread.join(timeout=60)
    waiting = [thread for thread in threads if thread.is_alive()]
    over.set()
    assert len(threads) == 2
    assert not waiting


@pytest.mark.slow
def test_a_run_leaves_weights_metrics_and_pictures(
    finished: Path, metrics: Callable[[Path], list[dict[str, Any]]]
) -> None:
    lines = metrics(finished)
    assert [line["phase"] for line in lines if "phase" in line] == [
        "surface",
        "surface",
        "patches",
        "whole",
    ]
    assert lines[-1]["held_out"]["images"] == 4
    with Image.open(finished / "images" / "step000004.png") as image:
        assert image.size == (5 * 48, 2 * 2 * 48)
    generator = load_generator(str(finished / "generator.safetensors"))
    assert generator.config.w_dim == 16
    z = np.random.default_rng(0).standard_normal((2000, 64)).astype(np.float32)
    mean = generator.mapping(jnp.array(z), jnp.zeros((2000, 25)))[:, 0].mean(0)
    spread = float(jnp.std(generator.mapping(jnp.array(z), jnp.zeros((2000, 25)))))
    np.testing.assert_allclose(generator.backbone.mapping.w_avg[...], mean, atol=0.15 * spread)


@pytest.mark.slow
def test_an_interrupted_run_equals_an_uninterrupted_one(
    task: GeneratorTask,
    finished: Path,
    tmp_path: Path,
    metrics: Callable[[Path], list[dict[str, Any]]],
    interrupted_at: Callable[..., Any],
) -> None:
    with pytest.raises(Interrupted, match="step 1 is saved"):
        train(interrupted_at(task, 0), tmp_path)
    train(task, tmp_path)
    assert metrics(tmp_path) == metrics(finished)
    resumed = module_arrays(load_generator(str(tmp_path / "generator.safetensors")))
    for name, array in module_arrays(load_generator(str(finished / "generator.safetensors"))).items():
        np.testing.assert_array_equal(array, resumed[name], err_msg=name)


@pytest.mark.slow
def test_half_precision_keeps_the_generator(
    finished: Path, tmp_path: Path, metrics: Callable[[Path], list[dict[str, Any]]]
) -> None:
    figures = export(finished, tmp_path / "half.safetensors")
    assert figures == metrics(finished)[-1]["held_out"]
    half, whole = (
        module_arrays(load_generator(str(path)))
        for path in (tmp_path / "half.safetensors", finished / "generator.safetensors")
    )
    for name, array in whole.items():
        np.testing.assert_allclose(half[name], array, rtol=1e-3, atol=1e-3, err_msg=name)


@pytest.mark.slow
def test_eight_bits_keep_the_generator_and_its_notes(finished: Path, tmp_path: Path) -> None:
    export(finished, tmp_path / "small.safetensors", "uint8")
    small, whole = (
        module_arrays(load_generator(str(path)))
        for path in (tmp_path / "small.safetensors", finished / "generator.safetensors")
    )
    assert small.keys() == whole.keys()
    for name, array in whole.items():
        largest_error = (array.max() - array.min()) / 510 if array.size >= SMALLEST_SIZE else 0
        np.testing.assert_allclose(small[name], array, atol=1.001 * largest_error, err_msg=name)
    _, header = read_safetensors(tmp_path / "small.safetensors")
    assert header["training_steps"] == "4"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"surface_steps": -1}, "config.surface_steps must be at least 0, not -1"),
        ({"patch": 8}, "config.patch must be from 16 to 64 rays, not 8"),
        ({"generator.sr_input_resolution": 32, "generator.img_resolution": 64}, "config.patch needs a gen"),
        ({"rendered_views": 0}, "config.rendered_views must be at least 1, not 0"),
        ({"data.people": 3}, "config.batch.people must be at most config.data.people = 3, not 4"),
        ({"data.views": 2}, "config.data.views must be at least 3, not 2"),
        ({"data.held_out": 0}, "config.data.held_out must be at least 1, not 0"),
        ({"rate.warmup": -1}, "config.rate.warmup must be at least 0, not -1"),
        (
            {"generator.ray_start": "auto", "generator.ray_end": "auto"},
            "config.generator.ray_start must be a number",
        ),
    ],
)
def test_wrong_settings_are_named(
    committed: Callable[..., Config], change: dict[str, Any], message: str
) -> None:
    config = committed("generator")
    with config.ignore_type():
        config.update_from_flattened_dict(change)
    with pytest.raises(InputError, match=message):
        GeneratorTask(config)


def test_the_committed_config_is_of_the_bundled_generator(committed: Callable[..., Config]) -> None:
    assert committed("generator").generator.to_dict() == GeneratorConfig.heads().to_json()
