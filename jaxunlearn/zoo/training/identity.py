"""The loop that makes an identity network: additive angular margin (ArcFace, CVPR 2019) within a batch.

Where ArcFace learns a centre for each person, a person's centre here is another photograph of them, and the
rest of the batch are the other classes: minutes do not suffice for thousands of centres, of which a batch
moves a few. Nothing but photographs and who is in them is used, above all not z.

When done, a run's folder has `identity.safetensors` beside what `workdir` describes.
"""

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
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
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST, MAPPING_VERSION, PhotographRequest
from jaxunlearn.zoo.training.identity_data import (
    Distortion,
    distort,
    draw_pairs,
    identity_photographs,
    to_range,
)
from jaxunlearn.zoo.training.identity_metrics import Verification, verify
from jaxunlearn.zoo.training.workdir import LICENCE, Config, Workdir, config_of, last_state
from torch_bridge.limits import with_tuples

CHUNK = 64


class IdentityState(NamedTuple):
    """All that changes from step to step."""

    parameters: nnx.State
    statistics: nnx.State
    moments: Any
    step: jax.Array


@dataclasses.dataclass(frozen=True)
class IdentityRun:
    """A config, with all that is derived from it once."""

    config: Config
    shape: ArcFaceConfig
    graph: nnx.GraphDef[ArcFace]
    distortion: Distortion
    optimiser: optax.GradientTransformation


def prepare(config: Config) -> IdentityRun:
    """Check a config and build what does not change.

    Raises:
      InputError: if a value is out of range.
    """
    for name in ("steps", "data.people", "data.views", "data.held_out", "batch.people"):
        value = functools.reduce(lambda node, key: node[key], name.split("."), config)
        if value < 1:
            raise InputError(f"config.{name} must be at least 1, not {value}")
    if config.data.held_out < 2 or config.data.views < 2:
        raise InputError("config.data: two people held out and two views of each are the least to compare")
    if config.batch.people > config.data.people:
        raise InputError(f"config.batch.people: there are {config.data.people}, not {config.batch.people}")
    if config.data.first + config.data.people > HELD_OUT_FIRST:
        raise InputError(f"config.data.first: people from number {HELD_OUT_FIRST} on are for measuring")
    try:
        shape = ArcFaceConfig(**with_tuples(config.network.to_dict()))
    except ValueError as error:
        raise InputError(f"config.network: {error}") from error
    peak, warmup = config.rate.peak, int(config.rate.warmup * config.steps)
    schedule = optax.warmup_cosine_decay_schedule(0.0, peak, warmup, config.steps, peak * config.rate.final)
    return IdentityRun(
        config=config,
        shape=shape,
        graph=nnx.graphdef(nnx.eval_shape(lambda: ArcFace(shape, rngs=nnx.Rngs(0)))),
        distortion=Distortion(**config.distortion),
        optimiser=optax.chain(optax.clip_by_global_norm(config.clip), optax.adam(schedule, b2=0.99)),
    )


def initial_state(run: IdentityRun) -> IdentityState:
    """Fresh weights."""
    module = ArcFace(run.shape, rngs=nnx.Rngs(run.config.seed))
    _, parameters, statistics = nnx.split(module, nnx.Param, nnx.BatchStat)
    moments = run.optimiser.init(parameters)
    return IdentityState(parameters, statistics, moments, jnp.zeros((), jnp.int32))


def angular_margin(cosines: jax.Array, margin: jax.Array) -> jax.Array:
    """cos(θ + margin) of the cosines of angles θ; angles that would pass π stay (ArcFace Eq. 3)."""
    sine = jnp.sqrt(jnp.maximum(1 - jnp.square(cosines), 1e-6))
    moved = cosines * jnp.cos(margin) - sine * jnp.sin(margin)
    return jnp.where(cosines > -jnp.cos(margin), moved, cosines)


