"""Measure the Fisher of a generator around the people to forget (SUGAR Eq. 6 and 7)."""

import dataclasses
import functools
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax.sharding import Mesh, PartitionSpec
from tqdm import tqdm

from eg3d_flax import Compute
from eg3d_flax.synthesis import NoiseMode
from jaxunlearn.errors import InputError
from jaxunlearn.methods import ewc, latents
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.config.from_config import compute as compute_of
from jaxunlearn.methods.config.from_config import unit_length
from jaxunlearn.methods.latents import NormOver
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import Generator, SplitGenerator, merge_generator
from jaxunlearn.process import arrays
from jaxunlearn.sharding import SAMPLE, everywhere

Pytree = Any
Estimator = Literal["gauss-newton", "official", "official-still"]
_AT_ONCE = 8
"""Probes of a device between two moves of the progress bar."""


@dataclasses.dataclass(frozen=True)
class FisherSettings:
    """How the Fisher is measured.

    Attributes:
      estimator: "gauss-newton" squares gradients of random projections of the outputs; it works where the
        official loss has no gradient. "official" squares gradients of the distance between generator and
        source, and takes a step away after each probe. "official-still" takes no steps.
      output: the output that should stay: "planes", or the frontal "image". The official estimators know
        planes only.
      probes: number of probes around each person.
      radius: radius of the shell of probes.
      centre: centre of the shell, the "person" as in the paper, or the "mean" as in the official code.
      norm_over: see `latents.vicinity_probes`.
      weight: weight of the planes' distance in the official loss.
      learning_rate: learning rate of the official steps, by Adam.
      perturbation: random change of the weights before an official estimate, in their standard deviations.
        With 0, only random synthesis noise tells the two generators apart.
      noise_mode: noise of the synthesis network.
      compute: dtype and forms of computation.
    """

    estimator: Estimator = "gauss-newton"
    output: Literal["planes", "image"] = "planes"
    probes: int = 2
    radius: float = 40.0
    centre: Literal["person", "mean"] = "person"
    norm_over: NormOver = "sample"
    weight: float = 0.01
    learning_rate: float = 2e-4
    perturbation: float = 0.0
    noise_mode: NoiseMode = "const"
    compute: Compute = dataclasses.field(default_factory=Compute)


class _Static(NamedTuple):
    graphdef: nnx.GraphDef
    settings: FisherSettings
    mesh: Mesh | None


class _Context(NamedTuple):
    source: Pytree
    fixed: Pytree


def probes_around(
    generator: Generator,
    ws: np.ndarray,
    w_avg: jax.Array,
    settings: FisherSettings,
    key: jax.Array,
) -> jax.Array:
    """Return probes `[N · probes, L, D]` around people `[N, L, D]`; they depend on a person's number only."""
    config = generator.config
    centre = None if settings.centre == "person" else w_avg

    def draw(number: jax.Array) -> jax.Array:
        return jax.random.normal(jax.random.fold_in(key, number), (settings.probes, config.z_dim))

    z = jax.vmap(draw)(jnp.arange(len(ws))).reshape(-1, config.z_dim)
    mapped = generator.mapping(z, conditioning_view(config, len(z))).reshape(len(ws), -1, *ws.shape[1:])
    around = functools.partial(latents.vicinity_probes, centre=centre, norm_over=settings.norm_over)
    probes = jax.vmap(around, (0, 0, None))(jnp.asarray(ws), mapped, settings.radius)
    return probes.reshape(-1, *ws.shape[1:])


def measure_fisher(
    split: SplitGenerator,
    source: Pytree,
    ws: np.ndarray,
    w_avg: jax.Array,
    settings: FisherSettings,
    key: jax.Array,
    mesh: Mesh | None = None,
    *,
    progress: bool = True,
) -> Pytree:
    """Measure the Fisher of each trainable parameter.

    Args:
      split: the generator that is about to forget.
      source: trainable parameters of the source; the official estimators compare with it.
      ws: `[N, L, D]`, the people.
      w_avg: the mean latent.
      settings: settings of the measurement.
      key: random key of probes, projections and noise.
      mesh: its axis "sample" divides the probes; None uses one device. The "official" estimator divides
        nothing, since its probes follow each other.
      progress: True shows a bar.

    Raises:
      InputError: if the Fisher is zero or not finite.
    """
    probes_key, shuffle_key, start_key, visits_key = jax.random.split(key, 4)
    probes = probes_around(merge_generator(split), ws, w_avg, settings, probes_key)
    probes = jax.random.permutation(shuffle_key, probes)
    parameters = split.trainable
    if settings.estimator != "gauss-newton" and settings.perturbation:
        parameters = _perturbed(parameters, settings.perturbation, start_key)
    keys = jax.random.split(visits_key, len(probes))
    context = _Context(source, split.fixed)
    if settings.estimator == "official":
        fisher = _estimate(_Static(split.graphdef, settings, None), parameters, context, probes, keys)
    else:
        static = _Static(split.graphdef, settings, mesh)
        fisher = _in_groups(static, parameters, context, probes, keys, progress=progress)
    fisher = arrays.from_leader(fisher)
    top = ewc.largest(fisher)
    if not np.isfinite(top):
        raise InputError("the Fisher is not finite; config.ewc.radius may be too large")
    if not top:
        raise InputError(
            "the Fisher is zero: equal generators agree perfectly, so nothing seems to matter; "
            'choose config.ewc.fisher = "gauss-newton", or a config.ewc.perturbation above 0'
        )
    return fisher


