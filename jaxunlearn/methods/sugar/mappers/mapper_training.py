"""Train a mapper on few people, with shuffled minibatches and early stopping. `N` people, `B` in a batch."""

import dataclasses
import functools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import NamedSharding

from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.process import arrays

Pytree = Any
Loss = Callable[[Pytree, Pytree, jax.Array, jax.Array], jax.Array]
"""(parameters, context, latents `[B, L, D]`, the epoch's key) → a number.

The context is whatever else the loss needs. Arrays that a compiled function captures would become constants.
"""


@dataclasses.dataclass(frozen=True)
class MapperTraining:
    """Settings of the training of a mapper.

    Attributes:
      epochs: greatest number of epochs.
      batch: people in a minibatch.
      learning_rate: of Adam. The official code multiplies it by `batch` and `accumulate`, see `rate`.
      accumulate: minibatches whose gradients are added up for one step. As in the official code, the first
        minibatch of an epoch has its own step, and the rest at the epoch's end is dropped.
      patience, min_delta: of the early stopping.
      last_batch: the last minibatch, if people do not divide evenly. "filled" fills it up with people of the
        first, so that one program serves all minibatches; "short" is the official code's.
    """

    epochs: int = 50
    batch: int = 4
    learning_rate: float = 2e-4
    accumulate: int = 1
    patience: int = 20
    min_delta: float = 1e-3
    last_batch: str = "filled"

    @property
    def rate(self) -> float:
        """Learning rate that Adam gets."""
        return self.learning_rate * self.accumulate * self.batch

    def batches(self, order: np.ndarray) -> Iterable[np.ndarray]:
        """Yield the indices of one epoch's minibatches."""
        for start in range(0, len(order), self.batch):
            if self.last_batch == "filled":
                yield order[np.arange(start, start + min(self.batch, len(order))) % len(order)]
            else:
                yield order[start : start + self.batch]


class EarlyStopping:
    """Counts epochs whose loss is above the best by more than `min_delta`; a plateau does not count."""

    def __init__(self, patience: int, min_delta: float):
        self._patience, self._min_delta = patience, min_delta
        self._best, self._worse = float("inf"), 0

    def __call__(self, loss: float) -> bool:
        """Return True if training should stop after an epoch with this loss."""
        if loss < self._best:
            self._best, self._worse = loss, 0
        elif loss > self._best + self._min_delta:
            self._worse += 1
        return self._worse >= self._patience


class Trained(NamedTuple):
    """A trained mapper."""

    parameters: Pytree
    losses: tuple[float, ...]
    """Loss of each epoch: the sum over its minibatches, divided by `accumulate` after each one, as the
    official code reports it; with `accumulate` 1 simply the sum."""


def train_mapper(
    loss: Loss,
    parameters: Pytree,
    context: Pytree,
    ws: np.ndarray,
    settings: MapperTraining,
    *,
    key: jax.Array,
    sharding: NamedSharding | None = None,
    orders: Iterable[np.ndarray] | None = None,
    after_epoch: Callable[[int, float], None] | None = None,
) -> Trained:
    """Train until all epochs are over, or the loss was above its best too often, see `EarlyStopping`.

    Args:
      loss: see `Loss`.
      parameters: initial weights, or those of an earlier mapper when people are added.
      context: passed on to the loss.
      ws: `[N, L, D]`.
      settings: settings of the training.
      key: random key of the shuffles and the loss.
      sharding: sharding of all arrays, the same on all devices; None leaves them where they are.
      orders: the shuffles, for tests; None draws them.
      after_epoch: called with the number of epochs done and the epoch's loss.
    """
    optimiser = optax.adam(settings.rate)

    @functools.partial(jax.jit, out_shardings=sharding)
    def measure(parameters: Pytree, context: Pytree, ws: jax.Array, key: jax.Array) -> Any:
        return jax.value_and_grad(loss)(parameters, context, ws, key)

    @functools.partial(jax.jit, out_shardings=sharding)
    def follow(gradient: Pytree, moments: optax.OptState, parameters: Pytree) -> Any:
        updates, moments = optimiser.update(gradient, moments)
        return optax.apply_updates(parameters, updates), moments

    parameters, context, key = arrays.place((parameters, context, key), sharding)
    given = None if orders is None else iter(orders)
    moments, losses = jax.jit(optimiser.init, out_shardings=sharding)(parameters), []
    stop = EarlyStopping(settings.patience, settings.min_delta)
    for epoch in range(settings.epochs):
        order_key, loss_key = jax.random.split(jax.random.fold_in(key, epoch))
        order = np.asarray(jax.random.permutation(order_key, len(ws)) if given is None else next(given))
        running, pending = 0.0, None
        for i, index in enumerate(settings.batches(order)):
            people = arrays.place(jnp.asarray(ws[index]), sharding)
            value, gradient = measure(parameters, context, people, loss_key)
            pending = gradient if pending is None else jax.tree.map(jnp.add, pending, gradient)
            if i == 0 or (i + 1) % settings.accumulate == 0:
                parameters, moments = follow(pending, moments, parameters)
                pending = None
            running = (running + float(value)) / settings.accumulate
        losses.append(running)
        if after_epoch is not None:
            after_epoch(epoch + 1, running)
        if stop(running):
            break
    return Trained(parameters, tuple(losses))


def mapper_training(config: ConfigDict) -> MapperTraining:
    """Return the settings of the mapper's training (`config.surrogates`)."""
    names = (field.name for field in dataclasses.fields(MapperTraining))
    return MapperTraining(**{name: config.surrogates[name] for name in names})