def pair_loss(
    embedding: jax.Array, scale: float, margin: jax.Array
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Softmax over all other photographs of the batch: which is of the same person?

    Args:
      embedding: `[2 B, E]` unit vectors; row i and row i + B are one person.
      scale: of the cosines, before the softmax.
      margin: radians that are added to the angle between two photographs of one person.

    Returns:
      The mean cross entropy, and what is worth seeing.
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
    """None at first, since an angular margin from the start barely learns; then it rises linearly."""
    share = (step / config.steps - config.margin.start) / (config.margin.full - config.margin.start)
    return config.margin.radians * jnp.clip(share, 0, 1)


def make_step(
    run: IdentityRun,
) -> Callable[[IdentityState, np.ndarray], tuple[IdentityState, dict[str, jax.Array]]]:
    """The compiled step, on pairs of photographs `[2, B, R, R, 3]` uint8."""

    @functools.partial(jax.jit, donate_argnums=0)
    def step(state: IdentityState, pairs: np.ndarray) -> tuple[IdentityState, dict[str, jax.Array]]:
        key = jax.random.fold_in(jax.random.key(run.config.seed), state.step)
        image = distort(to_range(pairs.reshape(-1, *pairs.shape[2:])), key, run.distortion)
        margin = margin_at(state.step, run.config)

        def loss(parameters: nnx.State) -> tuple[jax.Array, tuple[nnx.State, dict[str, jax.Array]]]:
            network = nnx.merge(run.graph, parameters, state.statistics, copy=True)
            embedding = network(image, train=True)  # its statistics move in here
            value, parts = pair_loss(embedding, run.config.scale, margin)
            return value, (nnx.state(network, nnx.BatchStat), parts)

        gradients, (statistics, parts) = jax.grad(loss, has_aux=True)(state.parameters)
        updates, moments = run.optimiser.update(gradients, state.moments)
        parameters = jax.tree.map(jnp.add, state.parameters, updates)
        return IdentityState(parameters, statistics, moments, state.step + 1), parts

    return step


@jax.jit
def _embed(network: IdentityNetwork, image: jax.Array) -> jax.Array:
    return network.embed(to_range(image))


def embed_photographs(network: IdentityNetwork, images: np.ndarray) -> np.ndarray:
    """Embeddings `[N, V, E]` of images `[N, V, R, R, 3]` uint8."""
    rows = images.reshape(-1, *images.shape[2:])
    blocks = []
    for start in range(0, len(rows), CHUNK):
        block = np.arange(start, start + CHUNK).clip(max=len(rows) - 1)  # one compiled shape
        blocks.append(np.asarray(_embed(network, rows[block]))[: len(rows) - start])
    return np.concatenate(blocks).reshape(*images.shape[:2], -1)


def photographs_of(run: IdentityRun, *, held_out: bool) -> np.ndarray:
    """The people to learn from, or those to test on; rendered once and kept in `config.data.folder`."""
    data = run.config.data
    request = PhotographRequest(
        "identity",
        people=data.held_out if held_out else data.people,
        views=data.views,
        resolution=run.shape.input_size,
        seed=data.seed,
        first=HELD_OUT_FIRST if held_out else data.first,
    )
    return identity_photographs(
        request, workers=data.workers, folder=Path(data.folder) if data.folder else None
    )


def network_of(run: IdentityRun, state: IdentityState, threshold: float | None = None) -> IdentityNetwork:
    """What was learned."""
    module = nnx.merge(run.graph, state.parameters, state.statistics, copy=True)
    return identity_network(module, name=run.config.name, threshold=threshold, framing="whole")


def measured(
    run: IdentityRun, state: IdentityState, held_out: np.ndarray
) -> tuple[IdentityNetwork, Verification]:
    """The network, with its threshold, and its figures on people it never saw."""
    network = network_of(run, state)
    figures = verify(embed_photographs(network, held_out))
    return dataclasses.replace(network, threshold=figures.threshold), figures


def figures_of(figures: Verification) -> dict[str, float]:
    """For metrics and headers."""
    return {name: round(value, 4) for name, value in dataclasses.asdict(figures).items()}


def notes(run: IdentityRun, state: IdentityState, seconds: float, figures: Verification) -> dict[str, str]:
    """What the header of a network's file says besides its config, name and threshold."""
    data = run.config.data
    return {
        "licence": LICENCE,
        "made_by": "tools/train_identity.py",
        "people": f"jaxunlearn.heads, mapping version {MAPPING_VERSION}, scenario identity, "
        f"seed {data.seed}, numbers {data.first} to {data.first + data.people - 1}",
        "seed": str(run.config.seed),
        "steps": str(int(state.step)),
        "seconds": str(round(seconds)),
        "held_out": json.dumps(figures_of(figures)),
    }


def export(workdir: Path, path: Path) -> Verification:
    """Write the network of a run's last checkpoint in half precision.

    Raises:
      InputError: if `workdir` is not the folder of a run.
    """
    run = prepare(config_of(workdir, "tools/train_identity.py"))
    state, seconds = last_state(workdir, initial_state(run))
    network, figures = measured(run, state, photographs_of(run, held_out=True))
    save_identity(network, path, notes(run, state, seconds, figures), dtype="float16")
    return figures


def train(config: Config, workdir: Path) -> dict[str, float]:
    """Train, or go on with what is in `workdir`.

    Args:
      config: as `configs/train_identity.py` returns.
      workdir: the run's folder.

    Returns:
      `Verification` on the people held out.

    Raises:
      InputError: if config and folder do not fit.
      FloatingPointError: if the loss is no longer finite; the checkpoint before stays.
    """
    run = prepare(config)
    folder = Workdir(workdir, config, initial_state(run))
    images, held_out = (photographs_of(run, held_out=which) for which in (False, True))
    step = make_step(run)

    def advance(state: IdentityState, number: int) -> tuple[IdentityState, Mapping[str, Any]]:
        return step(state, draw_pairs(images, people=config.batch.people, seed=config.seed, number=number))

    def look(state: IdentityState) -> Mapping[str, Any]:
        return figures_of(measured(run, state, held_out[: config.evaluate_people])[1])

    def shown(numbers: Mapping[str, Any]) -> dict[str, str]:
        return {"loss": f"{numbers['loss']:.2f}", "accuracy": f"{numbers['accuracy']:.2f}"}

    folder.train(config.steps, advance, evaluate=look, shown=shown)
    network, figures = measured(run, folder.state, held_out)
    about = notes(run, folder.state, folder.seconds, figures)
    save_identity(network, workdir / "identity.safetensors", about)
    folder.report({"held_out": figures_of(figures)})
    return figures_of(figures)
