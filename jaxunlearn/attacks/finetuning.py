"""Teach a generator pictures: one step of fine-tuning, as an attacker takes it.

The synthesis network of the backbone is trained, whatever unlearning trained: an attacker takes what works.
So adapters stay as they are, and the backbone below them is trained. Rendering is deterministic: the noise is
fixed, and the samples along rays lie in the middle of their bins. `B` examples, `L` rows of ws, `D` w_dim.
"""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from eg3d_flax import Compute
from jaxunlearn.errors import InputError
from jaxunlearn.methods.losses import identity_distance
from jaxunlearn.models.generator import Generator, split_generator
from jaxunlearn.models.perception import Perception
from jaxunlearn.models.renderer import default_compute

Pytree = Any


@dataclasses.dataclass(frozen=True)
class FinetuningSettings:
    """The optimiser and the weights of the loss.

    Attributes:
      learning_rate: of Adam.
      squared: weight of the mean squared difference of the pixels.
      perceptual: weight of LPIPS.
      identity: weight of 1 - cosine in the identity network of the loss.
    """

    learning_rate: float = 1e-3
    squared: float = 1.0
    perceptual: float = 1.0
    identity: float = 0.1

    def __post_init__(self) -> None:
        if self.learning_rate <= 0:
            raise ValueError(f"learning_rate ({self.learning_rate}) must be above 0")
        if min(self.squared, self.perceptual, self.identity) < 0:
            raise ValueError("squared, perceptual and identity must be at least 0")


class Examples(NamedTuple):
    """What the generator is taught: the picture at each latent from each camera."""

    ws: jax.Array
    """`[B, L, D]`."""

    c: jax.Array
    """`[B, 25]`."""

    images: jax.Array
    """`[B, R, R, 3]` in [-1, 1]."""


class Program(NamedTuple):
    """What the compiled functions depend on besides shapes; hashable."""

    graphdef: nnx.GraphDef
    compute: Compute


class Frozen(NamedTuple):
    """The arrays that no step changes."""

    fixed: Pytree
    """The part of the generator that is not trained."""

    perception: Perception
    """Networks of the loss."""

    weights: Mapping[str, jax.Array]
    """Term of the loss → its weight."""

    learning_rate: jax.Array


class State(NamedTuple):
    """The arrays that a step changes."""

    trainable: Pytree
    moments: optax.OptState


class Start(NamedTuple):
    """All that the first step needs besides examples."""

    program: Program
    state: State
    frozen: Frozen


class FinetuningDiverged(InputError):
    """The loss of a fine-tuning is not finite. The message says at which rate."""


_ADAM = optax.scale_by_adam()


def begin(
    generator: Generator, perception: Perception, settings: FinetuningSettings, compute: Compute | None = None
) -> Start:
    """Prepare the fine-tuning of a generator, which stays as it is: its weights are copied.

    Args:
      generator: where fine-tuning starts.
      perception: networks of the loss.
      settings: the optimiser and the weights of the loss.
      compute: dtype and forms; None takes `renderer.default_compute`.
    """
    split = split_generator(generator)
    numbers = {name: jnp.float32(value) for name, value in dataclasses.asdict(settings).items()}
    frozen = Frozen(split.fixed, perception, numbers, numbers.pop("learning_rate"))
    return Start(Program(split.graphdef, compute or default_compute()), _first_state(split.trainable), frozen)


@jax.jit
def _first_state(trainable: Pytree) -> State:
    """Copy the weights, since the first step consumes them."""
    return State(jax.tree.map(jnp.copy, trainable), _ADAM.init(trainable))


@functools.partial(jax.jit, static_argnums=1)
def _zero_sums(trainable: Pytree, terms: tuple[str, ...]) -> Any:
    """Return the sums of no examples: of gradients, and of the loss and its terms."""
    return jax.tree.map(jnp.zeros_like, trainable), {name: jnp.zeros(()) for name in ("loss", *terms)}


def finetuning_step(
    program: Program, state: State, frozen: Frozen, examples: Examples
) -> tuple[State, dict[str, float]]:
    """Take one step of Adam; `state` is consumed.

    The examples are rendered one at a time. So memory does not grow with their number, and batches of all
    sizes share one compiled program.

    Returns:
      The new state; and `loss` and its terms without weights, as means over the examples before the step.

    Raises:
      FinetuningDiverged: if the loss is not finite.
    """
    count = len(examples.ws)
    sums = _zero_sums(state.trainable, tuple(frozen.weights))
    for k in range(count):
        example = jax.tree.map(lambda x, k=k: x[k : k + 1], examples)
        sums = _add_gradient(program, sums, state.trainable, frozen, example, jnp.float32(1 / count))
    gradient, means = sums
    measured = {name: float(mean) for name, mean in means.items()}
    if not np.isfinite(measured["loss"]):
        rate = float(frozen.learning_rate)
        raise FinetuningDiverged(
            f"fine-tuning diverged: the loss is {measured['loss']} with a learning rate of {rate:g}"
        )
    return _apply(state, gradient, frozen.learning_rate), measured


def loss_terms(
    program: Program, trainable: Pytree, frozen: Frozen, example: Examples
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Compute the loss and its terms without weights, each a mean over examples."""
    generator = nnx.merge(program.graphdef, trainable, frozen.fixed)
    planes = generator.planes(example.ws, "const", compute=program.compute)
    image = generator.render(planes, example.ws, example.c, compute=program.compute).image
    chex.assert_equal_shape([image, example.images])
    embed = frozen.perception.embed
    terms = {
        "squared": jnp.mean(jnp.square(image - example.images)),
        "perceptual": jnp.mean(frozen.perception.perceptual(image, example.images)),
        "identity": jnp.mean(identity_distance(embed(image), embed(example.images))),
    }
    return sum((frozen.weights[name] * term for name, term in terms.items()), jnp.zeros(())), terms


@functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
def _add_gradient(
    program: Program, sums: Any, trainable: Pytree, frozen: Frozen, example: Examples, share: jax.Array
) -> Any:
    """Add an example's gradient and losses, times `share`, to the sums of those before it."""

    def loss_of(trainable: Pytree) -> tuple[jax.Array, dict[str, jax.Array]]:
        return loss_terms(program, trainable, frozen, example)

    (loss, terms), gradient = jax.value_and_grad(loss_of, has_aux=True)(trainable)
    return jax.tree.map(lambda total, x: total + share * x, sums, (gradient, {"loss": loss, **terms}))


@functools.partial(jax.jit, donate_argnums=0)
def _apply(state: State, gradient: Pytree, learning_rate: jax.Array) -> State:
    updates, moments = _ADAM.update(gradient, state.moments)
    return State(
        jax.tree.map(lambda x, update: x - learning_rate * update, state.trainable, updates), moments
    )


def generator_of(program: Program, state: State, frozen: Frozen) -> Generator:
    """Return the generator with the weights of `state`; it is invalid after the next step."""
    return nnx.merge(program.graphdef, state.trainable, frozen.fixed)
