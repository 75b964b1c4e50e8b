"""The task of training an identity network: additive angular margin (ArcFace, CVPR 2019) within a batch.

ArcFace learns a centre for each person. Here a person's centre is another photograph of them, and the rest of
the batch are the other classes: in minutes thousands of centres cannot be learned, since a batch moves only a
few. The network sees photographs and who is in them; it never sees z.
"""

import contextlib
import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from arcface_flax import ArcFace, ArcFaceConfig
from jaxunlearn.errors import InputError
from jaxunlearn.models.identity import IdentityNetwork, identity_network, save_identity
from jaxunlearn.zoo.metrics.identity_metrics import embed_photographs, figures_of, verify
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST, PhotographRequest
from jaxunlearn.zoo.synthetic.scenarios import SCENARIOS
from jaxunlearn.zoo.training.identity_data import (
    Distortion,
    distort,
    draw_pairs,
    identity_photographs,
    to_range,
)
from jaxunlearn.zoo.training.optimizer import rising_cosine
from jaxunlearn.zoo.training.trainer import (
    Config,
    Figures,
    Numbers,
    check_batch,
    check_least,
    header_of,
    photographs_folder,
)
from torch_bridge.limits import with_tuples


class IdentityState(NamedTuple):
    """Everything that changes from step to step."""

    parameters: nnx.State
    statistics: nnx.State
    moments: Any
    step: jax.Array


Step = Callable[[IdentityState, np.ndarray], tuple[IdentityState, dict[str, jax.Array]]]
"""A compiled step: state and photographs `[2, B, R, R, 3]` uint8 → next state and what is logged."""


class IdentityTask:
    """An identity network to train on photographs of rendered people; see `trainer.Task`."""

    file = "identity.safetensors"
    lengths = ("steps",)

    def __init__(self, config: Config):
        """Check a config and build what does not change.

        Raises:
          InputError: if a value is out of range.
        """
        _check_settings(config)
        try:
            shape = ArcFaceConfig(**with_tuples(config.network.to_dict()))
        except ValueError as error:
            raise InputError(f"config.network: {error}") from error
        schedule = rising_cosine(config.rate, config.steps)
        self.config = config
        self._shape = shape
        self._graph = nnx.graphdef(nnx.eval_shape(lambda: ArcFace(shape, rngs=nnx.Rngs(0))))
        self._distortion = Distortion(**config.distortion)
        self._optimiser = optax.chain(optax.clip_by_global_norm(config.clip), optax.adam(schedule, b2=0.99))
        self._step = self._make_step()

    @property
    def steps(self) -> int:
        """Number of steps."""
        return self.config.steps

    def initial_state(self) -> IdentityState:
        """Return the initial weights, drawn from `config.seed`."""
        module = ArcFace(self._shape, rngs=nnx.Rngs(self.config.seed))
        _, parameters, statistics = nnx.split(module, nnx.Param, nnx.BatchStat)
        moments = self._optimiser.init(parameters)
        return IdentityState(parameters, statistics, moments, jnp.zeros((), jnp.int32))

    @contextlib.contextmanager
    def batches(self) -> Iterator[Callable[[int], np.ndarray]]:
        """Photograph the people to learn from; yield a function from a step's number to its batch."""
        images = self._photographs(held_out=False)
        people, seed = self.config.batch.people, self.config.seed
        yield lambda number: draw_pairs(images, people=people, seed=seed, number=number)

    def held_out(self) -> np.ndarray:
        """Photograph the people to evaluate on: `[N, V, R, R, 3]` uint8."""
        return self._photographs(held_out=True)

    def step(self, state: IdentityState, batch: np.ndarray, number: int) -> tuple[IdentityState, Numbers]:
        """Take a step; the state's arrays are donated."""
        del number  # the state counts
        return self._step(state, batch)

    def bar_texts(self, numbers: Numbers) -> dict[str, str]:
        """Return the loss, and how often the nearest photograph is of the same person."""
        return {"loss": f"{numbers['loss']:.2f}", "accuracy": f"{numbers['accuracy']:.2f}"}

    def evaluate(self, state: IdentityState, held_out: np.ndarray, *, people: int | None = None) -> Figures:
        """Return the figures of `identity_metrics.Verification`."""
        return figures_of(verify(embed_photographs(self.network(state), held_out[:people])))

    def picture(self, state: IdentityState, held_out: np.ndarray) -> None:
        """Draw nothing: the network makes no images."""
        del state, held_out

    def save(
        self, state: IdentityState, path: Path, figures: Figures, seconds: float, *, dtype: str = "float32"
    ) -> None:
        """Write the network with the threshold that was found on held-out people."""
        data = self.config.data
        numbers = f"numbers {data.first} to {data.first + data.people - 1}"
        people = (f"scenario {data.scenario}", f"seed {data.seed}", numbers)
        header = {
            **header_of(self.config, state, seconds, *people),
            "held_out": json.dumps(figures),
        }
        save_identity(self.network(state, figures["threshold"]), path, header, dtype=dtype)

    def network(self, state: IdentityState, threshold: float | None = None) -> IdentityNetwork:
        """Return the network of a state."""
        module = nnx.merge(self._graph, state.parameters, state.statistics, copy=True)
        return identity_network(module, name=self.config.name, threshold=threshold, framing="whole")

    def _make_step(self) -> Step:
        @functools.partial(jax.jit, donate_argnums=0)
        def step(state: IdentityState, pairs: np.ndarray) -> tuple[IdentityState, dict[str, jax.Array]]:
            key = jax.random.fold_in(jax.random.key(self.config.seed), state.step)
            image = distort(to_range(pairs.reshape(-1, *pairs.shape[2:])), key, self._distortion)
            margin = margin_at(state.step, self.config)

            def loss(parameters: nnx.State) -> tuple[jax.Array, tuple[nnx.State, dict[str, jax.Array]]]:
                network = nnx.merge(self._graph, parameters, state.statistics, copy=True)
                embedding = network(image, train=True)  # this moves its statistics
                value, parts = pair_loss(embedding, self.config.scale, margin)
                return value, (nnx.state(network, nnx.BatchStat), parts)

            gradients, (statistics, parts) = jax.grad(loss, has_aux=True)(state.parameters)
            updates, moments = self._optimiser.update(gradients, state.moments)
            parameters = jax.tree.map(jnp.add, state.parameters, updates)
            return IdentityState(parameters, statistics, moments, state.step + 1), parts

        return step

    def _photographs(self, *, held_out: bool) -> np.ndarray:
        """Photograph people; photographs are kept in `config.data.folder`."""
        data = self.config.data
        request = PhotographRequest(
            data.scenario,
            people=data.held_out if held_out else data.people,
            views=data.views,
            resolution=self._shape.input_size,
            seed=data.seed,
            first=HELD_OUT_FIRST if held_out else data.first,
        )
        return identity_photographs(request, workers=data.workers, folder=photographs_folder(data))


