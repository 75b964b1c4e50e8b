"""An identity network from its config: it learns, goes on where it was cut off, and measures honestly."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxunlearn.errors import InputError
from jaxunlearn.models.identity import load_identity
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST
from jaxunlearn.zoo.training import identity as training
from jaxunlearn.zoo.training.identity_data import Distortion, distort, draw_pairs, gaussian_resampling
from jaxunlearn.zoo.training.identity_metrics import cosines_of_pairs, verify

CONFIG_FILE = Path(__file__).parents[3] / "configs" / "train_identity.py"
UNTOUCHED = Distortion(zoom=0.0, shift=0.0, blur=(0.05, 0.05), gain=0.0, offset=0.0)


def committed_config(role: str) -> training.Config:
    spec = importlib.util.spec_from_file_location("train_identity_config", CONFIG_FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_config(role)


def tiny_config(folder: Path) -> training.Config:
    config = committed_config("judge")
    config.network.update({"units": (1, 1), "channels": (8, 16), "stem_channels": 4})
    config.network.update({"input_size": 16, "embedding_size": 16})
    config.data.update({"people": 24, "held_out": 12, "views": 4, "folder": str(folder), "workers": 1})
    config.batch.people = 12
    config.update({"steps": 90, "log_every": 1, "evaluate_every": 50, "evaluate_people": 6})
    config.checkpoint_minutes = 0.0
    config.rate.peak = 1e-2
    return config


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shards")


@pytest.fixture(scope="module")
def finished(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("run")
    training.train(tiny_config(shards), folder)
    return folder


def metrics(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def test_a_short_run_learns_to_tell_strangers_apart(finished: Path) -> None:
    lines = metrics(finished)
    losses = [line["loss"] for line in lines if "loss" in line]
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:5])
    figures = lines[-1]["held_out"]
    assert figures["same"] - figures["different"] > 0.3
    assert figures["rank1"] > 0.4  # chance: 3 of 47


def test_its_file_says_what_it_is_and_where_people_become_one(finished: Path, shards: Path) -> None:
    network = load_identity(str(finished / "identity.safetensors"))
    assert (network.name, network.framing) == ("heads identity judge", "whole")
    run = training.prepare(tiny_config(shards))
    embeddings = training.embed_photographs(network, training.photographs_of(run, held_out=True))
    assert network.threshold == pytest.approx(verify(embeddings).threshold, abs=1e-3)


@pytest.mark.slow
def test_a_run_cut_off_and_resumed_equals_an_uninterrupted_one(
    finished: Path, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cutting_off(draw: Callable[..., Any]) -> Callable[..., Any]:
        def drawn(*arguments: Any, number: int, **settings: Any) -> Any:
            if number == 7:
                raise KeyboardInterrupt
            return draw(*arguments, number=number, **settings)

        return drawn

    with monkeypatch.context() as patch:
        patch.setattr(training, "draw_pairs", cutting_off(training.draw_pairs))
        with pytest.raises(KeyboardInterrupt):
            training.train(tiny_config(shards), tmp_path)
    assert len(metrics(tmp_path)) == 7
    training.train(tiny_config(shards), tmp_path)
    assert metrics(tmp_path) == metrics(finished)
    assert (tmp_path / "identity.safetensors").stat().st_size > 1000
    networks = [load_identity(str(folder / "identity.safetensors")) for folder in (tmp_path, finished)]
    for resumed, whole in zip(*(jax.tree.leaves(network) for network in networks), strict=True):
        np.testing.assert_array_equal(resumed, whole)


def test_half_precision_keeps_the_network(finished: Path, tmp_path: Path) -> None:
    figures = training.export(finished, tmp_path / "half.safetensors")
    assert training.figures_of(figures) == metrics(finished)[-1]["held_out"]
    half, whole = (
        load_identity(str(folder / name))
        for folder, name in ((tmp_path, "half.safetensors"), (finished, "identity.safetensors"))
    )
    image = jax.random.uniform(jax.random.key(0), (2, 40, 40, 3), minval=-1, maxval=1)
    np.testing.assert_allclose(half.embed(image), whole.embed(image), atol=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "config.steps must be at least 1"),
        ({"batch": {"people": 25}}, "config.batch.people: there are 24, not 25"),
        ({"data": {"first": 999_999}}, "are for measuring"),
        ({"network": {"input_size": 18}}, "config.network: input_size 18"),
    ],
)
def test_wrong_settings_are_named(shards: Path, change: dict[str, Any], message: str) -> None:
    config = tiny_config(shards)
    config.update(change)
    with pytest.raises(InputError, match=message):
        training.prepare(config)


def test_the_two_roles_share_nobody_and_no_seed() -> None:
    judge, loss = committed_config("judge"), committed_config("loss")
    people = [set(range(c.data.first, c.data.first + c.data.people)) for c in (judge, loss)]
    assert not people[0] & people[1]
    assert max(map(max, people)) < HELD_OUT_FIRST
    assert judge.seed != loss.seed
    with pytest.raises(ValueError, match="no role 'jury'; there are judge, loss"):
        committed_config("jury")


def test_the_margin_is_an_angle_added() -> None:
    angle = jnp.array([0.3, 1.2, 2.0])
    moved = training.angular_margin(jnp.cos(angle), jnp.array(0.2))
    np.testing.assert_allclose(jnp.arccos(moved), angle + 0.2, atol=1e-5)
    opposite = jnp.array([-0.999])  # past π: adding an angle would make it better
    np.testing.assert_allclose(training.angular_margin(opposite, jnp.array(0.2)), opposite)


def test_the_loss_asks_which_photograph_is_of_the_same_person() -> None:
    person = jnp.eye(5)
    both = jnp.concatenate([person, person])
    margin = jnp.array(0.2)
    pair_loss = jax.jit(training.pair_loss)
    loss, parts = pair_loss(both, 4.0, margin)
    expected = np.log(1 + 8 * np.exp(-4 * np.cos(0.2)))  # eight photographs of others, at right angles
    assert float(loss) == pytest.approx(expected, rel=1e-3)
    assert (float(parts["accuracy"]), float(parts["cosine"])) == pytest.approx((1, 1))
    mixed, parts = pair_loss(jnp.concatenate([person, jnp.roll(person, 1, axis=0)]), 4.0, margin)
    assert float(mixed) > 4
    assert (float(parts["accuracy"]), float(parts["cosine"])) == (0, 0)
    gradient = jax.jit(jax.grad(lambda e: training.pair_loss(e, 4.0, margin)[0]))(both)
    assert bool(jnp.isfinite(gradient).all())


def test_softmax_comes_first_and_the_margin_later() -> None:
    config = committed_config("judge")
    at = [float(training.margin_at(jnp.array(share * config.steps), config)) for share in (0, 0.4, 0.55, 1)]
    np.testing.assert_allclose(at, [0, 0, 0.1, 0.2], atol=1e-6)


def test_a_batch_shows_two_photographs_of_everybody() -> None:
    images = np.arange(5 * 3, dtype=np.uint8).reshape(5, 3, 1, 1, 1)
    first, second = draw_pairs(images, people=4, seed=0, number=3).reshape(2, 4)
    np.testing.assert_array_equal(first // 3, second // 3)
    assert len(set(first // 3)) == 4
    assert (first != second).all()
    assert (draw_pairs(images, people=4, seed=0, number=3).reshape(2, 4) == [first, second]).all()
    assert (draw_pairs(images, people=4, seed=0, number=4).reshape(2, 4) != [first, second]).any()


def test_no_distortion_changes_nothing() -> None:
    image = jax.random.uniform(jax.random.key(1), (2, 12, 12, 3), minval=-1, maxval=1)
    distorted = jax.jit(lambda image, key: distort(image, key, UNTOUCHED))(image, jax.random.key(0))
    np.testing.assert_allclose(distorted, image, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(zoom=st.floats(0.8, 1.2), shift=st.floats(-3, 3), blur=st.floats(0.3, 1.5))
def test_resampling_keeps_constants_and_moves_what_it_says(zoom: float, shift: float, blur: float) -> None:
    matrix = gaussian_resampling(32, *(jnp.array([x]) for x in (zoom, shift, blur)))[0]
    np.testing.assert_allclose(matrix.sum(1), 1, rtol=1e-5)
    ramp = jnp.arange(32.0)
    expected = zoom * (ramp - 15.5) + shift + 15.5
    np.testing.assert_allclose((matrix @ ramp)[10:22], expected[10:22], atol=0.25)


def test_figures_of_embeddings_that_are_known() -> None:
    people = np.eye(4)[:, None].repeat(3, axis=1)
    perfect = verify(people)
    assert (perfect.tar, perfect.same, perfect.different, perfect.rank1) == (1, 1, 0, 1)
    strangers = verify(people, np.roll(people, 1, axis=0))
    assert (strangers.tar, strangers.same, strangers.rank1) == (0, 0, 0)
    same, different = cosines_of_pairs(people)
    assert (same.size, different.size) == (4 * 3 * 2, 12 * 9)
