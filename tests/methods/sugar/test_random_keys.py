"""Random numbers of steps, epochs, the mapper and the Fisher are independent of each other."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from jax.core import Tracer

from jaxunlearn.methods.base import Schedule
from jaxunlearn.methods.many_pairs import ManySampling
from jaxunlearn.methods.sugar import prepare
from jaxunlearn.methods.sugar.mappers import surrogates
from jaxunlearn.methods.sugar.mappers.mapper_training import Trained
from jaxunlearn.methods.sugar.method import SugarMethod
from tests.support.tiny_models import tiny_models, tiny_people
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


def keys_of_preparing(monkeypatch: pytest.MonkeyPatch) -> tuple[jax.Array, jax.Array]:
    """The keys that the mapper's training and the Fisher get."""
    found = {}

    def train_mapper(loss: Any, parameters: Any, *_: Any, key: jax.Array, **__: Any) -> Trained:
        found["mapper"] = key
        return Trained(parameters, ())

    def importance(start: Any, *arguments: Any, **_: Any) -> Any:
        found["fisher"] = arguments[4]
        return start.trainable

    monkeypatch.setattr(surrogates, "train_mapper", train_mapper)
    monkeypatch.setattr(prepare, "importance", importance)
    SugarMethod().prepare(tiny_models(), tiny_people(3), tiny_sugar(), None, progress=False)
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
    purposes, root = Purposes(), jax.random.key(tiny_sugar().seed)
    run = jax.random.fold_in(root, 0)  # the key of the generator that people share
    mapper, fisher = keys_of_preparing(monkeypatch)
    purposes.add("all", root)
    purposes.add("run", run)
    purposes.add("mapper", mapper)
    purposes.add("fisher", fisher, 4)
    for k in range(COUNT):
        purposes.add(f"step {k}", jax.random.fold_in(run, k), 3, 5)
        purposes.add(f"mapper, epoch {k}", jax.random.fold_in(mapper, k), 2)
        order_view_others = keys_of_epoch(monkeypatch, run, k)
        assert len(order_view_others) == 3
        for number, key in enumerate(order_view_others):
            purposes.add(f"epoch {k}, {number}", key)