def _perturbed(parameters: Pytree, scale: float, key: jax.Array) -> Pytree:
    leaves, structure = jax.tree.flatten(parameters)
    keys = jax.random.split(key, len(leaves))
    moved = [
        leaf + scale * jnp.std(leaf) * jax.random.normal(k, leaf.shape)
        for leaf, k in zip(leaves, keys, strict=True)
    ]
    return jax.tree.unflatten(structure, moved)


def _in_groups(
    static: _Static,
    parameters: Pytree,
    context: _Context,
    probes: jax.Array,
    keys: jax.Array,
    *,
    progress: bool,
) -> Pytree:
    """The mean over all probes, in groups; the last group is filled up with probes of weight 0."""
    count, mesh = len(probes), static.mesh
    devices = 1 if mesh is None else mesh.shape[SAMPLE]
    size = devices * min(_AT_ONCE, -(-count // devices))

    parameters, context = arrays.place((parameters, context), everywhere(mesh))
    fisher = jax.tree.map(jnp.zeros_like, parameters)
    with tqdm(total=count, desc="Fisher", unit="probe", disable=not progress) as bar:
        for first in range(0, count, size):
            numbers = jnp.arange(first, first + size)
            weights, rows = jnp.where(numbers < count, 1 / count, 0), jnp.minimum(numbers, count - 1)
            group = arrays.place((probes[rows], keys[rows], weights), everywhere(mesh))
            added = _estimate(static, parameters, context, *group)
            fisher = jax.block_until_ready(jax.tree.map(jnp.add, fisher, added))
            bar.update(min(size, count - first))
    return jax.tree.map(jnp.asarray, arrays.whole(fisher))


@functools.partial(jax.jit, static_argnums=0)
def _estimate(
    static: _Static,
    parameters: Pytree,
    context: _Context,
    probes: jax.Array,
    keys: jax.Array,
    weights: jax.Array | None = None,
) -> Pytree:
    """Contribution of a group of probes to the Fisher; without weights, their mean."""
    settings, mesh = static.settings, static.mesh

    def planes(parameters: Pytree, context: _Context, ws: jax.Array, key: jax.Array) -> Any:
        generator = nnx.merge(static.graphdef, parameters, context.fixed)
        noise = key if settings.noise_mode == "random" else None
        return generator, generator.planes(ws, settings.noise_mode, key=noise, compute=settings.compute)

    def projected(parameters: Pytree, context: _Context, probe: jax.Array, key: jax.Array) -> jax.Array:
        noise_key, direction_key = jax.random.split(key)
        generator, outputs = planes(parameters, context, probe[None], noise_key)
        if settings.output == "image":
            c = conditioning_view(generator.config)
            outputs = generator.render(outputs, probe[None], c, compute=settings.compute).image
        return ewc.projection(outputs, direction_key)

    def agreement(parameters: Pytree, context: _Context, probe: jax.Array, key: jax.Array) -> jax.Array:
        own_key, source_key = jax.random.split(key)
        _, ours = planes(parameters, context, probe[None], own_key)
        _, wanted = planes(context.source, context, probe[None], source_key)
        return -settings.weight * jnp.mean(jnp.square(ours - wanted))

    loss = projected if settings.estimator == "gauss-newton" else agreement
    optimiser = optax.adam(settings.learning_rate) if settings.estimator == "official" else None

    def visit(
        parameters: Pytree, context: _Context, probes: jax.Array, keys: jax.Array, weights: jax.Array | None
    ) -> Pytree:
        return ewc.diagonal_fisher(loss, parameters, context, probes, keys, optimiser, weights).fisher

    if mesh is None:
        return visit(parameters, context, probes, keys, weights)

    def share(*arguments: Any) -> Pytree:
        return jax.lax.psum(visit(*arguments), SAMPLE)

    same, each = PartitionSpec(), PartitionSpec(SAMPLE)
    shared = jax.shard_map(
        share, mesh=mesh, in_specs=(same, same, each, each, each), out_specs=same, check_vma=False
    )
    return shared(parameters, context, probes, keys, weights)


def fisher_settings(config: ConfigDict, median_radius: float) -> FisherSettings:
    """Return how SUGAR measures the Fisher (`config.ewc`)."""
    chosen = config.ewc
    return FisherSettings(
        estimator=chosen.fisher,
        output=chosen.output,
        probes=chosen.probes,
        radius=chosen.radius * unit_length(config, median_radius),
        centre=chosen.centre,
        norm_over=chosen.norm_over,
        weight=chosen.planes,
        learning_rate=chosen.learning_rate,
        perturbation=chosen.perturbation,
        noise_mode=config.rendering.noise_mode,
        compute=compute_of(config),
    )
