"""The loop of baking: compile, resume, take steps, and return the plain generator."""

import contextlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.sharding import Mesh
from tqdm import tqdm

from jaxunlearn.baking.folder import BakingFolder
from jaxunlearn.baking.step import BakingStep, Frozen, compiled_step
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.models.adapters import layers_of
from jaxunlearn.models.generator import Generator, merge_generator, split_generator
from jaxunlearn.models.loading import Models
from jaxunlearn.process.arrays import place
from jaxunlearn.process.signals import interruptions
from jaxunlearn.sharding import everywhere
from jaxunlearn.training.callbacks import Divergence, Log, SaveCheckpoints, StopOnSignal
from jaxunlearn.training.step import State
from jaxunlearn.training.storage.checkpoints import Checkpoints
from jaxunlearn.training.storage.metrics_log import forget_after
from jaxunlearn.training.trainer import Callback, Trainer


def train(
    models: Models,
    adapted: Generator,
    ws: np.ndarray,
    config: ConfigDict,
    folder: BakingFolder | None,
    mesh: Mesh | None,
    *,
    progress: bool,
) -> Generator:
    """Train the weights of the plain generator until they render as the adapted one does.

    Args:
      models: networks of the loss, and the unit of distances.
      adapted: the generator with adapters.
      ws: `[N, L, D]`, the forgotten people.
      config: checked.
      folder: locked and begun, and resumed from; None writes nothing.
      mesh: devices that share the latents of a step; None for one.
      progress: True shows a bar.

    Raises:
      Diverged: if the loss is not finite.
      Interrupted: after Ctrl-C or SIGTERM, when the state is saved.
    """
    split = split_generator(layers_of(adapted)[0])
    graph, arrays = nnx.split(adapted)
    step = BakingStep.of(config, split, graph, mesh)
    radius = jnp.float32(config.latents.radius * models.median_radius)
    frozen = Frozen(split.fixed, arrays, models.perception(step.compute.dtype), jnp.asarray(ws), radius)
    begun = step.first_state(split.trainable), frozen, jax.random.key(config.seed)
    state, frozen, key = place(begun, everywhere(mesh))

    def generator(state: State) -> Generator:
        return merge_generator(
            split._replace(trainable=jax.tree.map(jnp.asarray, jax.device_get(state.trainable)))
        )

    with contextlib.ExitStack() as stack:
        checkpoints = None
        if folder is not None:
            checkpoints = stack.enter_context(Checkpoints(folder.checkpoints, keep=1))
            if checkpoints.latest is not None:
                state = checkpoints.restore(state)
        first = int(state.step)
        if folder is not None:
            forget_after(folder.metrics_file, first)
        if first < config.steps:
            advance = compiled_step(step, state, frozen, key)
            received = stack.enter_context(interruptions())
            bar = stack.enter_context(_bar(config.steps, first, progress=progress))
            trainer = Trainer(
                lambda state: advance(state, frozen, key),
                jax.device_get,
                config.log_every,
                lambda state, _: generator(state),
                _callbacks(config, folder, checkpoints, first, received, bar),
            )
            state = trainer.run(state, first, config.steps)
    return generator(state)


def _callbacks(
    config: ConfigDict,
    folder: BakingFolder | None,
    checkpoints: Checkpoints | None,
    first: int,
    received: Any,
    bar: "tqdm[Any]",
) -> list[Callback]:
    """Return what is done besides the steps, in this order."""
    divergence = Divergence(config.log_every, 1, set())
    callbacks: list[Callback] = [
        divergence,
        Log(config.log_every, divergence, folder, bar),
        StopOnSignal(config.log_every, received, first, folder),
    ]
    if checkpoints is not None:
        every = config.checkpoint_every
        callbacks.append(SaveCheckpoints(every, checkpoints, divergence, jax.device_get, lambda state: state))
    return callbacks


def _bar(steps: int, first: int, *, progress: bool) -> "tqdm[Any]":
    return tqdm(
        total=steps, initial=first, unit="step", desc="baking", dynamic_ncols=True, disable=not progress
    )
