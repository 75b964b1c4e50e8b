"""The identity network's task: it learns, an interruption changes nothing, and its figures are true."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors import safe_open

from jaxunlearn import zoo
from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.models.identity import load_identity
from jaxunlearn.zoo.metrics.identity_metrics import embed_photographs, verify
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST, PhotographRequest
from jaxunlearn.zoo.training import identity as training
from jaxunlearn.zoo.training.identity import IdentityTask
from jaxunlearn.zoo.training.identity_data import draw_pairs, identity_photographs
from jaxunlearn.zoo.training.trainer import Config, export, train

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def config(committed: Callable[..., Config], tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The committed config with everything small."""
    config = committed("identity", "judge")
    config.network.update({"units": (1, 1), "channels": (8, 16), "stem_channels": 4})
    config.network.update({"input_size": 16, "embedding_size": 16})
    folder = str(tmp_path_factory.mktemp("shards"))
    config.data.update({"people": 24, "held_out": 12, "views": 4, "folder": folder, "workers": 1})
    config.batch.people = 12
    config.update({"steps": 90, "log_every": 1, "evaluate_every": 50, "evaluate_people": 6})
    config.rate.peak = 1e-2
    return config


@pytest.fixture(scope="module")
def task(config: Config) -> IdentityTask:
    """One task for all runs, so that its step is compiled once."""
    return IdentityTask(config)


def test_a_short_run_learns_to_tell_strangers_apart(
    finished: Path, metrics: Callable[[Path], list[dict[str, Any]]]
) -> None:
    lines = metrics(finished)
    losses = [line["loss"] for line in lines if "loss" in line]
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:5])
    figures = lines[-1]["held_out"]
    assert figures["same"] - figures["different"] > 0.3
    assert figures["rank1"] > 0.4  # chance: 3 of 47


def test_its_file_says_what_it_is_and_where_people_become_one(finished: Path, task: IdentityTask) -> None:
    network = load_identity(str(finished / "identity.safetensors"))
    assert (network.name, network.framing) == ("heads identity judge", "whole")
    embeddings = embed_photographs(network, task.held_out())
    assert network.threshold == pytest.approx(verify(embeddings).threshold, abs=1e-3)


def test_an_interrupted_run_equals_an_uninterrupted_one(
    task: IdentityTask,
    finished: Path,
    tmp_path: Path,
    metrics: Callable[[Path], list[dict[str, Any]]],
    interrupted_at: Callable[..., Any],
) -> None:
    with pytest.raises(Interrupted, match="step 8 is saved"):
        train(interrupted_at(task, 7), tmp_path)
    assert len(metrics(tmp_path)) == 8
    train(task, tmp_path)
    assert metrics(tmp_path) == metrics(finished)
    networks = [load_identity(str(folder / "identity.safetensors")) for folder in (tmp_path, finished)]
    for resumed, whole in zip(*(jax.tree.leaves(network) for network in networks), strict=True):
        np.testing.assert_array_equal(resumed, whole)


def test_half_precision_keeps_the_network(
    finished: Path, tmp_path: Path, metrics: Callable[[Path], list[dict[str, Any]]]
) -> None:
    figures = export(finished, tmp_path / "half.safetensors")
    assert figures == metrics(finished)[-1]["held_out"]
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
        ({"batch.people": 2049}, "config.batch.people must be at most config.data.people = 2048, not 2049"),
        ({"data.views": 1}, "config.data.views must be at least 2"),
        ({"evaluate_people": 1}, "config.evaluate_people must be at least 2"),
        (
            {"rate.warmup": 1.0},
            "config.rate.warmup, a share of all steps, must be from 0 to below 1, not 1.0",
        ),
        ({"data.first": 999_999}, "are for evaluation"),
        ({"data.scenario": "masks"}, "config.data.scenario is 'masks'; choose from generator, identity"),
        ({"network.input_size": 18}, "config.network: input_size 18"),
    ],
)
def test_wrong_settings_are_named(
    committed: Callable[..., Config], change: dict[str, Any], message: str
) -> None:
    config = committed("identity")
    config.update_from_flattened_dict(change)
    with pytest.raises(InputError, match=message):
        IdentityTask(config)


def test_the_roles_share_nobody_and_no_seed(committed: Callable[..., Config]) -> None:
    roles = [committed("identity", role) for role in ("judge", "loss", "face")]
    people = [set(range(role.data.first, role.data.first + role.data.people)) for role in roles]
    assert len(set.union(*people)) == sum(map(len, people))
    assert max(map(max, people)) < HELD_OUT_FIRST
    assert len({role.seed for role in roles}) == len({role.name for role in roles}) == 3
    assert [role.data.scenario for role in roles] == ["identity", "identity", "wigs"]
    with pytest.raises(ValueError, match="no role 'jury'; choose from judge, loss, face"):
        committed("identity", "jury")


@pytest.mark.parametrize(
    ("role", "file"),
    [("judge", "identity_judge"), ("loss", "identity_loss"), ("face", "identity_face_judge")],
)
def test_the_bundled_files_are_those_of_the_config(
    committed: Callable[..., Config], role: str, file: str
) -> None:
    config = committed("identity", role)
    with safe_open(Path(zoo.__file__).parent / f"{file}.safetensors", framework="numpy") as opened:
        header = opened.metadata()
    assert header["name"] == config.name
    assert (header["seed"], header["training_steps"]) == (str(config.seed), str(config.steps))
    last = config.data.first + config.data.people - 1
    people = (
        f"scenario {config.data.scenario}, seed {config.data.seed}, numbers {config.data.first} to {last}"
    )
    assert header["people"].endswith(people)


def test_everybody_is_photographed_by_the_scenario_of_the_config(
    committed: Callable[..., Config], config: Config
) -> None:
    face = committed("identity", "face")
    face.network = config.network
    face.data.update({"people": 3, "held_out": 2, "views": 2, "folder": "", "workers": 1})
    face.batch.people = 2
    task = IdentityTask(face)
    expected = [
        identity_photographs(
            PhotographRequest("wigs", people=people, views=2, resolution=16, first=first),
            workers=1,
            folder=None,
        )
        for people, first in ((2, HELD_OUT_FIRST), (3, 4096))
    ]
    np.testing.assert_array_equal(task.held_out(), expected[0])
    with task.batches() as batch_of:
        batch = batch_of(0)
    np.testing.assert_array_equal(batch, draw_pairs(expected[1], people=2, seed=2, number=0))


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


def test_softmax_comes_first_and_the_margin_later(committed: Callable[..., Config]) -> None:
    config = committed("identity")
    at = [float(training.margin_at(jnp.array(share * config.steps), config)) for share in (0, 0.4, 0.55, 1)]
    np.testing.assert_allclose(at, [0, 0, 0.1, 0.2], atol=1e-6)
