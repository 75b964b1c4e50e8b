"""Random numbers of steps, epochs, the mapper, the Fisher and requests are independent of each other."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.core import Tracer

from jaxunlearn.methods.base import Before, request_key
from jaxunlearn.methods.guide.pairs import GuideSampling
from jaxunlearn.methods.many_pairs import ManySampling
from jaxunlearn.methods.pairs import Schedule
from jaxunlearn.methods.sugar import fisher as measuring
from jaxunlearn.methods.sugar import prepare
from jaxunlearn.methods.sugar.fisher import probes_around
from jaxunlearn.methods.sugar.mappers import surrogates
from jaxunlearn.methods.sugar.mappers.mapper_training import Trained
from jaxunlearn.methods.sugar.method import SugarMethod
from jaxunlearn.photos.people import People
from jaxunlearn.training import unlearn as unlearning
from jaxunlearn.training.result import Result
from tests.support.tiny_models import tiny_models, tiny_people, tiny_unlearned
from tests.support.tiny_sugar import tiny_sugar

COUNT = 8
"""Number of steps and epochs."""


class Purposes:
    """What each random key is for; a second purpose is an error."""

    def __init__(self):
        self._known: dict[tuple[int, ...], str] = {}

    def add(self, purpose: str, key: jax.Array, *parts: int) -> None:
        """Add a key; where `parts` are given, also those that it is split into, again and again."""
        data = tuple(jax.random.key_data(key).tolist())
        assert self._known.setdefault(data, purpose) == purpose
        for number, part in enumerate(jax.random.split(key, parts[0]) if parts else ()):
            self.add(f"{purpose}, {number}", part, *parts[1:])


def keys_of_preparing(
    monkeypatch: pytest.MonkeyPatch, before: Before | None = None
) -> tuple[jax.Array, jax.Array]:
    """The keys that the mapper's training and the Fisher of a request get."""
    found = {}

    def train_mapper(loss: Any, parameters: Any, *_: Any, key: jax.Array, **__: Any) -> Trained:
        found["mapper"] = key
        return Trained(parameters, ())

    def measure_fisher(start: Any, *arguments: Any, **_: Any) -> Any:
        found["fisher"] = arguments[4]
        return start.trainable

    monkeypatch.setattr(surrogates, "train_mapper", train_mapper)
    monkeypatch.setattr(prepare, "measure_fisher", measure_fisher)
    SugarMethod().prepare(tiny_models(), tiny_people(3), tiny_sugar(), None, before, progress=False)
    return found["mapper"], found["fisher"]


def noted(drawn: list[jax.Array], draw: Any, key: jax.Array, *rest: Any, **named: Any) -> jax.Array:
    """Draw, and note the key; those of adjacent latents are traced, and the step's."""
    if not isinstance(key, Tracer):
        drawn.append(key)
    return draw(key, *rest, **named)


def keys_of_epoch(monkeypatch: pytest.MonkeyPatch, run: jax.Array, epoch: int) -> list[jax.Array]:
    """The keys with which order, view and global people are drawn in an epoch of one step."""
    sampling = ManySampling(people=2, batch=2, num_global=2, view="epoch", global_draw="epoch")
    drawn = []
    with monkeypatch.context() as patch:
        for name in ("permutation", "uniform", "normal"):
            patch.setattr(jax.random, name, functools.partial(noted, drawn, getattr(jax.random, name)))
        sampling.draw(jax.random.key(99), 8, Schedule(run, jnp.asarray(epoch)))
    return drawn


def test_no_random_key_has_two_purposes(monkeypatch):
    """Neither in one request, nor in three."""
    purposes, seed = Purposes(), tiny_sugar().seed
    requests = (None, Before(tiny_unlearned()), Before(tiny_models().generator))
    for request, before in enumerate(requests):
        root = request_key(seed, before)
        run = jax.random.fold_in(root, 0)  # the key of the generator that people share
        mapper, fisher = keys_of_preparing(monkeypatch, before)
        purposes.add(f"{request}: all", root)
        purposes.add(f"{request}: run", run)
        purposes.add(f"{request}: mapper", mapper)
        purposes.add(f"{request}: fisher", fisher, 4)
        for k in range(COUNT):
            purposes.add(f"{request}: step {k}", jax.random.fold_in(run, k), 3, 5)
            purposes.add(f"{request}: mapper, epoch {k}", jax.random.fold_in(mapper, k), 2)
            order_view_others = keys_of_epoch(monkeypatch, run, k)
            assert len(order_view_others) == 3
            for number, key in enumerate(order_view_others):
                purposes.add(f"{request}: epoch {k}, {number}", key)


@pytest.mark.parametrize(
    "sampling",
    [
        GuideSampling(num_adjacent=400, num_global=0),
        ManySampling(people=100, batch=100, num_adjacent=4, order="draws"),
    ],
    ids=["guide", "many"],
)
def test_people_distances_and_views_of_a_step_are_independent(sampling):
    key = jax.random.key(3)
    drawn = sampling.draw(key, 4, Schedule(key, jnp.asarray(0)))
    z = np.reshape(drawn.z if isinstance(sampling, GuideSampling) else drawn.z_adjacent, (400, 4))
    numbers = [np.ravel(drawn.alpha), *z.T, drawn.yaw[:400], drawn.yaw[-400:]]
    related = np.corrcoef(np.stack(numbers)) - np.eye(len(numbers))
    assert np.abs(related).max() < 0.25


def test_a_single_run_has_the_keys_of_its_seed():
    assert request_key(7, None) == jax.random.key(7)


def test_probes_of_two_requests_lie_elsewhere(monkeypatch):
    """Around the same person: else the errors of both Fishers would be the same, and add up."""
    drawn = []

    def note(*arguments: Any) -> jax.Array:
        drawn.append(probes_around(*arguments))
        return drawn[-1]

    monkeypatch.setattr(measuring, "probes_around", note)
    config = tiny_sugar({"target.kind": "extrapolated"})
    for before in (None, Before(tiny_models().generator), Before(tiny_models().generator)):
        SugarMethod().prepare(tiny_models(), tiny_people(1), config, None, before, progress=False)
    first, second, again = drawn
    assert np.abs(first - second).max() > 1e-3
    np.testing.assert_array_equal(second, again)


def test_steps_of_two_requests_draw_other_people(monkeypatch):
    """A run gets the key of its request, the same one when it resumes."""
    keys = []

    class Begun(Exception):
        pass

    def run(*arguments: Any, **_: Any) -> None:
        keys.append(jax.random.key_data(arguments[7]))
        raise Begun

    monkeypatch.setattr(unlearning, "Run", run)
    people, config = tiny_people(2), tiny_sugar({"target.kind": "extrapolated", "ewc.weight": 0.0})
    earlier = Result(People("one", ("ann",), people[:1]), people[:1], (tiny_models().generator,), {}, None)
    for previous in (None, earlier, earlier):
        with pytest.raises(Begun):
            unlearning.unlearn(tiny_models(), people[1:], config, previous=previous, progress=False)
    first, second, again = keys
    assert (first != second).any()
    np.testing.assert_array_equal(second, again)