def _check_settings(config: Config) -> None:
    """Refuse an unknown scenario, and numbers that cannot be trained or evaluated with."""
    check_least(config, {"steps": 1, "data.people": 1, "batch.people": 1})
    check_least(config, dict.fromkeys(("data.views", "data.held_out", "evaluate_people"), 2))  # for pairs
    if config.data.scenario not in SCENARIOS:
        raise InputError(
            f"config.data.scenario is {config.data.scenario!r}; choose from {', '.join(SCENARIOS)}"
        )
    check_batch(config)
    if config.data.first + config.data.people > HELD_OUT_FIRST:
        raise InputError(f"config.data.first: people from number {HELD_OUT_FIRST} on are for evaluation")


def angular_margin(cosines: jax.Array, margin: jax.Array) -> jax.Array:
    """Return cos(θ + margin) `[...]` for cosines `[...]` of angles θ; those beyond π - margin stay.

    This is Eq. 3 of ArcFace. `margin` is a scalar in radians.
    """
    sine = jnp.sqrt(jnp.maximum(1 - jnp.square(cosines), 1e-6))
    moved = cosines * jnp.cos(margin) - sine * jnp.sin(margin)
    return jnp.where(cosines > -jnp.cos(margin), moved, cosines)


def pair_loss(
    embedding: jax.Array, scale: float, margin: jax.Array
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Return the loss of finding the photograph of the same person among all others of the batch.

    Args:
      embedding: `[2 B, E]` unit vectors; rows i and i + B are one person.
      scale: factor of the cosines before the softmax.
      margin: radians added to the angle between two photographs of one person.

    Returns:
      The mean cross entropy, and what is logged.
    """
    count = len(embedding)
    partner = (jnp.arange(count) + count // 2) % count
    cosines = embedding @ embedding.T
    own = jnp.arange(count) == partner[:, None]
    logits = scale * jnp.where(own, angular_margin(cosines, margin), cosines)
    logits = jnp.where(jnp.eye(count, dtype=bool), -jnp.inf, logits)
    loss = optax.softmax_cross_entropy_with_integer_labels(logits, partner).mean()
    nearest = jnp.where(jnp.eye(count, dtype=bool), -jnp.inf, cosines).argmax(1)
    cosine = jnp.sum(jnp.where(own, cosines, 0)) / count
    return loss, {"loss": loss, "accuracy": jnp.mean(nearest == partner), "cosine": cosine}


def margin_at(step: jax.Array, config: Config) -> jax.Array:
    """Return the margin in radians: 0 at first, then a linear rise.

    With an angular margin from the first step the network barely learns.
    """
    share = (step / config.steps - config.margin.start) / (config.margin.full - config.margin.start)
    return config.margin.radians * jnp.clip(share, 0, 1)
